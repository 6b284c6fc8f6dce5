"""A session with the database that ends in the middle: its answer lost, its server restarted, or failed over."""

from collections.abc import Callable
from functools import partial
from itertools import count

import pytest

from lab.servers import DatabaseServer
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, STRATEGIES, Application, MakeApplication
from tests.rotation.conftest import every_pairing
from tests.rotation.faulted import LOST, Statements, completes, heals, reach, rotates, stopped

pytestmark = pytest.mark.xdist_group("own servers")  # in one worker, so that each is started once
RESTARTS = [
    *((strategy, "setSecret", nth) for strategy in STRATEGIES for nth in (1, 2)),
    *((strategy, "testSecret", 1) for strategy in STRATEGIES),
    (ALTERNATING_USERS, "setSecret", 7),
]
"""Before which statement of which step."""


def lose_each_answer(next_application: Callable[[], Application], statements: Statements) -> None:
    """Check of one statement of setSecret after the other that all heals where its answer never comes."""
    for nth in count(1):
        application = next_application()
        token = reach(application, "setSecret")
        with statements.before(nth, partial(setattr, application.user.relay, "loses_answer", True)):  # noqa: FBT003 - of setattr
            outcome = application.step("setSecret", token)
        if statements.count < nth:
            assert nth > 1
            heals(application, token)
            return
        stopped(application, outcome, *LOST)
        assert not application.logs_in("AWSPENDING") or application.works("AWSPENDING")
        completes(application, token)


@every_pairing
def test_a_lost_answer(application: Application, statements: Statements) -> None:
    """Whichever statement the server has carried out before the connection ended: an outage; a repeat completes."""
    rotates(application)
    lose_each_answer(lambda: application, statements)


def test_a_lost_answer_while_the_clone_is_made(
    either_engine: DatabaseServer, statements: Statements, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """The same in a first rotation, which makes the second user: it never logs in before it is complete."""
    lose_each_answer(lambda: make_application(make_user(either_engine), ALTERNATING_USERS), statements)


@pytest.mark.parametrize(("strategy", "step", "nth"), RESTARTS)
def test_a_restart(own_application: Application, step: str, nth: int, statements: Statements) -> None:
    """A server that restarts under a session is an outage that passes by itself; what was not committed is undone."""
    token = reach(own_application, step)
    own_application.function.timeout_seconds = 120.0  # which the restart is a part of
    with statements.before(nth, own_application.user.server.restart):
        outcome = own_application.step(step, token)
    own_application.function.timeout_seconds = 30.0
    assert statements.count >= nth
    stopped(own_application, outcome, *LOST)
    heals(own_application, token)
