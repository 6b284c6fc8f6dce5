"""A rotation that meets a fault: how it must end, and that everything heals once the fault is gone.

A test reaches a step, runs it under a fault, checks with `stopped` how it ended, and with `heals` what follows.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from lab.engines import KITS
from lab.lambda_environment import Invocation
from lab.relay import Relay
from lab.servers import Login
from tests.fixtures.rotation import STEPS, Application

LOST = ("DatabaseUnreachableError", "connection.*lost", "repeat is safe|by itself")
"""What `stopped` expects of a connection that has ended in the middle."""

ATTEMPTS = 3


@dataclass(frozen=True)
class Call:
    """One of the calls of a rotation: the nth of its operation in its step."""

    step: str
    operation: str
    nth: int = 1


CALLS = {
    "-".join((call.step, call.operation, str(call.nth))): call
    for call in (
        Call("createSecret", "DescribeSecret"),
        Call("createSecret", "GetSecretValue"),
        Call("createSecret", "PutSecretValue"),
        Call("setSecret", "GetSecretValue"),
        Call("setSecret", "GetSecretValue", 2),
        Call("testSecret", "GetSecretValue"),
        Call("finishSecret", "DescribeSecret"),
        Call("finishSecret", "UpdateSecretVersionStage"),
    )
}


def reach(application: Application, step: str) -> str:
    """Begin a rotation and run it up to this step, which is still to come; its token."""
    token = application.begin()
    assert not application.steps(token, *STEPS[: STEPS.index(step)]).failed
    return token


def interrupt(application: Application, *steps: str) -> tuple[str, str]:
    """Run a rotation up to a step, then take its label away; the credentials that it leaves orphaned."""
    token = application.begin()
    assert not application.steps(token, *steps).failed
    orphan = application.credentials("AWSPENDING")
    application.secret.remove_pending()
    return orphan


def ends_in_time(application: Application, seconds: float, error: str, attempt: Callable[[], Invocation]) -> Invocation:
    """Check that a step ends in this error within an invocation that lasts so long.

    A slow machine may need another attempt: a step that does not look at the end of its invocation fails in each.
    """
    usual, application.function.timeout_seconds = application.function.timeout_seconds, seconds
    outcomes: list[Invocation] = []
    while len(outcomes) < ATTEMPTS:
        outcomes.append(attempt())
        if outcomes[-1].error_type == error and outcomes[-1].duration_ms < seconds * 1000:
            application.function.timeout_seconds = usual
            return outcomes[-1]
    raise AssertionError(outcomes)


def stopped(application: Application, outcome: Invocation, error: str, *patterns: str) -> None:
    """Check that a step ended in this one error, with words of all these patterns, and that the promise holds."""
    message = str(outcome.error_message)
    assert outcome.error_type == error, outcome
    for pattern in patterns:
        assert re.search(pattern, message), f"{pattern!r} is not in: {message}"
    keeps_its_promises(application, message)


def keeps_its_promises(application: Application, *texts: str) -> None:
    """Check that the application works, and that no password is in the function's log or these texts."""
    assert application.works() or _is_in_the_gap(application)
    tells_no_password(application, *texts)


def tells_no_password(application: Application, *texts: str) -> None:
    """Check that no password is in the function's log or these texts."""
    passwords = _passwords(application)
    for text in (application.stdout.getvalue(), *texts):
        assert not [password for password in passwords if password in text]


def completes(application: Application, token: str) -> None:
    """Check that the service's next attempt, with the same token, completes."""
    outcome = application.steps(token, *STEPS)
    assert not outcome.failed, outcome
    assert application.secret.version_with("AWSCURRENT") == token
    assert application.works()
    tells_no_password(application)


def heals(application: Application, token: str) -> None:
    """Check that the service's next attempt, with the same token, completes, and the next rotation too."""
    completes(application, token)
    rotates(application)


def rotates(application: Application, times: int = 1) -> None:
    """Check that so many rotations complete, each at its first attempt, and lead to passwords that work."""
    for _ in range(times):
        run = application.rotate()
        assert run.succeeded, run.outcome
        assert len(run.steps) == len(STEPS), run.steps
        assert application.works()
        tells_no_password(application)


def new_superuser(application: Application, *subjects: str) -> str:
    """Let masterarn's secret name another superuser, which may change these users; the superuser's name."""
    login = Login(f"boss_{secrets.token_hex(4)}", secrets.token_urlsafe())
    application.user.administrate(*application.user.kit.create_superuser(login, subjects))
    application.superuser_secret.change(username=login.username, password=login.password)
    return login.username


class Statements:
    """Every statement that a function sends to a database, with something to happen before the nth of them."""

    def __init__(self) -> None:
        self._count = self._nth = 0
        self._act: Callable[[], None] = lambda: None

    @contextmanager
    def before(self, nth: int, act: Callable[[], None]) -> Iterator[None]:
        """Let something happen before the nth statement of a block."""
        self._count, self._nth, self._act = 0, nth, act
        yield
        self._nth = 0

    def next(self) -> None:
        """Count one."""
        self._count += 1
        if self._count == self._nth:
            self._act()

    @property
    def count(self) -> int:
        """How many there were since the last block began."""
        return self._count


@contextmanager
def statements_watched() -> Iterator[Statements]:
    """Watch the statements of all engines for the length of a block."""
    statements = Statements()
    with pytest.MonkeyPatch.context() as patch:
        for kind, method in (kit.way_of_statements for kit in KITS):
            patch.setattr(kind, method, _counted(statements, getattr(kind, method)))
        yield statements


def _counted(statements: Statements, original: Callable[..., object]) -> Callable[..., object]:
    def counted(*arguments: object, **named: object) -> object:
        statements.next()
        return original(*arguments, **named)

    return counted


@contextmanager
def led_to(relay: Relay, port: int) -> Iterator[None]:
    """Lead new connections to another server for the length of a block, and cut those that there are."""
    before = relay.server_port
    relay.server_port = port
    relay.drop_all()
    try:
        yield
    finally:
        relay.server_port = before
        relay.drop_all()


def _is_in_the_gap(application: Application) -> bool:
    """Whether the one user, which keeps no old password, has that of AWSPENDING: from setSecret to finishSecret."""
    username = application.credentials()[0]
    versions = [application.credentials(stage) for stage in ("AWSCURRENT", "AWSPENDING")]
    return (
        not application.user.kit.engine.keeps_old_password
        and [name for name, _ in versions] == [username] * 2
        and application.works("AWSPENDING")
    )


def _passwords(application: Application) -> set[str]:
    """Every password that a version of the secret holds, and the superuser's."""
    client, arn = application.secret.client, application.secret.arn
    found = {application.user.server.superuser.password, application.user.password}
    for version in client.list_secret_version_ids(SecretId=arn, IncludeDeprecated=True)["Versions"]:
        text = client.get_secret_value(SecretId=arn, VersionId=version["VersionId"])["SecretString"]
        found.update(re.findall(r'"password": "((?:[^"\\]|\\.)+)"', text))
    return found
