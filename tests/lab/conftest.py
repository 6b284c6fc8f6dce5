"""Fixtures for the tests of the lab's servers, and of what stands in front of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.application_user import create_application_user
from lab.tap import Tap
from tests.lab.helpers import start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.application_user import ApplicationUser
    from lab.servers import DatabaseServer


@pytest.fixture(scope="module", params=["postgres", "mysql"])
def own_server(request: pytest.FixtureRequest) -> Iterator[DatabaseServer]:
    """Start a server that the tests of this module may change; each leaves it as it was."""
    with start(request.param) as server:
        yield server


@pytest.fixture
def tap(either_engine: DatabaseServer) -> Iterator[Tap]:
    """A tap in front of one server of each engine."""
    with Tap(either_engine) as tap:
        yield tap


@pytest.fixture
def user(either_engine: DatabaseServer, tap: Tap, unique_name: Callable[..., str]) -> ApplicationUser:
    """A user whose secret leads through the tap."""
    return create_application_user(either_engine, tap, unique_name())
