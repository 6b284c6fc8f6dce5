"""The SQL of the documents does what it is said to do, typed by the superuser that RDS gives."""

import re
from contextlib import ExitStack, closing

import pytest

from lab.engines.mysql import MySQLServer
from lab.engines.postgresql import PostgresServer
from lab.servers import Login
from tests.docs.markdown import document
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication


def _typed(application: Application, page: str, words: str) -> list[tuple[object, ...]]:
    """Type the one SQL block of a page that has these words, for the application's user; the rows of its answer."""
    [text] = [block.text for block in document(page).blocks() if block.language == "sql" and words in block.text]
    return application.user.as_superuser(re.sub(r"\bshop(?=\b|_clone)", application.user.username, text).rstrip(";\n"))


@pytest.fixture
def application(newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """A pair of users on PostgreSQL, which is on record."""
    application = make_application(make_user(newest_postgres), ALTERNATING_USERS)
    assert application.rotate().succeeded
    return application


def test_the_sessions_of_a_leaked_password_are_ended(application: Application) -> None:
    """Open sessions of both users of a pair end."""
    user = application.user
    with ExitStack() as stack:
        for label in ("AWSCURRENT", "AWSPREVIOUS"):
            login = Login(*application.credentials(label))
            stack.enter_context(closing(user.server.connect(login, user.dbname)))
        assert sorted(_typed(application, "docs/operations.md", "pg_terminate_backend")) == [(True,), (True,)]


def test_the_record_of_a_pair_is_seen(application: Application) -> None:
    """The comments of both roles name the secret."""
    username, secret = application.user.username, application.secret.name
    rows = _typed(application, "docs/operations.md", "shobj_description")
    assert {role for role, comment in rows if secret in str(comment)} == {username, f"{username}_clone"}


def test_the_record_of_a_pair_on_mysql_is_seen(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """The list of all pairs has the user's, with its secret."""
    application = make_application(make_user(mysql), ALTERNATING_USERS)
    assert application.rotate().succeeded
    rows = _typed(application, "docs/operations.md", "User_attributes")
    [secret] = [secret for _, pair, secret in rows if pair == application.user.username]
    assert application.secret.name in str(secret)


def test_dual_passwords_are_given(mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication) -> None:
    """A user that had no dual passwords has them from the next rotation on."""
    application = make_application(make_user(mysql), SINGLE_USER)
    application.user.as_superuser(f"REVOKE APPLICATION_PASSWORD_ADMIN ON *.* FROM '{application.user.username}'@'%'")
    assert application.rotate().succeeded
    assert not application.logs_in("AWSPREVIOUS")
    _typed(application, "docs/how-it-works.md", "APPLICATION_PASSWORD_ADMIN")
    assert application.rotate().succeeded
    assert application.logs_in("AWSPREVIOUS")
