"""What an administrator sets for everybody on a server, and what a rotation makes of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lab.engines.mysql import MySQLServer
from secret_rotation.engines.mysql.session import lock_name
from secret_rotation.errors import DatabaseUnreachableError, StatementFailedError
from tests.engines.mysql_users import User, new_password
from tests.rotation.faulted import statements_watched

Names = Callable[..., str]
HOLD_SECONDS = 1.0
ELSEWHERE = ("10.0.0.1", "10.0.0.2")
"""Where the user has accounts too."""


@contextmanager
def defaults(server: MySQLServer, **settings: object) -> Iterator[None]:
    """Settings that every new session starts with."""
    with server.administration() as cursor:
        cursor.execute("SET " + ", ".join(f"GLOBAL {name} = {value!r}" for name, value in settings.items()))
    try:
        yield
    finally:
        with server.administration() as cursor:
            cursor.execute("SET " + ", ".join(f"GLOBAL {name} = DEFAULT" for name in settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"transaction_read_only": 1},
        {"autocommit": 0, "transaction_read_only": 1},
        {"sql_select_limit": 1},
        {"max_join_size": 1},
        {"sql_mode": "ANSI_QUOTES"},
    ],
    ids="+".join,
)
def test_defaults_do_not_concern_a_rotation(
    own_mysql: MySQLServer, unique_name: Names, settings: dict[str, object]
) -> None:
    """With any of these set for everybody both strategies rotate, whole pairs too, and the new passwords log in."""
    app = User.create(own_mysql, unique_name())
    app.admin(*(f"CREATE USER '{app.name}'@'{host}' IDENTIFIED BY '{new_password()}'" for host in ELSEWHERE))
    app.admin(f"GRANT SELECT ON {app.db}.* TO {app.name}", f"GRANT INSERT ON {app.db}.t TO {app.name}")
    changed = app.credentials(password=new_password())
    with defaults(own_mysql, **settings):
        with app.session() as session:
            session.set_own_password(app.credentials().password, changed.password)
        password = app.mirror(app.clone)
    assert own_mysql.can_log_in(app.name, changed.password.reveal())
    assert own_mysql.can_log_in(app.clone, password)
    assert app.grants(app.clone) == app.grants(app.name)
    assert all(app.grants(app.clone, host) for host in ELSEWHERE)


def test_expired_password_on_a_server_that_only_reads_is_named(own_mysql: MySQLServer, unique_name: Names) -> None:
    """A session with an expired password may set nothing up: a default that is in its way is named, with the remedy."""
    app = User.create(own_mysql, unique_name())
    app.admin(f"ALTER USER {app.name} PASSWORD EXPIRE")
    changed = app.credentials(password=new_password())
    with (
        defaults(own_mysql, transaction_read_only=1),
        app.session() as session,
        pytest.raises(StatementFailedError, match="SET GLOBAL transaction_read_only = OFF") as raised,
    ):
        session.set_own_password(app.credentials().password, changed.password)
    assert raised.value.code == "1792"
    with app.session() as session:
        session.set_own_password(app.credentials().password, changed.password)
    assert own_mysql.can_log_in(app.name, changed.password.reveal())


def test_wait_for_another_rotation_outlasts_the_limit_for_queries(own_mysql: MySQLServer, unique_name: Names) -> None:
    """A limit for queries does not end the wait for the lock that another rotation of the user holds."""
    app = User.create(own_mysql, unique_name())
    with defaults(own_mysql, max_execution_time=100), own_mysql.administration() as other:
        other.execute(f"SELECT GET_LOCK('{lock_name(app.name)}', 0)")
        other.fetchall()
        release = threading.Timer(HOLD_SECONDS, other.execute, ["SELECT RELEASE_ALL_LOCKS()"])
        with (
            app.session() as session,
            statements_watched() as statements,
            statements.before(2, release.start),  # the one that waits
        ):
            assert session.lock(app.name)  # it had to be waited for
        release.join()


def test_limit_of_statements_is_named(own_mysql: MySQLServer, unique_name: Names) -> None:
    """An account that has used up its statements is told so, with the remedy."""
    app = User.create(own_mysql, unique_name())
    app.admin(f"ALTER USER {app.name} WITH MAX_QUERIES_PER_HOUR 1")
    with app.session() as session, pytest.raises(StatementFailedError, match=r"MAX_QUERIES_PER_HOUR.* FLUSH") as raised:
        session.verify_identity()
    assert raised.value.code == "1226"


def test_statement_for_every_session_that_fails_is_named(own_mysql: MySQLServer, unique_name: Names) -> None:
    """Where init_connect fails, the server ends each session: the error names it."""
    app = User.create(own_mysql, unique_name())
    with (
        defaults(own_mysql, init_connect="SELECT nonsense"),
        pytest.raises(DatabaseUnreachableError, match="init_connect"),
        app.session(),
    ):
        pass
