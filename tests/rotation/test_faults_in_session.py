"""A session with the database that ends in the middle: its answer lost, its server restarted, or failed over."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from lab.lambda_environment import Invocation
from lab.relay import Relay
from lab.servers import DatabaseServer, PostgresServer, start_replica
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, Application, MakeApplication
from tests.rotation.conftest import every_pairing
from tests.rotation.faulted import Statements, completes, heals, led_to, reach, rotates, statements_watched, stopped
from tests.rotation.rds import trusting

pytestmark = pytest.mark.xdist_group("own servers")  # in one worker, so that each is started once
LOST = ("DatabaseUnreachableError", "connection.*lost", "repeat is safe|by itself")


@pytest.fixture
def statements() -> Iterator[Statements]:
    """The statements of the test's functions."""
    with statements_watched() as statements:
        yield statements


def set_secret_losing_answer(application: Application, token: str, statements: Statements, nth: int) -> Invocation:
    """setSecret, whose nth statement the server carries out, and whose answer never comes."""
    with statements.before(nth, lambda: setattr(application.user.relay, "loses_answer", True)):
        return application.step("setSecret", token)


@every_pairing
def test_a_lost_answer(application: Application, statements: Statements) -> None:
    """Whichever statement the server has carried out before the connection ended: an outage; a repeat completes."""
    rotates(application)
    for nth in count(1):
        token = reach(application, "setSecret")
        outcome = set_secret_losing_answer(application, token, statements, nth)
        if statements.count < nth:
            assert nth > 1
            heals(application, token)
            return
        stopped(application, outcome, *LOST)
        completes(application, token)


def test_a_lost_answer_while_the_clone_is_made(
    either_engine: DatabaseServer, statements: Statements, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """The same in a first rotation, which makes the second user: it never logs in before it is complete."""
    for nth in count(1):
        application = make_application(make_user(either_engine), ALTERNATING_USERS)
        token = reach(application, "setSecret")
        outcome = set_secret_losing_answer(application, token, statements, nth)
        if statements.count < nth:
            assert nth > 1
            heals(application, token)
            return
        stopped(application, outcome, *LOST)
        assert not application.logs_in("AWSPENDING") or application.works("AWSPENDING")
        completes(application, token)


@pytest.mark.parametrize(("step", "nth"), [("setSecret", 1), ("setSecret", 2), ("setSecret", 7), ("testSecret", 1)])
def test_a_restart(own_application: Application, step: str, nth: int, statements: Statements) -> None:
    """A server that restarts under a session is an outage that passes by itself; what was not committed is undone."""
    token = reach(own_application, step)
    with statements.before(nth, own_application.user.server.restart):
        outcome = own_application.step(step, token)
    if statements.count < nth:
        pytest.skip("the step has fewer statements")
    stopped(own_application, outcome, *LOST)
    heals(own_application, token)


def test_a_failover_to_a_reader(
    newest_postgres: PostgresServer,
    strategy: str,
    tmp_path: Path,
    statements: Statements,
    make_user: MakeUser,
    make_application: MakeApplication,
) -> None:
    """An endpoint that leads to a reader in the middle of setSecret: an outage, then an error about it."""
    user = make_user(newest_postgres)
    relay = user.relay
    assert isinstance(relay, Relay)
    with start_replica(newest_postgres) as replica:
        application = make_application(user, strategy, environ=trusting(tmp_path, newest_postgres, replica))
        token = reach(application, "setSecret")
        with ExitStack() as failover:
            with statements.before(2, lambda: failover.enter_context(led_to(relay, replica.port))):
                stopped(application, application.step("setSecret", token), *LOST)
            outcome = application.step("setSecret", token)
        stopped(application, outcome, "StatementFailedError", "read-only", "Use the endpoint of the writer")
        heals(application, token)
