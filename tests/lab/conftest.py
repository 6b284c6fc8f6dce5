"""Fixtures for the tests of the lab's servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.helpers import start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.servers import DatabaseServer


@pytest.fixture(scope="module", params=["postgres", "mysql"])
def own_server(request: pytest.FixtureRequest) -> Iterator[DatabaseServer]:
    """Start a server that the tests of this module may change; each leaves it as it was."""
    with start(request.param) as server:
        yield server
