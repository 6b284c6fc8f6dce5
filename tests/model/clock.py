"""The time as the code under test sees it: a number of moments, each longer than FRESH_SECONDS from the one before.

An assumption is made here, and nowhere else, of how fast the world outside is. From the moment in which a version loses
AWSPENDING, because its rotation is over or was cleared away, to the moment in which the next rotation changes a
password, more than FRESH_SECONDS pass: in between lie RotateSecret, all of createSecret, and most of setSecret.
"""

from typing import TYPE_CHECKING

from secret_rotation.strategy import FRESH_SECONDS
from tests.model.world import World

if TYPE_CHECKING:
    from tests.model.replay import Replay

READS = "reads the clock"
MOMENT_SECONDS = 2 * FRESH_SECONDS


class ModelTime:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self.replay: Replay | None = None

    def monotonic(self) -> float:
        """Seconds; an operation of its own."""
        assert self.replay is not None
        moment = self.replay.perform(READS).value
        return MOMENT_SECONDS * moment if isinstance(moment, int) else 0.0

    def sleep(self, seconds: float) -> None:
        """No operation: whatever happens meanwhile may happen between any two operations anyway."""


def may_change(world: World, token: str) -> bool:
    """Whether the rotation to this token has come far enough to change a password: the assumption."""
    return world.clock > dict(world.not_before).get(token, -1)


def begun(world: World, token: str) -> World:
    """The same after RotateSecret."""
    return world._replace(not_before=(*world.not_before, (token, world.left_at)))
