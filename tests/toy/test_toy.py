"""A new engine keeps the contract and rotates, with the fixtures as they are: docs/adding-an-engine.md is true.

The tests are those of the other engines. What they run on is overridden below.
"""

from collections.abc import Iterator

import pytest

from lab.engines import KITS, kit_of_server_name
from lab.servers import DatabaseServer
from tests.engines.conftest import subject  # noqa: F401 - a fixture
from tests.engines.test_contract import *  # noqa: F403 - all of it
from tests.rotation.test_rotation import (  # noqa: F401 - collected here once more
    test_a_password_that_fails_its_test_is_not_promoted,
    test_a_rotation_keeps_its_budget,
    test_alternating_users_take_turns,
    test_rotations_follow_each_other,
    test_sessions_of_the_application_survive,
    test_the_current_password_works_before_finish,
    test_the_old_password_after_a_single_user_rotation,
    test_the_single_user_stays_the_same,
)
from tests.toy.kit import ToyKit


@pytest.fixture
def database() -> Iterator[DatabaseServer]:
    """A server of the toy, whose kit is among the others meanwhile, as started by its name in a pool."""
    KITS.append(ToyKit())
    try:
        with kit_of_server_name("toy").start("toy") as server:
            yield server
    finally:
        KITS.pop()
