"""Secrets that rotate on real servers, whose clock can be set, for the commands that rotate by themselves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from lab.secretsmanager import LocalSecretsManager
from lab.servers import DatabaseServer
from rotationctl import watch
from rotationctl.app import run
from tests.fixtures.rotation import Application

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:lab-{}"
HOUR = timedelta(hours=1)


@dataclass
class Past:
    """A Secrets Manager in whose past something happens: what is recent for AWS looks younger than 15 minutes."""

    age: timedelta = field(default_factory=timedelta)

    def manager(self) -> LocalSecretsManager:
        """A Secrets Manager by this clock."""
        return LocalSecretsManager(now=lambda: datetime.now(UTC) - self.age)

    @contextmanager
    def of(self, age: timedelta) -> Iterator[None]:
        """What happens in the block happened so long ago."""
        self.age = age
        try:
            yield
        finally:
            self.age = timedelta()


@pytest.fixture(scope="module", name="past")
def the_past() -> Past:
    """The clock of the test's Secrets Manager."""
    return Past()


@pytest.fixture(scope="module", name="secrets_manager")
def the_secrets_manager(past: Past) -> Iterator[LocalSecretsManager]:
    """A Secrets Manager by that clock."""
    with past.manager() as manager:
        yield manager


def named(application: Application) -> Application:
    """The application, whose function is called as one of this product."""
    strategy = (
        "alternating-users" if application.superuser_secret.arn in str(application.secret.value()) else "single-user"
    )
    arn = FUNCTION.format(f"{application.user.kit.name}-{strategy}")
    application.secret.cloud.register(arn, application.function)
    application.secret.cloud.enable_rotation(application.secret.arn, arn)
    return application


def local(server: DatabaseServer) -> list[str]:
    """The options by which a test's server is reached from here."""
    return ["--local", "--ca-bundle", str(server.ca_bundle)]


Program = Callable[..., int]


def quick(*arguments: str) -> int:
    """Run the program in this process, which is also the function's; returns its exit code."""
    watch.POLL_SECONDS = 0.05
    try:
        return run(arguments)
    finally:
        watch.POLL_SECONDS = 1.0
