"""Alternating users on MySQL: runs that are interrupted, refused or repeated, and accounts that are locked."""
# ruff: noqa: S608 - names of our own in all statements

from collections.abc import Callable
from contextlib import suppress
from itertools import count

import pytest

from lab.engines.mysql import MySQLServer, start_mysql
from secret_rotation.deadline import Deadline
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.sql import Sql
from secret_rotation.errors import PermissionDeniedError, StatementFailedError, UnsafeRotationError
from secret_rotation.password import Password
from tests.engines.holder import HOLDER
from tests.engines.mysql_users import User, new_password

Names = Callable[..., str]
BEFORE, AFTER = "before", "after"


class KilledError(BaseException):
    """The function dies here."""


def prepare(app: User) -> None:
    """Rights of several kinds, one of them with a partial revoke."""
    app.admin(
        f"CREATE ROLE r_{app.name}",
        f"GRANT SELECT, PROCESS ON *.* TO {app.name}",
        f"REVOKE SELECT ON mysql.* FROM {app.name}",
        f"GRANT INSERT (a), UPDATE ON {app.db}.t TO {app.name} WITH GRANT OPTION",
        f"GRANT XA_RECOVER_ADMIN ON *.* TO {app.name}",
        f"GRANT r_{app.name} TO {app.name}",
        f"SET DEFAULT ROLE r_{app.name} TO {app.name}",
        f"ALTER USER {app.name} WITH MAX_USER_CONNECTIONS 50 COMMENT 'mine'",
    )


def change_rights(app: User) -> None:
    """What an operator does between two rotations, on both users."""
    app.admin(
        f"REVOKE UPDATE ON {app.db}.t FROM {app.name}",
        f"REVOKE SELECT ON sys.* FROM {app.clone}",
        f"GRANT DELETE ON {app.db}.t TO {app.name}",
        f"GRANT EXECUTE ON {app.db}.* TO {app.clone}",
        f"ALTER USER {app.clone} WITH MAX_USER_CONNECTIONS 40",
    )


def killed(app: User, username: str, number: int, when: str, password: str = "unused") -> bool:
    """Mirror in a function that dies before or after its nth statement; whether it had as many."""
    statements, real = count(), Connection.run

    def run(self: Connection, statement: Sql) -> list[tuple[object, ...]]:
        position = next(statements)
        if position == number and when == BEFORE:
            raise KilledError
        rows = real(self, statement)
        if position == number:
            raise KilledError
        return rows

    with suppress(KilledError), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "run", run)
        with app.superuser() as session:
            session.mirror(app.pair, username, Password(password), HOLDER)
        return False
    return True


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_first_rotation_killed_anywhere_completes(
    mysql_with_partial_revokes: MySQLServer, unique_name: Names, when: str
) -> None:
    """Killed at any statement, no half-made clone logs in; the next run, with another password, completes the pair."""
    for number in count():
        app = User.create(mysql_with_partial_revokes, unique_name())
        prepare(app)
        before, password = app.grants(app.name), new_password()
        died = killed(app, app.clone, number, when, password)
        if app.server.can_log_in(app.clone, password):
            assert app.grants(app.clone) == app.grants(app.name)
            assert app.settings(app.clone) == app.settings(app.name)
        password = app.mirror(app.clone)
        assert app.server.can_log_in(app.clone, password)
        assert app.grants(app.clone) == app.grants(app.name) == before
        assert app.server.can_log_in(app.name, app.password)
        if not died:
            break
    assert number > 10


def with_options(app: User) -> None:
    """Rights that the pair may hand on: of a role, which is its default role, and of a dynamic privilege."""
    app.admin(
        f"CREATE ROLE r_{app.name}",
        f"GRANT r_{app.name} TO {app.name} WITH ADMIN OPTION",
        f"SET DEFAULT ROLE r_{app.name} TO {app.name}",
        f"GRANT XA_RECOVER_ADMIN ON *.* TO {app.name} WITH GRANT OPTION",
    )


def take_options(app: User, username: str) -> None:
    """Take the options alone from one of the two, as MySQL has it: by revoking, and granting again."""
    app.admin(
        f"REVOKE r_{app.name} FROM {username}",
        f"GRANT r_{app.name} TO {username}",
        f"SET DEFAULT ROLE r_{app.name} TO {username}",
        f"REVOKE XA_RECOVER_ADMIN ON *.* FROM {username}",
        f"GRANT XA_RECOVER_ADMIN ON *.* TO {username}",
    )


@pytest.mark.parametrize("taken_from", ["original", "clone"])
@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_only_an_option_is_taken_killed_anywhere(
    mysql_with_partial_revokes: MySQLServer, unique_name: Names, when: str, taken_from: str
) -> None:
    """Neither may hand the rights on any more, and both keep them, and their default role, also a rotation later."""
    for number in count():
        app = User.create(mysql_with_partial_revokes, unique_name())
        with_options(app)
        password = app.mirror(app.clone)
        take_options(app, app.name if taken_from == "original" else app.clone)
        died = killed(app, app.name, number, when)
        for turn in (app.name, app.clone, app.name):
            password = app.mirror(turn)
            grants = " ".join(app.grants(turn))
            assert app.grants(app.clone) == app.grants(app.name)
            assert f"r_{app.name}" in grants
            assert "XA_RECOVER_ADMIN" in grants
            assert "OPTION" not in grants
            [(role,)] = app.run(turn, password, "SELECT CURRENT_ROLE()")
            assert role == f"`r_{app.name}`@`%`"
        if not died:
            break
    assert number > 10


def test_a_right_that_was_revoked_stays_away_where_the_server_says_all(
    mysql_with_partial_revokes: MySQLServer, unique_name: Names
) -> None:
    """One of the two got the last right that it lacked; what was revoked from the other comes back to neither."""
    app = User.create(mysql_with_partial_revokes, unique_name())
    app.admin(f"GRANT ALL ON {app.db}.* TO {app.name}", f"REVOKE EVENT ON {app.db}.* FROM {app.name}")
    app.mirror(app.clone)
    app.admin(f"GRANT EVENT ON {app.db}.* TO {app.name}", f"REVOKE DROP ON {app.db}.* FROM {app.clone}")
    for turn in (app.name, app.clone):
        password = app.mirror(turn)
        for username in (app.name, app.clone):
            grants = " ".join(app.grants(username))
            assert "EVENT" in grants
            assert "DROP" not in grants
            assert "ALL PRIVILEGES" not in grants
        assert not app.may(turn, password, f"DROP TABLE {app.db}.t")


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_later_rotation_killed_anywhere_completes(
    mysql_with_partial_revokes: MySQLServer, unique_name: Names, when: str
) -> None:
    """Killed at any statement of a later turn, the user in use still works, and the next run ends as if nothing was."""
    expected: dict[str, list[str]] = {}
    for number in count():
        app = User.create(mysql_with_partial_revokes, unique_name())
        prepare(app)
        in_use = app.mirror(app.clone)
        change_rights(app)
        died = killed(app, app.name, number, when)
        assert app.may(app.clone, in_use, f"INSERT INTO {app.db}.t (a) VALUES (1)")
        assert not app.may(app.clone, in_use, "SELECT 1 FROM mysql.user")
        assert app.server.can_log_in(app.name, app.mirror(app.name))
        result = [grant.replace(app.name, "app") for grant in app.grants(app.name)]
        assert app.grants(app.clone) == app.grants(app.name)
        assert app.settings(app.clone).partition("PASSWORD")[0] == " REQUIRE NONE WITH MAX_USER_CONNECTIONS 40 "
        assert expected.setdefault("grants", result) == result
        if not died:
            break
    assert number > 10


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_host_added_to_the_clone_reaches_the_original_after_a_kill(
    mysql: MySQLServer, unique_name: Names, when: str
) -> None:
    """Killed anywhere, also where the new account is on record and not made yet, the next run makes it."""
    for number in count():
        app = User.create(mysql, unique_name())
        app.mirror(app.clone)
        app.admin(f"CREATE USER {app.clone}@localhost IDENTIFIED BY 'x'")
        died = killed(app, app.name, number, when)
        app.mirror(app.name)
        hosts = f"SELECT Host FROM mysql.user WHERE User = '{app.name}'"
        assert app.admin(f"SELECT Host FROM mysql.user WHERE User = '{app.clone}' AND Host NOT IN ({hosts})") == []
        if not died:
            break
    assert number > 8


def _died_after_granting(app: User, number: int) -> bool:
    """Kill the first rotation after its nth statement; whether the clone had a right by then."""
    assert killed(app, app.clone, number, AFTER)
    clones = app.admin(f"SELECT count(*) FROM mysql.user WHERE User = '{app.clone}'")
    return clones == [(1,)] and any("DELETE" in grant for grant in app.grants(app.clone))


def test_right_revoked_while_the_clone_is_half_made_does_not_come_back(app: User) -> None:
    """What the half-made clone already has is not taken for a grant of the operator's."""
    app.admin(f"GRANT SELECT, DELETE ON {app.db}.* TO {app.name}")
    number = next(n for n in count() if _died_after_granting(app, n))
    assert number > 0
    app.admin(f"REVOKE DELETE ON {app.db}.* FROM {app.name}")
    app.mirror(app.clone)
    assert app.grants(app.clone) == app.grants(app.name)
    assert not any("DELETE" in grant for grant in app.grants(app.name))


@pytest.mark.parametrize("when", [BEFORE, AFTER])
@pytest.mark.parametrize("granted_to_clone", [False, True])
@pytest.mark.parametrize("turn_of_clone", [False, True])
def test_right_revoked_after_a_kill_does_not_come_back(
    mysql: MySQLServer, unique_name: Names, when: str, *, granted_to_clone: bool, turn_of_clone: bool
) -> None:
    """Killed anywhere while a right is copied, the right does not survive its revocation from who had it first."""
    for number in count():
        app = User.create(mysql, unique_name())
        app.mirror(app.clone)
        holder = app.clone if granted_to_clone else app.name
        app.admin(f"GRANT DROP ON {app.db}.* TO {holder}", f"ALTER USER {holder} WITH MAX_USER_CONNECTIONS 40")
        if not killed(app, app.clone if turn_of_clone else app.name, number, when):
            break
        app.admin(f"REVOKE DROP ON {app.db}.* FROM {holder}", f"ALTER USER {holder} WITH MAX_USER_CONNECTIONS 0")
        for username in (app.name, app.clone):
            app.mirror(username)
            assert not [grant for name in (app.name, app.clone) for grant in app.grants(name) if "DROP" in grant]
            assert "MAX_USER_CONNECTIONS" not in app.settings(app.name) + app.settings(app.clone)
    assert number > 8


@pytest.mark.parametrize(
    ("grant", "words"),
    [
        ("GRANT SHUTDOWN ON *.* TO {name}", "GRANT SHUTDOWN ON *.* TO `dbmaster`@`%` WITH GRANT OPTION;"),
        ("GRANT PROXY ON other TO {name}", "GRANT PROXY ON `other`@`%` TO `dbmaster`@`%` WITH GRANT OPTION;"),
        ("GRANT SYSTEM_USER ON *.* TO {name}", "REVOKE SYSTEM_USER"),
    ],
    ids=["static", "proxy", "system user"],
)
def test_right_that_the_superuser_may_not_grant(app: User, grant: str, words: str) -> None:
    """The error has the statement that helps, and nothing was changed: there is no clone, and the original works."""
    app.admin(f"GRANT SELECT ON {app.db}.* TO {app.name}", grant.format(name=app.name))
    with pytest.raises(UnsafeRotationError) as raised:
        app.mirror(app.clone)
    assert words in str(raised.value)
    assert app.admin(f"SELECT count(*) FROM mysql.user WHERE User = '{app.clone}'") == [(0,)]
    assert app.server.can_log_in(app.name, app.password)


def test_time_that_is_up_while_changes_are_taken_back_hides_no_remedy(
    app: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error still names the privilege that is missing, and says that something may be left."""
    app.mirror(app.clone)
    app.admin(f"GRANT FILE ON *.* TO {app.name}")
    real = Connection.run
    refused: list[str] = []

    def run(self: Connection, statement: Sql) -> list[tuple[object, ...]]:
        if refused:
            Deadline.after(0).at_most(1)
        try:
            return real(self, statement)
        except PermissionDeniedError:
            refused.append(str(statement))
            raise

    monkeypatch.setattr(Connection, "run", run)
    with pytest.raises(UnsafeRotationError, match=r"GRANT FILE .* could not all be taken back"):
        app.mirror(app.clone)


def test_right_added_later_that_the_superuser_may_not_grant(app: User) -> None:
    """On an existing pair, what the run had granted before it was refused is taken back: both are as they were."""
    app.admin(f"GRANT SELECT ON {app.db}.* TO {app.name}")
    app.mirror(app.clone)
    app.admin(
        f"GRANT INSERT ON {app.db}.* TO {app.name}",
        f"GRANT DELETE ON {app.db}.* TO {app.clone}",
        f"GRANT FILE ON *.* TO {app.name}",
    )
    before = app.grants(app.name), app.grants(app.clone)
    with pytest.raises(UnsafeRotationError, match="GRANT FILE"):
        app.mirror(app.clone)
    assert (app.grants(app.name), app.grants(app.clone)) == before
    app.admin(f"GRANT FILE ON *.* TO {app.clone}")
    app.mirror(app.clone)
    assert app.grants(app.clone) == app.grants(app.name)


def test_locked_user_is_not_unlocked(app: User) -> None:
    """A user that an operator locked stays locked: the rotation to it is refused before anything changes."""
    in_use = app.mirror(app.clone)
    app.admin(f"ALTER USER {app.name} ACCOUNT LOCK")
    with pytest.raises(UnsafeRotationError, match="ACCOUNT UNLOCK"):
        app.mirror(app.name)
    assert not app.server.can_log_in(app.name, app.password)
    assert app.server.can_log_in(app.clone, in_use)


def test_locked_host_stays_locked_on_both(mysql: MySQLServer, unique_name: Names) -> None:
    """A host that is locked on one user gets locked on the other at its turn, and unlocked again in the same way."""
    app = User.create(mysql, unique_name(), "%", "10.1.1.1")
    app.mirror(app.clone)
    locks = f"SELECT User, account_locked FROM mysql.user WHERE Host = '10.1.1.1' AND User IN {app.both} ORDER BY 1"
    app.admin(f"ALTER USER {app.name}@10.1.1.1 ACCOUNT LOCK")
    app.mirror(app.name)
    assert app.admin(locks) == [(app.name, "Y"), (app.clone, "N")]
    app.mirror(app.clone)
    assert app.admin(locks) == [(app.name, "Y"), (app.clone, "Y")]
    app.admin(f"ALTER USER {app.clone}@10.1.1.1 ACCOUNT UNLOCK")
    app.mirror(app.name)
    assert app.admin(locks) == [(app.name, "N"), (app.clone, "N")]


def test_clone_of_a_locked_host_is_locked(mysql: MySQLServer, unique_name: Names) -> None:
    """A host that was locked before there was a clone is locked on the clone."""
    app = User.create(mysql, unique_name(), "%", "10.1.1.1")
    app.admin(f"ALTER USER {app.name}@10.1.1.1 ACCOUNT LOCK")
    app.mirror(app.clone)
    locked = app.admin(f"SELECT Host FROM mysql.user WHERE User = '{app.clone}' AND account_locked = 'Y'")
    assert locked == [("10.1.1.1",)]


def test_second_factor_is_refused(unique_name: Names) -> None:
    """An account that wants more than a password is not given a clone that wants less."""
    with start_mysql(plugin_load_add="auth_socket.so", authentication_policy="*,") as server:
        app = User.create(server, unique_name())
        app.admin(f"ALTER USER {app.name} ADD 2 FACTOR IDENTIFIED WITH auth_socket")
        with pytest.raises(UnsafeRotationError, match="second factor"):
            app.mirror(app.clone)


@pytest.mark.parametrize("repeats", [1, 3])
def test_password_history_does_not_stop_a_repeat(app: User, repeats: int) -> None:
    """With a password history, the same mirror can run again and again: the password is set already."""
    app.admin(f"ALTER USER {app.name} PASSWORD HISTORY 5")
    password = new_password()
    for _ in range(repeats):
        with app.superuser() as session:
            session.mirror(app.pair, app.clone, Password(password), HOLDER)
        assert app.server.can_log_in(app.clone, password)


@pytest.mark.parametrize("hosts", [("%",), ("%", "10.1.1.1")], ids=["one account", "two"])
def test_a_password_that_somebody_replaced_is_not_taken_for_set(
    mysql: MySQLServer, unique_name: Names, hosts: tuple[str, ...]
) -> None:
    """Where the history refuses a password that the account does not have any more, no repeat ends that: it is said."""
    app, password = User.create(mysql, unique_name(), *hosts), Password(new_password())
    app.admin(*(f"ALTER USER '{app.name}'@'{host}' PASSWORD HISTORY 5" for host in hosts))
    with app.superuser() as session:
        session.mirror(app.pair, app.clone, password, HOLDER)
        app.admin(f"ALTER USER '{app.clone}'@'{hosts[-1]}' IDENTIFIED BY '{new_password()}'")
        with pytest.raises(StatementFailedError, match=rf"`{app.clone}`@`{hosts[-1]}`.*PASSWORD HISTORY") as raised:
            session.mirror(app.pair, app.clone, password, HOLDER)
    assert raised.value.refuses_password


def test_plugin_of_the_original_is_the_clones(app: User) -> None:
    """The clone logs in by the original's authentication plugin, also when that changes."""
    plugin = f"SELECT plugin FROM mysql.user WHERE User = '{app.clone}'"
    app.mirror(app.clone)
    assert app.admin(plugin) == [("caching_sha2_password",)]
    app.admin(f"ALTER USER {app.name} IDENTIFIED WITH sha256_password BY '{app.password}'")
    password = app.mirror(app.clone)
    assert app.admin(plugin) == [("sha256_password",)]
    assert app.server.can_log_in(app.clone, password)


def test_no_password_is_left_anywhere(app: User, caplog: pytest.LogCaptureFixture) -> None:
    """The server's log, its statement history and our log hold none of the passwords that were set."""
    app.admin("UPDATE performance_schema.setup_consumers SET ENABLED = 'YES' WHERE NAME LIKE 'events_statements%'")
    passwords = [app.mirror(app.clone), app.mirror(app.name), app.mirror(app.clone)]
    with app.superuser() as session:
        session.set_password(app.name, Password(passwords[1] + "x"))
    history = str(app.admin("SELECT SQL_TEXT FROM performance_schema.events_statements_history_long"))
    history += str(app.admin("SELECT QUERY_SAMPLE_TEXT FROM performance_schema.events_statements_summary_by_digest"))
    log = app.server.log_path.read_text(errors="replace")
    assert app.clone in log
    assert app.clone in history
    for password in passwords:
        assert password not in log + history + caplog.text


def test_a_right_that_somebody_else_revokes_first(app: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is gone already when it is to be revoked, stops nothing."""
    app.admin(f"GRANT SELECT ON {app.db}.* TO {app.name}")
    app.mirror(app.clone)
    app.admin(f"REVOKE SELECT ON {app.db}.* FROM {app.name}")
    real, revoked = Connection.run, list[str]()

    def run(self: Connection, statement: Sql) -> list[tuple[object, ...]]:
        if str(statement).startswith("REVOKE"):
            revoked.append(str(statement))
            app.admin(str(statement))
        return real(self, statement)

    monkeypatch.setattr(Connection, "run", run)
    app.mirror(app.clone)
    assert len(revoked) == 1
    assert app.grants(app.clone) == app.grants(app.name)
