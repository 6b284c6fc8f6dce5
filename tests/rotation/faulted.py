"""A rotation that meets a fault: how it must end, and that everything heals once the fault is gone.

A test reaches a step, runs it under a fault, checks with `stopped` how it ended, and with `heals` what follows.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lab.lambda_environment import Invocation
from lab.relay import Relay
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.postgresql.wire import Wire
from tests.fixtures.databases import MYSQL
from tests.fixtures.rotation import STEPS, Application


def reach(application: Application, step: str) -> str:
    """Begin a rotation and run it up to this step, which is still to come; its token."""
    token = application.begin()
    assert not application.steps(token, *STEPS[: STEPS.index(step)]).failed
    return token


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
    for text in (application.stdout.getvalue(), *texts):
        assert not [password for password in _passwords(application) if password in text]


def completes(application: Application, token: str) -> None:
    """Check that the service's next attempt, with the same token, completes."""
    outcome = application.steps(token, *STEPS)
    assert not outcome.failed, outcome
    assert application.secret.version_with("AWSCURRENT") == token
    assert application.works()
    keeps_its_promises(application)


def heals(application: Application, token: str) -> None:
    """Check that the service's next attempt, with the same token, completes, and the next rotation too."""
    completes(application, token)
    rotates(application)


def rotates(application: Application) -> None:
    """Check that a rotation completes at its first attempt, and leads to a password that works."""
    run = application.rotate()
    assert run.succeeded, run.outcome
    assert len(run.steps) == len(STEPS), run.steps
    assert application.works()
    keeps_its_promises(application)


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
    """Watch the statements of both engines for the length of a block."""
    statements = Statements()
    with pytest.MonkeyPatch.context() as patch:
        for kind, method in ((Wire, "execute"), (Connection, "run")):
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
    """Single user on PostgreSQL, from setSecret to finishSecret: the one user has the password of AWSPENDING."""
    username = application.credentials()[0]
    versions = [application.credentials(stage) for stage in ("AWSCURRENT", "AWSPENDING")]
    return (
        application.user.engine != MYSQL
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
