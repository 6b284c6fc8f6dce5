"""Applications of every engine with every strategy, for faults that each of these pairings may meet."""

from collections.abc import Iterator, Mapping
from itertools import product

import pytest

from lab.servers import DatabaseServer, start_mysql, start_postgres
from tests.fixtures.databases import MYSQL, MakeUser
from tests.fixtures.rotation import STRATEGIES, Application, MakeApplication
from tests.fixtures.servers import chosen_majors, server_called

POSTGRES = "postgres"
FEW_CONNECTIONS = 12
PAIRINGS = list(product((f"postgres{max(chosen_majors())}", MYSQL), STRATEGIES))
every_pairing = pytest.mark.parametrize("application", PAIRINGS, indirect=True, ids="-".join)


@pytest.fixture
def application(request: pytest.FixtureRequest, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application of an engine with a strategy: one of PAIRINGS, which the test names."""
    server, strategy = request.param
    return make_application(make_user(server_called(request.config, server)), strategy)


@pytest.fixture(scope="module", params=[POSTGRES, MYSQL])
def own_server(request: pytest.FixtureRequest) -> Iterator[DatabaseServer]:
    """A server of each engine that the tests of a module may fill, change and restart; each leaves it as it was."""
    if request.param == MYSQL:
        server: DatabaseServer = start_mysql(max_connections=FEW_CONNECTIONS)
    else:
        server = start_postgres(max(chosen_majors()), max_connections=FEW_CONNECTIONS)
    with server:
        yield server


@pytest.fixture(params=STRATEGIES)
def strategy(request: pytest.FixtureRequest) -> str:
    """Each strategy."""
    return str(request.param)


@pytest.fixture
def own_application(
    own_server: DatabaseServer, strategy: str, make_user: MakeUser, make_application: MakeApplication
) -> Application:
    """An application on such a server, with each strategy."""
    return make_application(make_user(own_server), strategy)


def in_turn(names: str, first: Mapping[str, object], second: Mapping[str, object]) -> pytest.MarkDecorator:
    """Run a test for each of the one with each of the other, by their names; PAIRINGS take turns along both."""
    cases = [
        pytest.param(pairing, first[one], second[other], id="-".join((*pairing, one, other)))
        for row, one in enumerate(first)
        for column, other in enumerate(second)
        for pairing in [PAIRINGS[(row + column) % len(PAIRINGS)]]
    ]
    return pytest.mark.parametrize(f"application, {names}", cases, indirect=["application"])
