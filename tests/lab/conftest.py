"""Fixtures for the tests of the lab's servers, and of what stands in front of them."""

from collections.abc import Callable, Iterator

import pytest

from lab.application_user import ApplicationUser, create_application_user
from lab.engines import tapped
from lab.servers import DatabaseServer
from lab.tap import Tap
from tests.lab.helpers import SOURCES, source_id, start


@pytest.fixture(scope="module", params=SOURCES, ids=source_id)
def own_server(request: pytest.FixtureRequest) -> Iterator[DatabaseServer]:
    """Start a server that the tests of this module may change; each leaves it as it was."""
    kit, source = request.param
    with pytest.MonkeyPatch.context() as environment:
        if source:
            environment.setenv(kit.choice_variable, source)
        with start(kit) as server:
            yield server


@pytest.fixture
def tap(either_engine: DatabaseServer) -> Iterator[Tap]:
    """A tap in front of one server of each engine."""
    with tapped(either_engine) as tap:
        yield tap


@pytest.fixture
def user(either_engine: DatabaseServer, tap: Tap, unique_name: Callable[..., str]) -> ApplicationUser:
    """A user whose secret leads through the tap."""
    return create_application_user(either_engine, tap, unique_name())
