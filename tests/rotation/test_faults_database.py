"""A database that is full or locked while a rotation is at work: one error, and then it heals."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from lab.engines import KITS
from lab.engines.kit import Trouble
from lab.servers import Login
from lab.servers.process import wait_for
from tests.fixtures.databases import ApplicationUser, newest_database_name
from tests.fixtures.rotation import Application
from tests.rotation.faulted import ends_in_time, heals, reach, stopped

pytestmark = pytest.mark.xdist_group("own servers")  # in one worker, so that each is started once
STAGE_THAT_LOGS_IN = {"setSecret": "AWSCURRENT", "testSecret": "AWSPENDING"}
TROUBLES = [(newest_database_name(kit), name) for kit in KITS for name in kit.troubles("app")]
IN_A_ROW = 5
"""So often is a connection refused before a server counts as full: one that was closed before is let go of later."""
LEAVING_SECONDS = 60
"""A server lets go of a session that is closed in much less."""
database_steps = pytest.mark.parametrize("step", STAGE_THAT_LOGS_IN)


@contextmanager
def in_trouble(application: Application, trouble: Trouble, login: Login) -> Iterator[None]:
    """Keep a trouble up for the length of a block, for the user whose login comes next."""
    user = application.user
    with ExitStack() as stack:
        user.administrate(trouble.cause)
        stack.callback(user.administrate, trouble.remedy)
        for _ in range(trouble.sessions):
            stack.enter_context(closing(user.server.connect(login, user.dbname)))
        for _ in range(trouble.rejections):
            assert not user.can_log_in(login.username, "wrong")
        yield


@database_steps
@pytest.mark.parametrize(("own_server", "name"), TROUBLES, indirect=["own_server"])
def test_a_user_in_trouble(own_application: Application, step: str, name: str) -> None:
    """What keeps the user out is told from a wrong password wherever the server tells it, with its remedy."""
    token = reach(own_application, step)
    login = Login(*own_application.credentials(STAGE_THAT_LOGS_IN[step]))
    trouble = own_application.user.kit.troubles(login.username)[name]
    with in_trouble(own_application, trouble, login):
        outcome = own_application.step(step, token)
    stopped(own_application, outcome, trouble.error, *trouble.words, own_application.user.username)
    heals(own_application, token)


@database_steps
def test_a_server_that_is_full(own_application: Application, step: str) -> None:
    """No connection is left: an outage that says what to raise, and after which no other password is tried."""
    user, token = own_application.user, reach(own_application, step)
    login = Login(*own_application.credentials(STAGE_THAT_LOGS_IN[step]))
    before = user.rejected_logins()
    wait_for(lambda: _clients(user) == 0, LEAVING_SECONDS, lambda: "a session that has ended would make room later")
    with ExitStack() as stack:
        refusals = 0
        while refusals < IN_A_ROW:
            try:
                stack.enter_context(closing(user.server.connect(login, user.dbname)))
                refusals = 0
            except user.kit.driver.OperationalError:
                refusals += 1
                time.sleep(0.1)
        outcome = own_application.step(step, token)
    wait_for(lambda: user.sessions() == 0, LEAVING_SECONDS, lambda: "the server has not let go of closed sessions")
    assert user.rejected_logins() == before
    stopped(
        own_application, outcome, "DatabaseUnreachableError", "no connection is free|too many connections", "max_conn"
    )
    heals(own_application, token)


def test_somebody_who_holds_a_lock(own_application: Application) -> None:
    """A transaction that keeps all users from being changed is an error before the invocation's end."""
    user, token = own_application.user, reach(own_application, "setSecret")
    with closing(user.server.connect(user.server.administrator, user.dbname)) as session:
        session.cursor().execute("BEGIN")
        session.cursor().execute(user.kit.hold_all_passwords)
        outcome = ends_in_time(
            own_application, 6.0, "StatementFailedError", lambda: own_application.step("setSecret", token)
        )
    stopped(own_application, outcome, "StatementFailedError", "[Aa]nother session holds a lock")
    heals(own_application, token)


def _clients(user: ApplicationUser) -> int:
    [(count,)] = user.administrate(user.kit.count_of_clients)
    return int(count)
