"""The database that a superuser logs in to: that of its own secret, or else the user's."""

from collections.abc import Callable, Iterator

import pytest

from lab.engines.postgresql import PostgresServer, start_postgres
from lab.engines.postgresql.server import DEFAULT_DATABASE
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication
from tests.fixtures.servers import chosen_majors


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server for the tests of this module alone."""
    with start_postgres(max(chosen_majors())) as server:
        yield server


@pytest.fixture
def user(server: PostgresServer, make_user: MakeUser, unique_name: Callable[..., str]) -> Iterator[ApplicationUser]:
    """A user with a database of its own, where nobody but an administrator may use the default database."""
    user, database = make_user(server), unique_name("db")
    right, others = f"CONNECT ON DATABASE {DEFAULT_DATABASE}", f"PUBLIC, {server.superuser.username}"
    user.administrate(f"CREATE DATABASE {database}")
    user.dbname = database
    user.administrate(f"REVOKE {right} FROM {others}")
    yield user
    user.administrate(f"GRANT {right} TO {others}")


def succeeds(application: Application) -> None:
    """Check that two rotations lead to passwords that log in."""
    for _ in range(2):
        run = application.rotate()
        assert run.succeeded, run.outcome
        assert application.logs_in()


def test_the_users_database_where_the_superusers_secret_names_none(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """As with a secret that RDS manages: a closed default database is no reason to fail."""
    succeeds(make_application(user, ALTERNATING_USERS))


def test_the_same_for_a_password_that_is_reset(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A superuser that steps in for a single user goes where the user goes."""
    application = make_application(user, SINGLE_USER, environ={"RESET_WITH_SUPERUSER": "true"})
    application.secret.change(masterarn=application.superuser_secret.arn, password="nobody-knows")
    succeeds(application)


def test_the_superusers_own_database_comes_first(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A superuser's secret that names a database means it, here one that is closed."""
    application = make_application(user, ALTERNATING_USERS)
    application.superuser_secret.change(dbname=DEFAULT_DATABASE)
    message = application.refusal("LoginRefusedError")
    assert f'GRANT CONNECT ON DATABASE "{DEFAULT_DATABASE}" TO "{user.server.superuser.username}"' in message
