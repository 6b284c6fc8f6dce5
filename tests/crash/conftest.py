"""One workshop for all tests of a process."""

from collections.abc import Iterator

import pytest

from lab.crash.workshop import Workshop
from lab.engines import KITS
from tests.fixtures.databases import newest_database_name
from tests.fixtures.servers import server_called

SERVERS = tuple(map(newest_database_name, KITS))
"""The newest of each engine."""


@pytest.fixture(scope="session")
def workshop(request: pytest.FixtureRequest) -> Iterator[Workshop]:
    """The process's workshop."""
    with Workshop(lambda name: server_called(request.config, name)) as workshop:
        yield workshop
