"""MySQL's replicas. A server that is read-only stands in for one, and a password that is set late for replication."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from lab.pairing import StrategyName
from lab.secretsmanager.faults import error
from lab.servers import DatabaseServer
from secret_rotation.patience import PATIENCE, Patience
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication
from tests.rotation.conftest import OwnServers
from tests.rotation.dry_runs import stops_as_the_rotation
from tests.rotation.faulted import completes, reach, rotates


@dataclass
class Late:
    """An application whose database does not know the password of AWSPENDING, but may come to know it.

    Attributes:
        waits: how long the function has waited. No time passes.
        arrives_after: how many waits it takes.
    """

    application: Application
    token: str
    waits: list[float]
    arrives_after: int = 99

    def arrive(self) -> None:
        """Let the password come."""
        username, password = self.application.credentials("AWSPENDING")
        self.application.user.administrate(*self.application.user.kit.changes_of_password(username, password))

    def test(self) -> str | None:
        """Run testSecret; the error that it ends with."""
        return self.application.step("testSecret", self.token).error_type


@pytest.fixture
def server(own_servers: OwnServers) -> DatabaseServer:
    """A server that tests may make read-only."""
    return own_servers("mysql")


@pytest.fixture
def read_only(server: DatabaseServer) -> Iterator[Callable[[str], None]]:
    """Make the server read-only, by a setting; it takes writes again after the test."""
    yield lambda setting: set_global(server, f"{setting} = ON")
    set_global(server, "super_read_only = OFF")
    set_global(server, "read_only = OFF")


def set_global(server: DatabaseServer, setting: str) -> None:
    """Change a setting of the server."""
    server.run(server.administrator, f"SET GLOBAL {setting}", dbname="mysql")


@pytest.fixture
def application(
    server: DatabaseServer, strategy: str, make_user: MakeUser, make_application: MakeApplication
) -> Application:
    """An application of each strategy on that server."""
    return make_application(make_user(server), strategy)


@pytest.fixture
def late(server: DatabaseServer, strategy: str, make_user: MakeUser, make_application: MakeApplication) -> Late:
    """An application of each strategy, before the testSecret of a rotation."""
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == found.arrives_after:
            found.arrive()

    make = replace(make_application, patience=Patience(settle_seconds=(), sleep=sleep))
    application = make(make_user(server), strategy)
    found = Late(application, reach(application, "testSecret"), waits)
    (user, password), (pending, _) = application.credentials(), application.credentials("AWSPENDING")
    application.user.set_password(password if pending == user else "the one before", pending)
    return found


WAITS = {SINGLE_USER: PATIENCE.replica_seconds, ALTERNATING_USERS: (PATIENCE.replica_once_seconds,)}
"""The longer ones are for the user that is let in by its old password meanwhile."""


def test_a_replica_is_waited_for(late: Late, strategy: StrategyName, read_only: Callable[[str], None]) -> None:
    """Where the server is read-only, testSecret tries again until the password has come."""
    read_only("read_only")
    late.arrives_after = len(WAITS[strategy])
    assert late.test() is None
    assert late.waits == list(WAITS[strategy])


def test_no_account_is_locked_for_the_waiting(
    late: Late, strategy: StrategyName, server: DatabaseServer, read_only: Callable[[str], None]
) -> None:
    """Three rejected logins lock the accounts, of which a testSecret has no more than two in a row."""
    user = late.application.user
    for username in {user.username, late.application.credentials("AWSPENDING")[0]}:
        user.administrate(
            f"ALTER USER {user.kit.account(username)} FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME UNBOUNDED"
        )
    read_only("read_only")
    for _ in range(2 if strategy == SINGLE_USER else 1):
        assert late.test() == "NotReplicatedError"
        assert late.application.logs_in()
    set_global(server, "read_only = OFF")
    late.arrive()
    completes(late.application, late.token)


def test_a_replica_that_stays_behind_is_named(
    late: Late, strategy: StrategyName, server: DatabaseServer, read_only: Callable[[str], None]
) -> None:
    """The error says that replication is missing, and where to see it; the writer's next attempt completes."""
    read_only("read_only")
    outcome = late.application.step("testSecret", late.token)
    assert outcome.error_type == "NotReplicatedError", outcome
    assert "SHOW REPLICA STATUS" in str(outcome.error_message)
    assert late.waits == list(WAITS[strategy])
    set_global(server, "read_only = OFF")
    late.arrive()
    completes(late.application, late.token)


def test_a_writer_is_not_waited_for(late: Late) -> None:
    """A server that takes writes knows what it was told: the rejection is final, after one more login."""
    assert late.test() == "LoginRejectedError"
    assert late.waits == []


def test_what_keeps_it_from_asking_is_told(late: Late, read_only: Callable[[str], None]) -> None:
    """A call that is denied is no wrong password: the error is the denial's, and says what it was needed for."""
    read_only("read_only")
    secret = late.application.secret
    secret.cloud.faults.add(error("GetSecretValue", "AccessDeniedException", nth=2, secret_arn=secret.arn))
    outcome = late.application.step("testSecret", late.token)
    assert outcome.error_type == "SecretStoreError", outcome
    assert "grant the function's role secretsmanager:GetSecretValue" in str(outcome.error_message)
    assert "is a replica that does not know the new password yet" in str(outcome.error_message)
    assert late.waits == []


@pytest.mark.parametrize("setting", ["read_only", "super_read_only"])
@pytest.mark.parametrize("rotations", [0, 2])
def test_a_dry_run_by_a_reader_is_told_to_use_the_writer(
    read_only: Callable[[str], None], application: Application, setting: str, rotations: int
) -> None:
    """The dry run finds out that the server is read-only, also where nothing is left to change but the password."""
    rotates(application, rotations)
    read_only(setting)
    assert setting.replace("_", "-") in stops_as_the_rotation(application, "StatementFailedError")
