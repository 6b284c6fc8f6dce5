"""The secrets of one function, all on one server, and how they are rotated."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from benchmarks.fleet.result import Rotation
from lab.application_user import ApplicationUser, create_application_users
from lab.relay import Relay
from lab.secretsmanager import Run
from lab.servers import DatabaseServer
from lab.world import EngineName, StrategyName, World

TIMEOUT_SECONDS = 300.0
"""For one rotation with all its attempts: far more than any should take."""


@dataclass(frozen=True)
class Member:
    """An application of the fleet, and its secret."""

    user: ApplicationUser
    secret_arn: str


@dataclass
class Fleet:
    """As many applications as `grow` was told, and the function that rotates their secrets."""

    world: World
    server: DatabaseServer
    relay: Relay
    engine: EngineName
    strategy: StrategyName
    function_arn: str
    members: list[Member] = field(default_factory=list)
    _superuser_arn: str | None = None

    @property
    def function(self) -> str:
        """The function's name."""
        return f"{self.engine}_{self.strategy}"

    def grow(self, size: int) -> list[Member]:
        """Add applications until there are so many; returns the new ones."""
        word = self.strategy.partition("_")[0]
        names = [f"{word}_{number}" for number in range(len(self.members), size)]
        new = [self._member(user) for user in create_application_users(self.server, self.relay, names)]
        self.members += new
        return new

    def rotate(self, members: list[Member], at_once: int, done: Callable[[], None]) -> list[Rotation]:
        """Rotate the secrets, so many at a time; tells of each that has ended."""
        with ThreadPoolExecutor(at_once, thread_name_prefix="operator") as executor:
            rotations = []
            for rotation in executor.map(self._rotate, members):
                rotations.append(rotation)
                done()
        return rotations

    def _rotate(self, member: Member) -> Rotation:
        started = time.perf_counter()
        run = self.world.cloud.rotate(member.secret_arn, timeout_seconds=TIMEOUT_SECONDS)
        return rotation_of(run, time.perf_counter() - started)

    def _member(self, user: ApplicationUser) -> Member:
        # Past the relay, which would run in the process that measures.
        value = user.secret_value(port=self.server.port)
        if self.strategy is StrategyName.ALTERNATING_USERS:
            value["masterarn"] = self._superuser_arn or self._add_superuser(user)
        arn = self.world.add_secret(f"fleet/{self.function}/{user.username}", value)
        self.world.cloud.enable_rotation(arn, self.function_arn)
        return Member(user, arn)

    def _add_superuser(self, user: ApplicationUser) -> str:
        value = user.superuser_secret_value(port=self.server.port)
        self._superuser_arn = self.world.add_secret(f"fleet/{self.engine}-superuser", value)
        return self._superuser_arn


def rotation_of(run: Run, seconds: float) -> Rotation:
    """What is kept of a rotation that has ended."""
    failed = next((record.invocation.error_message for record in run.steps if record.invocation.failed), None)
    unfinished = None if run.succeeded else "it did not complete"
    return Rotation(
        seconds,
        tuple((record.step, record.invocation.duration_ms / 1000) for record in run.steps),
        sum(len(line) + 1 for record in run.steps for line in record.invocation.log.splitlines()),
        failed or unfinished,
    )
