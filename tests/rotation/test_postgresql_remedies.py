"""What PostgreSQL's messages tell people to type is typed as it is printed, and the rotation completes."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import product

import pytest

from lab.engines.postgresql import POSTGRESQL
from lab.servers import Login
from lab.servers.process import wait_for
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, STEPS, Application, MakeApplication
from tests.fixtures.servers import chosen_names, postgres_since, server_called
from tests.rotation.faulted import completes, new_superuser, rotates, tells_no_password
from tests.rotation.typed import type_remedies

Make = Callable[..., Application]


@dataclass(frozen=True)
class Cause:
    """Something that stops setSecret.

    Attributes:
        strategy: of the function.
        done: by an administrator; {app} is the user.
        error: the class of the error.
        only: which statements of the message are for this cause, where it has some for several.
        rotations: how many come before.
    """

    strategy: str
    done: tuple[str, ...]
    error: str
    only: str = ""
    rotations: int = 0


EXPIRED = ("ALTER ROLE {app} VALID UNTIL '2001-01-01'",)
GONE = "CREATE ROLE {app}_gone", "ALTER ROLE {app} SET role = {app}_gone", "DROP ROLE {app}_gone"
MD5 = "SET password_encryption = 'md5'", "ALTER ROLE {app} PASSWORD '{password}'"
SETTING = ("ALTER ROLE {app} SET log_min_duration_statement = 1000",)
OF_CLONE = ("ALTER ROLE {app}_clone SET log_min_duration_statement = 1000",)
TO_KEEP, TO_END = "GRANT|ALTER.*_clone.* SET", ".* RESET"
CAUSES = {
    "locked": Cause(SINGLE_USER, ("ALTER ROLE {app} NOLOGIN",), "LoginRefusedError"),
    "expired": Cause(SINGLE_USER, EXPIRED, "LoginRejectedError", ".*VALID UNTIL"),
    "no password": Cause(SINGLE_USER, ("ALTER ROLE {app} PASSWORD NULL",), "LoginRejectedError", "SET|ALTER.*PASSWORD"),
    "MD5": Cause(SINGLE_USER, MD5, "LoginRejectedError", "SET|ALTER.*PASSWORD"),
    "limit": Cause(SINGLE_USER, ("ALTER ROLE {app} CONNECTION LIMIT 0",), "DatabaseUnreachableError"),
    "role dropped": Cause(SINGLE_USER, GONE, "UnsafeRotationError"),
    "role dropped, original": Cause(ALTERNATING_USERS, GONE, "UnsafeRotationError", rotations=2),
    "clone locked": Cause(ALTERNATING_USERS, ("ALTER ROLE {app}_clone NOLOGIN",), "UnsafeRotationError", rotations=2),
    "original expired": Cause(ALTERNATING_USERS, EXPIRED, "UnsafeRotationError", rotations=1),
    "superuser of the server": Cause(ALTERNATING_USERS, ("ALTER ROLE {app} SUPERUSER",), "UnsafeRotationError"),
    "replication": Cause(ALTERNATING_USERS, ("ALTER ROLE {app} REPLICATION",), "UnsafeRotationError"),
    "setting": Cause(ALTERNATING_USERS, SETTING, "UnsafeRotationError", TO_KEEP),
    "setting, ended": Cause(ALTERNATING_USERS, SETTING, "UnsafeRotationError", TO_END),
    "setting, with a clone": Cause(ALTERNATING_USERS, SETTING, "UnsafeRotationError", TO_KEEP, rotations=2),
    "setting of the clone": Cause(ALTERNATING_USERS, OF_CLONE, "UnsafeRotationError", TO_END, rotations=2),
}


SERVERS = sorted({chosen_names(POSTGRESQL)[0], chosen_names(POSTGRESQL)[-1]})
FROM_15_ON = CAUSES["setting"]
"""Older versions can give the setting to the clone only once that exists."""


def since(major: int) -> pytest.MarkDecorator:
    """Run a test on those of the servers that have what came with this version."""
    return pytest.mark.parametrize("make", [name for name in SERVERS if name in postgres_since(major)], indirect=True)


@pytest.fixture(params=SERVERS)
def make(request: pytest.FixtureRequest, make_user: MakeUser, make_application: MakeApplication) -> Make:
    """Make an application of this strategy, on the oldest version and on the newest."""
    server = server_called(request.config, request.param)
    return lambda strategy, **changes: make_application(make_user(server), strategy, **changes)


def stops(application: Application, error: str) -> tuple[str, str]:
    """Begin a rotation that setSecret stops with this error; its token, and the message."""
    token = application.begin()
    outcome = application.steps(token, "createSecret", "setSecret")
    assert outcome.error_type == error, outcome
    tells_no_password(application, str(outcome.error_message))
    return token, str(outcome.error_message)


def warnings(application: Application) -> str:
    """What the function's log has of warnings."""
    return "\n".join(str(line["message"]) for line in application.log() if line.get("level") == "WARNING")


def in_own_database(application: Application, *statements: str) -> None:
    """Give the application a database of its own, and run statements there as an administrator."""
    database = f"db_{application.user.username}"
    application.user.as_superuser(f"CREATE DATABASE {database}")
    application.user.dbname = database
    application.secret.change(dbname=database)
    application.user.administrate(
        f"CREATE TABLE notes_{application.user.username} (note text)",
        f"ALTER TABLE notes_{application.user.username} OWNER TO {application.user.username}",
        *statements,
    )


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        pytest.param(server, cause, id=f"{server}-{name}")
        for (name, cause), server in product(CAUSES.items(), SERVERS)
        if cause is not FROM_15_ON or server in postgres_since(15)
    ],
    indirect=["make"],
)
def test_the_remedy_of_a_cause(make: Make, cause: Cause) -> None:
    """What the message prints ends the cause, and nothing of it is refused."""
    application = make(cause.strategy)
    user = application.user
    rotates(application, cause.rotations)
    if cause.done in (SETTING, OF_CLONE):
        new_superuser(application, user.username, *([f"{user.username}_clone"] if cause.rotations else []))
    user.administrate(*(one.format(app=user.username, password=application.credentials()[1]) for one in cause.done))
    token, message = stops(application, cause.error)
    type_remedies(application, message, cause.only)
    completes(application, token)


def test_the_role_is_missing(make: Make) -> None:
    """A role that was dropped is created as printed, and the rotation completes."""
    application = make(SINGLE_USER)
    application.user.administrate(*application.user.kit.drop(application.user.username))
    token, message = stops(application, "LoginRejectedError")
    type_remedies(application, message, "CREATE ROLE")
    assert not application.steps(token, *STEPS).failed
    assert application.logs_in()


def test_a_dry_run_says_the_same(make: Make) -> None:
    """A password that is not the user's has the statement that sets it in testSecret, too."""
    application = make(SINGLE_USER)
    application.user.set_password("changed-by-hand")
    token = application.begin()
    application.secret.put(application.secret.value(), stages=("AWSPENDING",), token=token)
    outcome = application.step("testSecret", token)
    assert outcome.error_type == "LoginRejectedError"
    type_remedies(application, str(outcome.error_message), "SET|ALTER.*PASSWORD")
    assert not application.step("testSecret", token).failed


DATABASES = {
    "GRANT CONNECT": "REVOKE CONNECT ON DATABASE {database} FROM public",
    "ALLOW_CONNECTIONS": "ALTER DATABASE {database} ALLOW_CONNECTIONS false",
    "CONNECTION LIMIT": "ALTER DATABASE {database} CONNECTION LIMIT 0",
}


@pytest.mark.parametrize(("words", "fault"), DATABASES.items(), ids=DATABASES)
def test_a_database_that_lets_nobody_in(make: Make, words: str, fault: str) -> None:
    """What closes a database to the user is named, and opened by the statement."""
    application = make(SINGLE_USER)
    in_own_database(application)
    database, application.user.dbname = application.user.dbname, "postgres"
    application.user.administrate(fault.format(database=database))
    token = application.begin()
    message = str(application.steps(token, "createSecret", "setSecret").error_message)
    assert words in message
    type_remedies(application, message, r"GRANT|ALTER")
    application.user.dbname = database
    completes(application, token)


def test_a_missing_database(make: Make) -> None:
    """A database that there is not is created as printed."""
    application = make(SINGLE_USER, dbname="to be dropped")
    token, message = stops(application, "LoginRefusedError")
    try:
        type_remedies(application, message, "CREATE DATABASE")
        assert not application.steps(token, *STEPS).failed
    finally:
        application.user.administrate('DROP DATABASE IF EXISTS "to be dropped"')


@since(17)
def test_a_login_trigger_that_raises(make: Make) -> None:
    """From PostgreSQL 17 on a trigger may keep a user out: the message lists what switches it off."""
    application = make(SINGLE_USER)
    in_own_database(
        application,
        "CREATE FUNCTION keep_out() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF session_user = '{application.user.username}' THEN RAISE EXCEPTION 'no'; END IF; END $$",
        'CREATE EVENT TRIGGER "Keep Out" ON login EXECUTE FUNCTION keep_out()',
    )
    token, message = stops(application, "DatabaseUnreachableError")
    rows = type_remedies(application, message, "SELECT format")
    application.user.administrate(*(str(statement) for (statement,) in rows))
    completes(application, token)


def test_the_superusers_password_is_expired(make: Make) -> None:
    """The superuser's own VALID UNTIL is among what the message names, with the statement."""
    application = make(ALTERNATING_USERS)
    user, boss = application.user, Login(f"boss_{application.user.username}", "of-the-boss")
    user.as_superuser(*user.kit.create_superuser(boss, [user.username]))
    user.as_superuser(f"ALTER ROLE {boss.username} VALID UNTIL '2001-01-01'")
    application.superuser_secret.change(username=boss.username, password=boss.password)
    token, message = stops(application, "SuperuserRejectedError")
    type_remedies(application, message, f'ALTER ROLE "{boss.username}" VALID UNTIL')
    completes(application, token)


@pytest.mark.parametrize("through", [None, "group"])
def test_the_original_is_a_member_of_its_clone(make: Make, through: str | None) -> None:
    """A circle is named before anything is changed, with the REVOKE and the role that may run it."""
    application = make(ALTERNATING_USERS)
    app = application.user.username
    clone, member = f"{app}_clone", f"{app}_{through}" if through else app
    application.user.as_superuser(f"CREATE ROLE {clone} LOGIN PASSWORD 'known'")
    if through:
        application.user.as_superuser(f"CREATE ROLE {member}", f"GRANT {member} TO {app}")
    application.user.as_superuser(f"GRANT {clone} TO {member}")
    current = application.secret.value()
    application.secret.change(username=clone, password="known")
    application.secret.put(current)
    before = application.user.kit.rights(application.user.administrate, clone)
    token, message = stops(application, "UnsafeRotationError")
    assert application.user.kit.rights(application.user.administrate, clone) == before
    type_remedies(application, message)
    completes(application, token)


def nobodys(application: Application) -> None:
    """Make the user one on which nobody has ADMIN OPTION, as one from before PostgreSQL 16."""
    user = application.user
    user.administrate(*user.kit.drop(user.username), *user.kit.creation(user.username, user.password))
    user.administrate(f"ALTER TABLE notes_{user.username} OWNER TO {user.username}")


@since(16)
def test_nobody_has_admin_option(make: Make) -> None:
    """Where a superuser of the server is to be had, its statement is all that it takes."""
    application = make(ALTERNATING_USERS)
    nobodys(application)
    token, message = stops(application, "UnsafeRotationError")
    type_remedies(application, message, ".*ADMIN OPTION")
    completes(application, token)


@since(16)
def test_nobody_has_admin_option_nor_may_give_it(make: Make) -> None:
    """As on RDS: another user takes over what the user owns, by statements that the two run themselves."""
    application = make(ALTERNATING_USERS)
    nobodys(application)
    _, message = stops(application, "UnsafeRotationError")
    type_remedies(application, message, "(?!.*ADMIN OPTION)", password="of-the-successor")
    application.secret.remove_pending()
    app = application.user.username
    application.secret.change(username=f"{app}_2", password="of-the-successor")
    assert application.rotate().succeeded
    assert application.rotate().succeeded
    assert application.works()


def test_a_single_user_needs_no_admin_option(make: Make) -> None:
    """Whoever created it, a user sets its own password, which is the way that the message names first."""
    application = make(SINGLE_USER)
    nobodys(application)
    rotates(application)


def test_a_lock_that_is_held(make: Make) -> None:
    """The statement ends the session that holds the role, and says whose it was."""
    application = make(SINGLE_USER)
    user = application.user
    with closing(user.server.connect(user.server.superuser)) as blocker, closing(blocker.cursor()) as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"ALTER ROLE {user.username} CONNECTION LIMIT 5")
        token, message = stops(application, "StatementFailedError")
        # A server reports the failed statement before it lets go of what that had locked: for a moment both hold one.
        wait_for(lambda: user.sessions() == 0, 60, lambda: "the function's session has not ended")
        rows = type_remedies(application, message)
        assert [row[0] for row in rows] == [user.server.superuser.username]
    completes(application, token)


def log_of_next(application: Application) -> str:
    """Rotate, and return what that warned of."""
    before = warnings(application)
    rotates(application)
    return warnings(application).removeprefix(before)


def test_rights_that_somebody_else_granted_to_the_clone(make: Make) -> None:
    """The log names each right with the statements for whoever granted it; typed, the warning is gone for good."""
    application = make(ALTERNATING_USERS)
    rotates(application)
    clone, table = f"{application.user.username}_clone", f'public."Of {application.user.username}"'
    application.user.administrate(
        f"CREATE TABLE {table} (n int)",
        f"GRANT SELECT, INSERT ON {table} TO {clone} WITH GRANT OPTION",
        f"GRANT UPDATE (n) ON {table} TO {clone}",
    )
    type_remedies(application, log_of_next(application), "GRANT|REVOKE")
    assert log_of_next(application) == ""
    login = Login(*application.credentials())
    application.user.server.run(login, f"INSERT INTO {table} VALUES (1)", f"UPDATE {table} SET n = 2")  # noqa: S608


def test_a_right_that_was_moved_is_not_warned_of(make: Make) -> None:
    """The open transaction sees what was moved, whatever isolation the owner of the database has set for it."""
    application = make(ALTERNATING_USERS)
    in_own_database(application)
    database, clone = application.user.dbname, f"{application.user.username}_clone"
    application.user.administrate(f"ALTER DATABASE {database} SET default_transaction_isolation = 'repeatable read'")
    rotates(application)
    application.user.as_superuser(f"GRANT TEMPORARY ON DATABASE {database} TO {clone}")
    assert log_of_next(application) == ""


def test_a_role_that_somebody_else_granted_to_the_clone(make: Make) -> None:
    """Where the superuser may not hand the role on, the statements do, and the warning is gone for good."""
    application = make(ALTERNATING_USERS)
    rotates(application)
    app, group = application.user.username, f"group_{application.user.username}"
    application.user.administrate(f"CREATE ROLE {group} SUPERUSER", f"GRANT {group} TO {app}_clone")
    type_remedies(application, log_of_next(application))
    application.user.administrate(f"ALTER ROLE {group} NOSUPERUSER")
    assert log_of_next(application) == ""


def test_objects_that_the_clone_owns(make: Make) -> None:
    """The statements hand them over, and the warning is gone for good."""
    application = make(ALTERNATING_USERS)
    rotates(application)
    clone, table = f"{application.user.username}_clone", f"of_{application.user.username}"
    application.user.administrate(f"CREATE TABLE {table} (n int)", f"ALTER TABLE {table} OWNER TO {clone}")
    type_remedies(application, log_of_next(application))
    assert log_of_next(application) == ""


def test_a_right_of_another_kind(make: Make) -> None:
    """What has no statement of its own is listed by the one that the log prints."""
    application = make(ALTERNATING_USERS)
    rotates(application)
    application.user.administrate(f"GRANT USAGE ON LANGUAGE sql TO {application.user.username}_clone")
    assert type_remedies(application, log_of_next(application), "SELECT") == [("language sql",)]


@pytest.mark.parametrize("strategy", [SINGLE_USER, ALTERNATING_USERS])
@pytest.mark.parametrize(("days", "is_told"), [(39, True), (41, False)])
def test_the_end_of_a_password_is_told_before_it_comes(make: Make, strategy: str, days: int, *, is_told: bool) -> None:
    """VALID UNTIL within forty days is a warning with the date and the statement, after which it is gone."""
    application = make(strategy)
    user = application.user
    ((date,),) = user.administrate(f"SELECT (date_trunc('day', now()) + interval '{days} days')::date::text")
    user.as_superuser(f"ALTER ROLE {user.username} VALID UNTIL '{date} 00:00+00'")
    told = log_of_next(application)
    assert (str(date) in told) is is_told
    if is_told:
        type_remedies(application, told)
    assert log_of_next(application) == ""
