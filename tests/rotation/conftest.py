"""Applications of every engine with every strategy, for faults that each of these pairings may meet."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from itertools import product

import pytest

from lab.engines import KITS, kit_of_server_name
from lab.servers import DatabaseServer
from tests.fixtures.databases import MakeUser, database_names, newest_database_name
from tests.fixtures.rotation import ALTERNATING_USERS, STRATEGIES, Application, MakeApplication
from tests.fixtures.servers import server_called
from tests.rotation.faulted import Statements, statements_watched

FEW_CONNECTIONS = 12
NEWEST = [newest_database_name(kit) for kit in KITS]
PAIRINGS = list(product(NEWEST, STRATEGIES))
every_pairing = pytest.mark.parametrize("application", PAIRINGS, indirect=True, ids="-".join)
every_server = pytest.mark.parametrize(
    "application", list(product(database_names(), STRATEGIES)), indirect=True, ids="-".join
)
"""The same for each version of an engine."""
OwnServers = Callable[[str], DatabaseServer]


@pytest.fixture(params=[(name, ALTERNATING_USERS) for name in NEWEST], ids="-".join)
def application(request: pytest.FixtureRequest, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application of each engine whose two users alternate, unless the test names other pairings."""
    server, strategy = request.param
    return make_application(make_user(server_called(request.config, server)), strategy)


@pytest.fixture(scope="session")
def own_servers() -> Iterator[OwnServers]:
    """Servers by name that tests may fill, change and restart; each test leaves them as they were."""
    with ExitStack() as stack:

        @cache
        def start(name: str) -> DatabaseServer:
            return stack.enter_context(kit_of_server_name(name).start(name, max_connections=FEW_CONNECTIONS))

        yield start


@pytest.fixture(params=NEWEST)
def own_server(request: pytest.FixtureRequest, own_servers: OwnServers) -> DatabaseServer:
    """Such a server of each engine."""
    return own_servers(request.param)


@pytest.fixture
def own_application(
    own_server: DatabaseServer, strategy: str, make_user: MakeUser, make_application: MakeApplication
) -> Application:
    """An application on such a server, with each strategy."""
    return make_application(make_user(own_server), strategy)


@pytest.fixture
def statements() -> Iterator[Statements]:
    """The statements of the test's functions."""
    with statements_watched() as statements:
        yield statements


def in_turn(names: str, first: Mapping[str, object], second: Mapping[str, object]) -> pytest.MarkDecorator:
    """Run a test for each of the one with each of the other, by their names; PAIRINGS take turns along both."""
    cases = [
        pytest.param(pairing, first[one], second[other], id="-".join((*pairing, one, other)))
        for row, one in enumerate(first)
        for column, other in enumerate(second)
        for pairing in [PAIRINGS[(row + column) % len(PAIRINGS)]]
    ]
    return pytest.mark.parametrize(f"application, {names}", cases, indirect=["application"])
