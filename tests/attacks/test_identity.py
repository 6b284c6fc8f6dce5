"""Whoever a session acts as is known before a password is changed, so that a working one is never ended for nothing."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lab.engines.mysql import MySQLServer
from lab.engines.postgresql import PostgresServer
from tests.attacks.accounts import run
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication
from tests.rotation.faulted import completes

MakeName = Callable[..., str]


@pytest.fixture
def application(postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """A single user on PostgreSQL in each of its versions."""
    return make_application(make_user(postgres), SINGLE_USER)


def test_a_working_application_is_not_locked_out(application: Application, unique_name: MakeName) -> None:
    """A setting that names a role which was dropped long ago stops each attempt while AWSCURRENT still works."""
    user, owner = application.user, unique_name("owner")
    user.as_superuser(f"CREATE ROLE {owner}", f"ALTER ROLE {user.username} SET role = {owner}", f"DROP ROLE {owner}")
    token = application.begin()
    first = application.steps(token, "createSecret", "setSecret")
    assert first.error_type == "UnsafeRotationError"
    assert application.works()
    assert application.step("setSecret", token).error_message == first.error_message
    assert application.works()
    user.as_superuser(*re.findall(r"ALTER ROLE [^;]* RESET role;", str(first.error_message)))
    completes(application, token)


def test_nobody_is_told_to_grant_what_the_application_has_named(application: Application) -> None:
    """An application that puts the superuser into its own setting gets nobody to read of GRANT, only of RESET."""
    user, coveted = application.user, application.user.server.superuser.username
    run(user, user.username, user.password, f"ALTER ROLE {user.username} SET role = {coveted}")
    message = application.refusal("UnsafeRotationError")
    assert coveted in message
    assert "GRANT" not in message
    assert application.works()


@contextmanager
def _anonymous(user: ApplicationUser, password: str) -> Iterator[None]:
    """The anonymous account, which takes the logins of every user that does not exist for the client's address."""
    user.administrate(f"CREATE USER ''@'%' IDENTIFIED BY '{password}'")
    try:
        yield
    finally:
        user.administrate("DROP USER ''@'%'")


def test_a_login_that_became_anonymous_changes_nothing(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, unique_name: MakeName
) -> None:
    """A user that exists at another address only is not the anonymous account, whose password anybody may know."""
    user, elsewhere = make_user(mysql), unique_name("elsewhere")
    user.as_superuser(f"CREATE USER {elsewhere}@'10.9.9.9' IDENTIFIED BY 'its-own'")
    application = make_application(user, SINGLE_USER, username=elsewhere, password="known-to-all", dbname=None)
    with _anonymous(user, "known-to-all"):
        assert "DROP USER ``@`%`;" in application.refusal("UnsafeRotationError")
        assert mysql.can_log_in(elsewhere, "known-to-all", None)
