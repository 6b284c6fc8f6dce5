"""The secrets of one function, all on one server, and how they are rotated."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from lab.application import Application, Secret, secret_value
from lab.application_user import ApplicationUser, create_application_users
from lab.lambda_environment import LambdaFunction
from lab.pairing import Pairing
from lab.relay import Relay
from lab.servers import DatabaseServer
from lab.world import World

TIMEOUT_SECONDS = 300.0
"""For one rotation with all its attempts: far more than any should take."""

Member = Application[LambdaFunction]


@dataclass(frozen=True)
class TimedRotation:
    """One rotation.

    Attributes:
        seconds: from RotateSecret to the last step's end.
        steps: each invocation's step and its seconds, as Secrets Manager saw them.
        log_bytes: what the function wrote, line ends included.
        error: why it failed, or None where it succeeded at once.
    """

    seconds: float
    steps: tuple[tuple[str, float], ...]
    log_bytes: int
    error: str | None = None


@dataclass
class Fleet:
    """As many applications as `grow` was told, and the function that rotates their secrets."""

    world: World
    pairing: Pairing
    server: DatabaseServer
    relay: Relay
    function: LambdaFunction
    members: list[Member] = field(default_factory=list)
    _superuser: Secret | None = None

    def __post_init__(self) -> None:
        self._function_arn = self.world.register(f"fleet-{self.pairing}", self.function)

    def grow(self, size: int) -> list[Member]:
        """Add applications until there are so many.

        Returns:
            The new ones.
        """
        word = self.pairing.strategy.partition("_")[0]
        names = [f"{word}_{number}" for number in range(len(self.members), size)]
        new = [self._member(user) for user in create_application_users(self.server, self.relay, names)]
        self.members += new
        return new

    def rotate(self, members: list[Member], at_once: int, done: Callable[[], None]) -> list[TimedRotation]:
        """Rotate the secrets, so many at a time, and call `done` for each that has ended."""
        with ThreadPoolExecutor(at_once, thread_name_prefix="operator") as executor:
            rotations = []
            for rotation in executor.map(timed_rotation, members):
                rotations.append(rotation)
                done()
        return rotations

    def _member(self, user: ApplicationUser) -> Member:
        port = self.server.port  # past the relay, which would run in the process that measures
        if self.pairing.needs_superuser and self._superuser is None:
            value = user.superuser_secret_value(port=port)
            self._superuser = self.world.add_secret(f"fleet/{self.pairing.kit}-superuser", value)
        name = f"fleet/{self.pairing}/{user.username}"
        secret = self.world.add_secret(name, secret_value(user, self._superuser, port=port))
        self.world.cloud.enable_rotation(secret.arn, self._function_arn)
        return Application(user, secret, self._superuser, self.function)


def timed_rotation(member: Member) -> TimedRotation:
    """Rotate a secret once, and note what it took."""
    started = time.perf_counter()
    run = member.rotate(timeout_seconds=TIMEOUT_SECONDS)
    seconds = time.perf_counter() - started
    failed = next((record.invocation.error_message for record in run.steps if record.invocation.failed), None)
    unfinished = None if run.succeeded else "it did not complete"
    return TimedRotation(
        seconds,
        tuple((record.step, record.invocation.duration_ms / 1000) for record in run.steps),
        sum(len(line) + 1 for record in run.steps for line in record.invocation.log.splitlines()),
        failed or unfinished,
    )
