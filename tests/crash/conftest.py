"""One workshop for all tests of a process."""

from collections.abc import Iterator

import pytest

from lab.crash.workshop import Workshop
from tests.fixtures.servers import chosen_majors, server_called

SERVERS = (f"postgres{max(chosen_majors())}", "mysql")
"""One PostgreSQL, and MySQL."""


@pytest.fixture(scope="session")
def workshop(request: pytest.FixtureRequest) -> Iterator[Workshop]:
    """The process's workshop."""
    with Workshop(lambda name: server_called(request.config, name)) as workshop:
        yield workshop
