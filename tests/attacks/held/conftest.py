"""Functions whose passwords are marked, for attacks that look for them."""

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lab.engines import kit_of
from lab.pairing import PAIRINGS
from lab.servers import DatabaseServer, Login
from tests.attacks.held.marks import MARKING
from tests.attacks.held.tainted import MakeTainted, Tainted
from tests.fixtures.deployed import Deploy
from tests.fixtures.event_bus import EventBus


@pytest.fixture
def make_tainted(deploy: Deploy, event_bus: EventBus, tmp_path: Path, unique_name: Callable[..., str]) -> MakeTainted:
    """Make a function whose passwords are marked: ``make_tainted(server, "single_user", views)``."""
    variables = {"ROTATION_EVENTS": "true", "EVENTS_ENDPOINT": event_bus.url, "TMPDIR": str(tmp_path), **MARKING}

    def make(server: DatabaseServer, strategy: str, views: Sequence[str]) -> Tainted:
        application = deploy(PAIRINGS[f"{kit_of(server)}_{strategy}"], server=server, variables=variables)
        powerless = Login(unique_name("boss"), secrets.token_urlsafe())
        application.user.administrate(*application.user.kit.create_superuser(powerless, ()))
        return Tainted(application, powerless, event_bus, tmp_path, views)

    return make
