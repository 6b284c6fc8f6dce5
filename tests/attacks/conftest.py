"""The application, the users and the servers that most attacks are about."""

from collections.abc import Iterator

import pytest

from lab.engines.mysql import MySQLServer, start_mysql
from lab.engines.postgresql import PostgresServer
from secret_rotation.engines.postgresql import PostgreSQL
from tests.engines.conftest import Subject
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, Application, MakeApplication


@pytest.fixture
def application(user: ApplicationUser, make_application: MakeApplication) -> Application:
    """An application of each engine whose two users alternate."""
    return make_application(user, ALTERNATING_USERS)


@pytest.fixture
def subject(postgres: PostgresServer, make_user: MakeUser) -> Subject:
    """A user on PostgreSQL in each of its versions."""
    return Subject(PostgreSQL(postgres.ca_bundle), make_user(postgres))


@pytest.fixture(scope="module")
def own_mysql() -> Iterator[MySQLServer]:
    """A MySQL server whose global variables the tests of a module may change; each puts them back."""
    with start_mysql() as server:
        yield server
