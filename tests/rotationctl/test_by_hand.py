"""What is known of each engine without its driver is what the engine says of itself."""

import pytest

from lab.engines import KITS, Kit
from rotationctl.by_hand import by_hand, engine_of


@pytest.mark.parametrize("kit", KITS, ids=str)
def test_it_agrees_with_the_engine(kit: Kit) -> None:
    """What it is called, and whether an old password stays valid, which decides how long a password lives."""
    known = by_hand(kit.name)
    assert kit.engine.keeps_old_password == known.KEEPS_OLD_PASSWORD
    assert kit.engine.secret_format.engine_names == known.ENGINES
    assert [engine_of(name) for name in known.ENGINES] == [(kit.name, known)] * len(known.ENGINES)
    assert engine_of("oracle-ee") is None
