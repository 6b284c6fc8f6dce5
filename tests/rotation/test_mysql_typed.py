"""What an error says to type on MySQL: an administrator types it to the letter, and the same rotation completes."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import pytest

from lab.engines.mysql import MYSQL, MySQLServer, start_mysql
from lab.servers import Login
from tests.fixtures.databases import MakeUser, newest_database_name
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication
from tests.rotation.faulted import completes, heals, new_superuser, reach, rotates, stopped

STATEMENT = re.compile(
    r"\b(?:ALTER USER|CREATE USER|FLUSH|GRANT|REVOKE|SELECT|SET GLOBAL|SHOW CREATE USER) [^;]*;", re.ASCII
)
PLACEHOLDER = "<the password in AWSCURRENT>"


def type_all(application: Application, message: object, password: str = "") -> list[tuple[Any, ...]]:
    """Type every statement of a message, with a password where it asks for one; the rows of the last one."""
    statements = [found.replace(PLACEHOLDER, password) for found in STATEMENT.findall(str(message))]
    assert statements, message
    assert not [statement for statement in statements if "<" in statement]
    return application.user.administrate(*statements)


@dataclass(frozen=True)
class Cause:
    """What keeps a user out: statements about `{account}`, and what happens after them."""

    statements: tuple[str, ...]
    error: str = "LoginRefusedError"
    rejections: int = 0
    sessions: int = 0
    logins: int = 0
    words: str = ""


CAUSES = {
    "locked": Cause(("ALTER USER {account} ACCOUNT LOCK",), words="is locked"),
    "locked-by-failures": Cause(
        ("ALTER USER {account} FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME UNBOUNDED",),
        rejections=1,
        words="too many failed logins",
    ),
    "plugin-is-gone": Cause(
        ("UPDATE mysql.user SET plugin = 'gone' WHERE user = '{name}'", "FLUSH PRIVILEGES"), words="not loaded"
    ),
    "logs-in-by-no-password": Cause(
        ("ALTER USER {account} IDENTIFIED WITH auth_socket",), words="does not log in by password"
    ),
    "sessions": Cause(
        ("ALTER USER {account} WITH MAX_USER_CONNECTIONS 1",),
        "DatabaseUnreachableError",
        sessions=1,
        words="limits, MAX_USER_CONNECTIONS",
    ),
    "connections": Cause(
        ("ALTER USER {account} WITH MAX_CONNECTIONS_PER_HOUR 1",),
        "DatabaseUnreachableError",
        logins=1,
        words="limits, MAX_CONNECTIONS_PER_HOUR",
    ),
}


def fall_into(stack: ExitStack, application: Application, cause: Cause, login: Login) -> None:
    """Let a cause keep a user out."""
    user = application.user
    account = user.kit.account(login.username)
    user.administrate(*(text.format(account=account, name=login.username) for text in cause.statements))
    for _ in range(cause.rejections):
        assert not user.can_log_in(login.username, "wrong")
    for _ in range(cause.logins):
        user.server.connect(login).close()
    for _ in range(cause.sessions):
        stack.enter_context(closing(user.server.connect(login)))


@pytest.fixture(scope="module")
def mysql() -> Iterator[MySQLServer]:
    """A server with a plugin whose accounts have no password."""
    with start_mysql(plugin_load_add="auth_socket.so") as server:
        yield server


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)
def test_a_user_that_is_kept_out(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, strategy: str, cause: Cause
) -> None:
    """Whatever keeps the application's user out: what the error says lets it in."""
    application = make_application(make_user(mysql), strategy)
    token, login = reach(application, "setSecret"), Login(*application.credentials())
    with ExitStack() as stack:
        fall_into(stack, application, cause, login)
        outcome = application.step("setSecret", token)
    assert outcome.error_type == cause.error, outcome
    assert re.search(cause.words, str(outcome.error_message)), outcome
    type_all(application, outcome.error_message, login.password)
    heals(application, token)


@pytest.fixture
def alternating(mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application whose two users alternate."""
    return make_application(make_user(mysql), ALTERNATING_USERS)


EXPIRED = Cause(("ALTER USER {account} PASSWORD EXPIRE",), words="expired")


@pytest.mark.parametrize(
    "cause", [*list(CAUSES.values())[:4], EXPIRED], ids=[*list(CAUSES)[:4], "password-has-expired"]
)
def test_a_superuser_that_is_kept_out(alternating: Application, cause: Cause) -> None:
    """The same of the superuser, which nothing heals by itself."""
    name = new_superuser(alternating, alternating.user.username)
    token, password = reach(alternating, "setSecret"), alternating.superuser_secret.value()["password"]
    with ExitStack() as stack:
        fall_into(stack, alternating, cause, Login(name, password))
        outcome = alternating.step("setSecret", token)
    stopped(alternating, outcome, cause.error, name, cause.words)
    type_all(alternating, outcome.error_message, password)
    heals(alternating, token)


NEEDED = {
    "reads": "GRANT SELECT ON mysql.* TO {boss}",
    "creates": "GRANT CREATE USER ON *.* TO {boss}",
    "gives rights on a database": "GRANT SELECT, INSERT ON {db}.* TO {boss} WITH GRANT OPTION",
    "gives a right on a table": "GRANT UPDATE (note) ON {notes} TO {boss} WITH GRANT OPTION",
    "gives a dynamic right": "GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {boss} WITH GRANT OPTION",
    "gives a role": "GRANT {role} TO {boss} WITH ADMIN OPTION",
}
"""All that a superuser needs for one pair."""


@pytest.mark.parametrize("missing", [*([name] for name in NEEDED), list(NEEDED)], ids=[*NEEDED, "all of it"])
def test_a_superuser_that_lacks_a_privilege(alternating: Application, missing: list[str]) -> None:
    """Each error says what to grant to whom, until nothing is missing."""
    user, role = alternating.user, f"{alternating.user.username}_role"
    account, notes = user.kit.account(user.username), user.kit.notes(user.username)
    user.administrate(
        f"CREATE ROLE {role}", f"GRANT {role} TO {account}", f"GRANT UPDATE (note) ON {notes} TO {account}"
    )
    boss = user.kit.account(new_superuser(alternating))
    held = [text for name, text in NEEDED.items() if name not in missing]
    user.administrate(*(text.format(boss=boss, db=user.dbname, notes=notes, role=role) for text in held))
    token = reach(alternating, "setSecret")
    for _ in missing:
        outcome = alternating.step("setSecret", token)
        assert "GRANT" in str(outcome.error_message), outcome
        type_all(alternating, outcome.error_message)
    heals(alternating, token)


def test_a_system_user(alternating: Application) -> None:
    """A pair that the superuser may not touch: both ways out are there, and each is a statement."""
    user = alternating.user
    user.administrate(f"GRANT SYSTEM_USER ON *.* TO {user.kit.account(user.username)}")
    boss = new_superuser(alternating, user.username)
    token = reach(alternating, "setSecret")
    message = str(alternating.step("setSecret", token).error_message)
    assert f"GRANT SYSTEM_USER ON *.* TO {user.kit.account(boss)};" in message
    type_all(alternating, message)
    heals(alternating, token)


def test_a_user_without_the_dual_password_privilege(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """The warning of a gap has the statement that closes it."""
    user = make_user(mysql)
    application = make_application(user, SINGLE_USER)
    user.administrate(f"REVOKE APPLICATION_PASSWORD_ADMIN ON *.* FROM {user.kit.account(user.username)}")
    rotates(application)
    assert not application.logs_in("AWSPREVIOUS")
    (warning,) = (line["message"] for line in application.log() if line.get("level") == "WARNING")
    type_all(application, warning)
    rotates(application)
    assert application.logs_in("AWSPREVIOUS")


POWERS = ["GRANT PROCESS ON *.* TO {}", "GRANT SELECT ON mysql.* TO {}", "GRANT {}_admin TO {} WITH ADMIN OPTION"]


@pytest.mark.parametrize("through_role", [False, True], ids=["itself", "through a role"])
@pytest.mark.parametrize("grant", POWERS)
def test_a_user_whose_password_is_not_reset(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, grant: str, through_role: bool
) -> None:
    """Who has more than an ordinary user is spared; what the error says to revoke makes it an ordinary one."""
    user = make_user(mysql)
    application = make_application(user, SINGLE_USER, environ={"RESET_WITH_SUPERUSER": "true"})
    application.secret.change(masterarn=application.superuser_secret.arn)
    account, role = user.kit.account(user.username), f"{user.username}_role"
    user.administrate(f"CREATE ROLE {role}, {user.username}_admin", f"GRANT {role} TO {account}")
    names = [role if through_role else user.username]
    user.administrate(grant.format(*([user.username] if "admin" in grant else []), *names))
    user.set_password("forgotten")
    token = reach(application, "setSecret")
    outcome = application.step("setSecret", token)
    assert outcome.error_type == "UnsafeRotationError", outcome
    (revocation,) = re.findall(r"REVOKE [^;]*;", str(outcome.error_message))
    user.administrate(revocation)
    heals(application, token)


def test_a_database_that_the_user_may_not_use(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, strategy: str
) -> None:
    """A right there is what the error says to grant, and to no other database whose name is like it."""
    user = make_user(mysql)
    database = f"{user.username}_x"
    user.administrate(f"CREATE DATABASE {database}", f"CREATE DATABASE {database.replace('_', 'y')}")
    application = make_application(user, strategy, dbname=database)
    token = reach(application, "setSecret")
    outcome = application.step("setSecret", token)
    stopped(application, outcome, "LoginRefusedError", "or there is none of that name")
    type_all(application, outcome.error_message)
    assert not user.server.can_log_in(user.username, user.password, database.replace("_", "y"))
    completes(application, token)


def test_a_user_of_other_addresses(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, strategy: str
) -> None:
    """A rejection names what else it may be, and the query that tells which it is."""
    application = make_application(make_user(mysql), strategy)
    user, token = application.user, reach(application, "setSecret")
    user.administrate(f"RENAME USER {user.kit.account(user.username)} TO `{user.username}`@`10.9.8.7`")
    outcome = application.step("setSecret", token)
    assert outcome.error_type == "LoginRejectedError"
    assert "none for localhost" in str(outcome.error_message)
    rows = type_all(application, outcome.error_message)
    assert [row[:2] for row in rows if row[0]] == [(user.username, "10.9.8.7")]
    user.administrate(f"RENAME USER `{user.username}`@`10.9.8.7` TO {user.kit.account(user.username)}")
    heals(application, token)


def test_a_superuser_of_other_addresses(alternating: Application) -> None:
    """The same of the superuser, whose password may be right."""
    user, name = alternating.user, new_superuser(alternating, alternating.user.username)
    token = reach(alternating, "setSecret")
    user.administrate(f"RENAME USER {user.kit.account(name)} TO `{name}`@`10.9.8.7`")
    outcome = alternating.step("setSecret", token)
    stopped(alternating, outcome, "SuperuserRejectedError", "none for localhost", "REQUIRE X509")
    rows = type_all(alternating, outcome.error_message)
    assert (name, "10.9.8.7") in [row[:2] for row in rows]


@pytest.mark.parametrize("lock", ["LOCK TABLES mysql.user READ", "FLUSH TABLES WITH READ LOCK"])
@pytest.mark.xdist_group("own servers")
@pytest.mark.parametrize("own_server", [newest_database_name(MYSQL)], indirect=True)
def test_who_holds_a_lock(own_application: Application, lock: str) -> None:
    """The query in the error shows the session that keeps all users from being changed."""
    user, token = own_application.user, reach(own_application, "setSecret")
    own_application.function.timeout_seconds = 12.0
    with closing(user.server.connect(user.server.administrator, user.dbname)) as session:
        cursor = session.cursor()
        cursor.execute("SELECT CONNECTION_ID()")
        (holder,) = cursor.fetchone()
        cursor.execute(lock)
        outcome = own_application.step("setSecret", token)
        assert outcome.duration_ms < 20_000
        shown = type_all(own_application, outcome.error_message)
        user.administrate(f"KILL {holder}")
    assert (holder, user.server.administrator.username) in shown
    own_application.function.timeout_seconds = 30.0
    heals(own_application, token)


@pytest.mark.xdist_group("own servers")
@pytest.mark.parametrize("own_server", [newest_database_name(MYSQL)], indirect=True)
@pytest.mark.parametrize(
    ("name", "value"), [("offline_mode", "ON"), ("init_connect", "nonsense")], ids=["offline", "init_connect"]
)
def test_a_server_that_lets_nobody_work(own_application: Application, name: str, value: str) -> None:
    """A variable of the server's that ends every session is named with the statement that sets it back."""
    token = reach(own_application, "setSecret")
    own_application.user.administrate(f"SET GLOBAL {name} = '{value}'")
    try:
        outcome = own_application.step("setSecret", token)
        assert outcome.error_type == "DatabaseUnreachableError", outcome
        type_all(own_application, outcome.error_message)
        heals(own_application, token)
    finally:
        own_application.user.administrate(f"SET GLOBAL {name} = DEFAULT")
