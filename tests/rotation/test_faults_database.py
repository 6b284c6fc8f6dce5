"""A database that is full, locked, read-only or strict while a rotation is at work: one error, and then it heals."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace

import psycopg2
import pymysql
import pytest

from lab.servers import Login
from tests.fixtures.databases import MYSQL
from tests.fixtures.rotation import Application, MakeApplication
from tests.rotation.conftest import POSTGRES
from tests.rotation.faulted import heals, reach, rotates, stopped

pytestmark = pytest.mark.xdist_group("own servers")  # in one worker, so that each is started once
STAGE_THAT_LOGS_IN = {"setSecret": "AWSCURRENT", "testSecret": "AWSPENDING"}
database_steps = pytest.mark.parametrize("step", STAGE_THAT_LOGS_IN)


@pytest.fixture
def application(own_application: Application) -> Application:
    """An application on a server of these tests."""
    return own_application


@dataclass(frozen=True)
class Trouble:
    """Something that an administrator's statements cause and end; {user} is the user whose login comes next."""

    begin: str
    end: str
    sessions: int = 0
    """How many sessions that user has open meanwhile."""
    rejections: int = 0
    """How many logins with a wrong password it had before."""

    @contextmanager
    def of(self, application: Application, stage: str) -> Iterator[None]:
        """Keep it up for the length of a block."""
        user, (username, password) = application.user, application.credentials(stage)
        account = f"'{username}'@'%'" if user.engine == MYSQL else f'"{username}"'
        with ExitStack() as stack:
            user.administrate(self.begin.format(user=account))
            stack.callback(user.administrate, self.end.format(user=account))
            for _ in range(self.sessions):
                stack.enter_context(closing(user.server.connect(Login(username, password), user.dbname)))
            for _ in range(self.rejections):
                assert not user.can_log_in(username, "wrong")
            yield


TROUBLES: dict[str, tuple[dict[str, Trouble], str, tuple[str, ...]]] = {
    "no-connection-left-for-the-user": (
        {
            POSTGRES: Trouble(
                "ALTER ROLE {user} CONNECTION LIMIT 1", "ALTER ROLE {user} CONNECTION LIMIT -1", sessions=1
            ),
            MYSQL: Trouble(
                "ALTER USER {user} WITH MAX_USER_CONNECTIONS 1",
                "ALTER USER {user} WITH MAX_USER_CONNECTIONS 0",
                sessions=1,
            ),
        },
        "DatabaseUnreachableError",
        ("no connection is free|resource limits", "CONNECTION LIMIT|MAX_USER_CONNECTIONS"),
    ),
    "locked": (
        {
            POSTGRES: Trouble("ALTER ROLE {user} NOLOGIN", "ALTER ROLE {user} LOGIN"),
            MYSQL: Trouble("ALTER USER {user} ACCOUNT LOCK", "ALTER USER {user} ACCOUNT UNLOCK"),
        },
        "LoginRefusedError",
        ("may not log in|is locked", "ALTER ROLE .* LOGIN|ACCOUNT UNLOCK"),
    ),
    "locked-by-failures": (
        {
            MYSQL: Trouble(
                "ALTER USER {user} FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME UNBOUNDED",
                "ALTER USER {user} FAILED_LOGIN_ATTEMPTS 0 PASSWORD_LOCK_TIME 0 ACCOUNT UNLOCK",
                rejections=2,
            )
        },
        "LoginRefusedError",
        ("locked after too many failed logins", "ACCOUNT UNLOCK"),
    ),
    "expired": (
        {
            POSTGRES: Trouble("ALTER ROLE {user} VALID UNTIL '2001-01-01'", "ALTER ROLE {user} VALID UNTIL 'infinity'"),
        },
        "LoginRejectedError",
        ("rejected", "VALID UNTIL"),
    ),
}


@database_steps
@pytest.mark.parametrize(("troubles", "error", "patterns"), TROUBLES.values(), ids=TROUBLES)
def test_a_user_in_trouble(
    application: Application, step: str, troubles: dict[str, Trouble], error: str, patterns: tuple[str, ...]
) -> None:
    """What keeps the user out is told from a wrong password wherever the server tells it, with its remedy."""
    if application.user.engine not in troubles:
        pytest.skip("the other engine has no such thing")
    token = reach(application, step)
    with troubles[application.user.engine].of(application, STAGE_THAT_LOGS_IN[step]):
        outcome = application.step(step, token)
    stopped(application, outcome, error, *patterns, application.user.username)
    heals(application, token)


@database_steps
def test_a_server_that_is_full(application: Application, step: str) -> None:
    """No connection is left: an outage that says what to raise, and after which no other password is tried."""
    user, token = application.user, reach(application, step)
    login = Login(*application.credentials(STAGE_THAT_LOGS_IN[step]))
    before = user.rejected_logins()
    with ExitStack() as stack:
        with suppress(psycopg2.OperationalError, pymysql.err.OperationalError):
            while True:
                stack.enter_context(closing(user.server.connect(login, user.dbname)))
        outcome = application.step(step, token)
    assert user.rejected_logins() == before
    stopped(application, outcome, "DatabaseUnreachableError", "no connection is free|too many connections", "max_conn")
    heals(application, token)


def test_somebody_who_holds_a_lock(application: Application) -> None:
    """A transaction that keeps all users from being changed is an error before the invocation's end."""
    user, token = application.user, reach(application, "setSecret")
    application.function.timeout_seconds = 6.0
    lock = "LOCK TABLES mysql.user READ" if user.engine == MYSQL else "LOCK TABLE pg_authid IN SHARE MODE"
    with closing(user.server.connect(user.server.administrator, user.dbname)) as session:
        session.cursor().execute("BEGIN")
        session.cursor().execute(lock)
        outcome = application.step("setSecret", token)
    assert outcome.duration_ms < 6000
    stopped(application, outcome, "StatementFailedError", "[Aa]nother session holds a lock")
    application.function.timeout_seconds = 30.0
    heals(application, token)


def test_a_server_that_is_read_only(application: Application) -> None:
    """A server whose transactions are read-only by default is changed all the same; one that is a reader is named."""
    user, token = application.user, reach(application, "setSecret")
    setting = "super_read_only" if user.engine == MYSQL else "default_transaction_read_only"
    user.server.reconfigure(**{setting: "ON"})
    outcome = application.step("setSecret", token)
    user.server.reconfigure(**{setting: "OFF"})
    if user.engine == MYSQL:
        user.server.reconfigure(read_only="OFF")
        stopped(application, outcome, "StatementFailedError", "read-only", "writer")
    else:
        assert not outcome.failed, outcome
    heals(application, token)


def test_a_policy_for_passwords(application: Application, strategy: str, make_application: MakeApplication) -> None:
    """A password that the policy refuses is refused at each attempt, so the error says how to get another one."""
    user = application.user
    if user.engine != MYSQL:
        pytest.skip("PostgreSQL is sent a verifier, of which no policy can tell more than that it is one")
    poor = make_application(user, strategy, environ={"EXCLUDE_PUNCTUATION": "true"})
    token = reach(poor, "setSecret")
    user.administrate("INSTALL COMPONENT 'file://component_validate_password'")
    try:
        for _ in range(2):
            outcome = poor.step("setSecret", token)
            stopped(poor, outcome, "StatementFailedError", "validate_password", "EXCLUDE_", "remove the label AWSPEND")
        poor.cancel()
        poor.secret.enable_rotation(application.function)
        rotates(replace(poor, function=application.function))
    finally:
        user.administrate("UNINSTALL COMPONENT 'file://component_validate_password'")


def test_a_password_that_has_expired(application: Application) -> None:
    """MySQL lets an expired password in to be changed, so the rotation is its own remedy."""
    if application.user.engine != MYSQL:
        pytest.skip("PostgreSQL rejects an expired password as a wrong one: see test_a_user_in_trouble")
    application.user.administrate(f"ALTER USER '{application.user.username}'@'%' PASSWORD EXPIRE")
    rotates(application)
    rotates(application)
