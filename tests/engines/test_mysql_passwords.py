"""Changing passwords on MySQL: dual passwords, and what the server's refusals become."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from lab.engines.mysql import MySQLServer, start_mysql
from secret_rotation.errors import (
    NotPrimaryPasswordError,
    PermissionDeniedError,
    StatementFailedError,
    UnsafeRotationError,
)
from secret_rotation.password import Password
from tests.engines.mysql_users import User, new_password

Names = Callable[..., str]
SQL_MODES = ["", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"]


@pytest.fixture
def app(app: User) -> User:
    """A user that may keep its old password."""
    app.admin(f"GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {app.name}")
    return app


def valid(app: User, *passwords: str) -> list[bool]:
    """Which of the passwords log in."""
    return [app.server.can_log_in(app.name, password) for password in passwords]


def change(app: User, old: str | None = None, new: str | None = None) -> str:
    """Log in with the old password, the first one by default, and set a new one; returns it."""
    old, new = old or app.password, new or new_password()
    with app.session(old) as session:
        session.set_own_password(Password(old), Password(new))
    return new


def test_old_password_stays_valid(app: User) -> None:
    """Both passwords log in after the change, so no login fails meanwhile."""
    new = change(app)
    assert valid(app, app.password, new) == [True, True]


def test_repeat_changes_nothing(app: User) -> None:
    """A repeated change is NotPrimaryPasswordError, and evicts neither password."""
    new = change(app)
    with pytest.raises(NotPrimaryPasswordError):
        change(app, new=new)
    assert valid(app, app.password, new) == [True, True]


def test_without_the_privilege_the_change_is_plain(
    mysql: MySQLServer, unique_name: Names, caplog: pytest.LogCaptureFixture
) -> None:
    """A user that may not keep its old password changes it all the same, and the log says what to grant."""
    app, new = User.create(mysql, unique_name()), new_password()
    with caplog.at_level(logging.WARNING):
        change(app, new=new)
    assert valid(app, app.password, new) == [False, True]
    assert "APPLICATION_PASSWORD_ADMIN" in caplog.text
    with app.session(new) as session:
        session.discard_old_password()
    assert valid(app, new) == [True]


def test_orphan_is_overwritten_and_the_secondary_stays(app: User) -> None:
    """The primary password that a cancelled rotation left is replaced; the one that logged in stays valid."""
    orphan, new = change(app), new_password()
    with app.session() as session:
        session.overwrite_own_password(Password(new), [Password("not it"), Password(orphan)])
    assert valid(app, app.password, orphan, new) == [True, False, True]


@pytest.mark.parametrize("repeats", [1, 2])
def test_unknown_primary_is_overwritten(app: User, repeats: int) -> None:
    """A primary password that nobody knows is replaced too, once or twice."""
    unknown, new = change(app), new_password()
    for _ in range(repeats):
        with app.session() as session:
            session.overwrite_own_password(Password(new), [])
    assert valid(app, app.password, unknown, new) == [True, False, True]


def test_old_password_is_discarded(app: User) -> None:
    """After discarding, the old password is rejected; discarding again does nothing."""
    new = change(app)
    with app.session(new) as session:
        session.discard_old_password()
        session.discard_old_password()
    assert valid(app, app.password, new) == [False, True]


@pytest.fixture(scope="module")
def strict_server() -> Iterator[MySQLServer]:
    """A server that a test may set up as it likes."""
    with start_mysql() as server:
        yield server


@pytest.mark.parametrize("expired", [False, True])
@pytest.mark.parametrize("sql_mode", SQL_MODES)
def test_passwords_of_any_characters(
    strict_server: MySQLServer, unique_name: Names, sql_mode: str, *, expired: bool
) -> None:
    """Quotes, backslashes, percent signs and letters of any alphabet survive, whatever the server's sql_mode."""
    strict_server.reconfigure(sql_mode=sql_mode)
    app = User.create(strict_server, unique_name())
    new = "'\"\\' OR %s `--\\\\ ; é€語 \\"
    if expired:
        app.admin(f"ALTER USER {app.name} PASSWORD EXPIRE")
    change(app, new=new)
    with app.session(new) as session:
        session.verify_identity()
    change(app, new, app.password)
    with app.session() as session:
        session.verify_identity()


def test_policy_is_named(strict_server: MySQLServer, unique_name: Names) -> None:
    """A password that the server's policy refuses is an error about the policy, and nothing changes."""
    app = User.create(strict_server, unique_name())
    app.admin("INSTALL COMPONENT 'file://component_validate_password'")
    try:
        with pytest.raises(StatementFailedError, match="validate_password") as raised:
            change(app, new="feeble")
    finally:
        app.admin("UNINSTALL COMPONENT 'file://component_validate_password'")
    assert raised.value.code == "1819"
    assert valid(app, app.password) == [True]


def test_history_is_named(app: User) -> None:
    """A password that the history forbids is an error that says so, with its number."""
    app.admin(f"ALTER USER {app.name} PASSWORD HISTORY 5")
    new = change(app)
    change(app, new)
    with app.session(new) as session, pytest.raises(StatementFailedError) as raised:
        session.overwrite_own_password(Password(new), [])
    assert raised.value.code == "3638"


def test_waiting_for_a_lock_ends(app: User) -> None:
    """A lock on the grant tables is an error in seconds, not a hang until Lambda kills the function."""
    with closing(app.server.connect(app.server.administrator)) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLES mysql.user READ")
        with app.session(seconds=25) as session, pytest.raises(StatementFailedError, match="metadata_locks") as raised:
            session.set_own_password(Password(app.password), Password(new_password()))
        cursor.execute("UNLOCK TABLES")
    assert raised.value.code == "1205"
    assert valid(app, app.password) == [True]


def test_account_dropped_meanwhile_is_named(app: User) -> None:
    """An account that is dropped while its session runs is an error that says so."""
    with app.session() as session:
        app.admin(f"DROP USER {app.name}")
        with pytest.raises(StatementFailedError, match="does not exist"):
            session.set_own_password(Password(app.password), Password(new_password()))


def test_superuser_sets_the_password_on_every_host(mysql: MySQLServer, unique_name: Names) -> None:
    """A reset reaches all accounts of the name; the lost passwords end, and a repeat changes nothing."""
    app = User.create(mysql, unique_name(), "%", "10.0.0.1")
    new = new_password()
    hosts = f"SELECT DISTINCT authentication_string IN ('') FROM mysql.user WHERE User = '{app.name}'"  # noqa: S608
    for _ in range(2):
        with app.superuser() as session:
            session.set_password(app.name, Password(new))
        assert valid(app, app.password, new) == [False, True]
    assert app.admin(hosts) == [(0,)]
    app.admin(f"DROP USER {app.name}@'%'", f"RENAME USER {app.name}@10.0.0.1 TO {app.name}@'%'")
    assert valid(app, app.password, new) == [False, True]


def test_no_password_is_set_where_none_is_asked_for(app: User) -> None:
    """A user of whom no account logs in by password is an error."""
    app.admin(f"UPDATE mysql.user SET plugin = 'auth_socket' WHERE User = '{app.name}'")  # noqa: S608
    with app.superuser() as session, pytest.raises(UnsafeRotationError, match="that logs in by password"):
        session.set_password(app.name, Password(new_password()))


def test_privilege_that_is_missing_is_named(app: User) -> None:
    """A superuser without the right to change the user gets an error that says what was not permitted."""
    app.admin(f"GRANT SYSTEM_USER ON *.* TO {app.name}")
    with app.superuser() as session, pytest.raises(PermissionDeniedError, match="GRANT SYSTEM_USER ON"):
        session.set_password(app.name, Password(new_password()))
    assert valid(app, app.password) == [True]


@pytest.mark.parametrize(
    "statements",
    [
        ["GRANT CREATE USER ON *.* TO {0}"],
        ["GRANT SELECT ON {1}.* TO {0} WITH GRANT OPTION"],
        ["GRANT ROLE_ADMIN ON *.* TO {0}"],
        ["GRANT UPDATE ON mysql.* TO {0}"],
        ["GRANT SELECT ON mysql.user TO {0}"],
        ["GRANT SELECT ON `%`.* TO {0}"],
        ["GRANT INSERT ON *.* TO {0}"],
        ["GRANT PROXY ON root TO {0}"],
        ["CREATE ROLE r_{0}", "GRANT CREATE USER ON *.* TO r_{0}", "GRANT r_{0} TO {0}"],
        ["CREATE ROLE r_{0}, q_{0}", "GRANT SYSTEM_USER ON *.* TO q_{0}", "GRANT q_{0} TO r_{0}", "GRANT r_{0} TO {0}"],
        ["CREATE ROLE r_{0}", "GRANT r_{0} TO {0} WITH ADMIN OPTION"],
        ["CREATE USER {0}@localhost", "GRANT SUPER ON *.* TO {0}@localhost"],
    ],
    ids="; ".join,
)
def test_privileged_user_is_refused(app: User, statements: list[str]) -> None:
    """A user that may create users, hand out rights or reach the grant tables, by itself or by a role, is refused."""
    for statement in statements:
        app.admin(statement.format(app.name, app.db))
    with app.superuser() as session, pytest.raises(UnsafeRotationError, match=app.name):
        session.refuse_privileged(app.name)


def test_ordinary_user_is_not_refused(app: User) -> None:
    """Rights on one's own database, a second password of one's own, and roles that give no more, are ordinary."""
    app.admin(
        f"CREATE ROLE r_{app.name}, q_{app.name}",
        f"GRANT ALL ON {app.db}.* TO r_{app.name}",
        f"GRANT r_{app.name} TO q_{app.name}",
        f"GRANT r_{app.name}, q_{app.name} TO {app.name}",
        f"GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {app.name}",
    )
    with app.superuser() as session:
        session.refuse_privileged(app.name)


def test_users_are_told_apart_by_case(app: User) -> None:
    """User names differ by case, as the server takes them."""
    with app.superuser() as session:
        assert session.exists(app.name)
        assert not session.exists(app.name.upper())
        assert not session.exists(app.clone)
