"""PostgreSQL's read replicas: as the host of a secret, and as where an endpoint leads after a failover."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lab.engines.postgresql import PostgresServer, start_replica
from lab.relay import Relay
from secret_rotation.patience import PATIENCE, Patience
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication
from tests.rotation.dry_runs import stops_as_the_rotation
from tests.rotation.faulted import LOST, Statements, completes, heals, led_to, reach, rotates, stopped
from tests.rotation.rds import instance, trusting


def test_a_read_replica_of_the_superusers_instance(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication, tmp_path: Path
) -> None:
    """A secret for a read replica rotates at its source: the replica accepts the new password once it has caught up."""
    user = make_user(newest_postgres)
    with start_replica(newest_postgres) as replica:
        environ = trusting(tmp_path, newest_postgres, replica)
        application = make_application(user, ALTERNATING_USERS, environ=environ, host="127.0.0.1", port=replica.port)
        source = instance(user)
        reader = replace(source, identifier="127", address="127.0.0.1", port=replica.port, replica_source="localhost")
        application.secret.cloud.databases.instances.extend([source, reader])
        run = application.rotate()
        assert run.succeeded, run.outcome
        assert replica.can_log_in(*application.credentials())


def test_single_user_on_a_read_only_server_is_named(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication, tmp_path: Path
) -> None:
    """A reader as the host of a single user: the error says that the server is read-only and to name the writer."""
    user = make_user(newest_postgres)
    with start_replica(newest_postgres) as replica:
        assert replica.can_log_in(user.username, user.password)  # it was copied after the user was made
        environ = trusting(tmp_path, newest_postgres, replica)
        application = make_application(user, SINGLE_USER, environ=environ, port=replica.port)
        outcome = application.steps(application.begin(), "createSecret", "setSecret")
    assert outcome.failed
    assert "read-only" in str(outcome.error_message)
    assert "writer" in str(outcome.error_message)


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


_WRITE_ALL = "SET synchronous_commit = on", "SELECT pg_logical_emit_message(true, 'lab', '')"
"""Write all commits down that the lab's servers, which wait for none of them, still have in memory."""


@dataclass(frozen=True)
class Paused:
    """A replica that replays nothing until it is told to catch up with its primary."""

    primary: PostgresServer
    replica: PostgresServer

    def pause(self) -> None:
        """Stop the replay, and wait until it has stopped."""
        self._ask("SELECT pg_wal_replay_pause()")
        self._wait_for("SELECT pg_get_wal_replay_pause_state() = 'paused'")

    def catch_up(self) -> None:
        """Let the replica replay all that its primary has written."""
        ((written,),) = self.primary.run(self.primary.administrator, *_WRITE_ALL, "SELECT pg_current_wal_lsn()")
        self._ask("SELECT pg_wal_replay_resume()")
        self._wait_for(f"SELECT pg_last_wal_replay_lsn() >= '{written}'")

    def rejected_logins(self) -> int:
        """How many logins the replica has rejected."""
        return self.replica.log_path.read_text().count("password authentication failed for user")

    def _ask(self, question: str) -> object:
        return self.replica.run(self.replica.administrator, question)[0][0]

    def _wait_for(self, question: str) -> None:
        end = time.monotonic() + 60
        while not self._ask(question):
            assert time.monotonic() < end, question
            time.sleep(0.01)


@pytest.fixture(scope="module")
def paused(newest_postgres: PostgresServer) -> Iterator[Paused]:
    """A replica of the newest server, for tests that pause its replay."""
    with start_replica(newest_postgres) as replica:
        yield Paused(newest_postgres, replica)


@dataclass
class Behind:
    """An application whose secret names a replica that has not seen what the rotation's setSecret did.

    Attributes:
        waits: how long the function has waited. No time passes.
        on_wait: what happens in each wait.
        rejected_before: how many logins the replica had rejected before.
    """

    application: Application
    paused: Paused
    waits: list[float]
    on_wait: list[Callable[[], None]]
    rejected_before: int

    def rejected_logins(self) -> int:
        """How many logins the replica has rejected since."""
        return self.paused.rejected_logins() - self.rejected_before


@pytest.fixture(params=[ALTERNATING_USERS])
def behind(
    request: pytest.FixtureRequest,
    paused: Paused,
    make_user: MakeUser,
    make_application: MakeApplication,
    tmp_path: Path,
) -> Behind:
    """Such an application, whose two users alternate, unless the test names another strategy."""
    user, waits, on_wait = make_user(paused.primary), list[float](), list[Callable[[], None]]()

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) <= len(on_wait):
            on_wait[len(waits) - 1]()

    make = replace(make_application, patience=Patience(settle_seconds=(), sleep=sleep))
    environ = {**trusting(tmp_path, paused.primary, paused.replica), "PROMOTE_EARLY": "true"}
    port = paused.replica.port
    application = make(user, request.param, environ=environ, host="127.0.0.1", port=port)
    if "masterarn" not in application.secret.value():
        application.secret.change(masterarn=application.superuser_secret.arn)
    source = instance(user)
    reader = replace(source, identifier="127", address="127.0.0.1", port=port, replica_source="localhost")
    application.secret.cloud.databases.instances.extend([source, reader])
    paused.catch_up()
    paused.pause()
    return Behind(application, paused, waits, on_wait, paused.rejected_logins())


def test_a_replica_that_is_behind_is_waited_for(behind: Behind) -> None:
    """A testSecret that comes before the change has arrived tries again until the replica knows the new user."""
    behind.on_wait.append(behind.paused.catch_up)
    run = behind.application.rotate()
    assert run.succeeded, run.outcome
    assert behind.waits == [PATIENCE.replica_once_seconds]
    assert behind.rejected_logins() == 1
    assert behind.paused.replica.can_log_in(*behind.application.credentials())


def test_a_replica_that_stays_behind_is_named(behind: Behind) -> None:
    """After two rejected logins the error says what is missing, and since when; a later attempt completes."""
    token = reach(behind.application, "testSecret")
    outcome = behind.application.step("testSecret", token)
    stopped(
        behind.application,
        outcome,
        "NotReplicatedError",
        "has not been replicated yet to 127.0.0.1",
        r"arrived there was made at \d{4}-",
        "tries again by itself",
    )
    assert "changed the password" not in str(outcome.error_message)
    assert behind.waits == [PATIENCE.replica_once_seconds]
    assert behind.rejected_logins() == 2
    behind.paused.catch_up()
    completes(behind.application, token)


def test_a_replica_is_waited_for_no_longer_than_the_invocation(behind: Behind) -> None:
    """A wait that would not leave time for a login is not begun."""
    token = reach(behind.application, "testSecret")
    behind.application.function.timeout_seconds = 11
    outcome = behind.application.step("testSecret", token)
    assert outcome.error_type == "NotReplicatedError", outcome
    assert not behind.waits
    assert behind.rejected_logins() == 1


@pytest.mark.parametrize("behind", [SINGLE_USER], indirect=True)
def test_clients_of_a_replica_keep_the_old_password_until_it_ends_there(behind: Behind) -> None:
    """PROMOTE_EARLY moves nothing where the password is set at another host, whose replica the secret names."""
    application = behind.application
    token = reach(application, "testSecret")
    assert application.secret.version_with("AWSCURRENT") != token
    assert behind.paused.replica.can_log_in(*application.credentials())
    behind.on_wait.append(behind.paused.catch_up)
    completes(application, token)
    assert behind.waits == [PATIENCE.replica_seconds[0]]
    assert behind.paused.replica.can_log_in(*application.credentials())


def test_a_promoted_password_is_waited_for_at_a_reader(
    paused: Paused, make_user: MakeUser, make_application: MakeApplication, tmp_path: Path
) -> None:
    """PROMOTE_EARLY, and an endpoint of writer and reader: the reader knows AWSPREVIOUS still, so it is waited for."""
    user, waits = make_user(paused.primary), list[float]()

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        paused.catch_up()

    make = replace(make_application, patience=Patience(settle_seconds=(), sleep=sleep))
    environ = {**trusting(tmp_path, paused.primary, paused.replica), "PROMOTE_EARLY": "true"}
    application = make(user, SINGLE_USER, environ=environ)
    paused.catch_up()
    paused.pause()
    token = reach(application, "testSecret")
    assert application.secret.version_with("AWSCURRENT") == token
    assert isinstance(user.relay, Relay)
    with led_to(user.relay, paused.replica.port):
        outcome = application.step("testSecret", token)
    assert not outcome.failed, outcome
    assert waits == [PATIENCE.replica_seconds[0]]
    heals(application, token)


@pytest.mark.parametrize("rotations", [1, 2])
def test_what_clients_of_a_replica_see(
    paused: Paused, strategy: str, rotations: int, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Where the secret names the writer, a replica that is behind takes AWSPREVIOUS, and AWSCURRENT once it is not."""
    application = make_application(make_user(paused.primary), strategy)
    for _ in range(rotations):
        paused.catch_up()
        paused.pause()
        assert application.rotate().succeeded
    assert not paused.replica.can_log_in(*application.credentials())
    assert paused.replica.can_log_in(*application.credentials("AWSPREVIOUS"))
    paused.catch_up()
    assert paused.replica.can_log_in(*application.credentials())


@pytest.mark.parametrize("rotations", [0, 2])
def test_a_dry_run_by_a_reader_is_told_to_use_the_writer(
    paused: Paused,
    strategy: str,
    rotations: int,
    tmp_path: Path,
    make_user: MakeUser,
    make_application: MakeApplication,
) -> None:
    """The dry run finds out that the server is read-only, also where nothing is left to change but the password."""
    user = make_user(paused.primary)
    application = make_application(user, strategy, environ=trusting(tmp_path, paused.primary, paused.replica))
    rotates(application, rotations)
    paused.catch_up()
    assert isinstance(user.relay, Relay)
    with led_to(user.relay, paused.replica.port):
        assert "read-only" in stops_as_the_rotation(application, "StatementFailedError")
