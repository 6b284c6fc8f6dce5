"""A rotation that was begun, and what has become of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from rotationctl.causes import Cause
from rotationctl.watch import Ending, Rotation
from rotationctl.waves.result import Outcome


@dataclass(slots=True)
class Begun:
    """A rotation that was begun, or may have been: AWS was asked.

    Attributes:
        rotation: the secret as it was last seen, and the version that it rotates to.
        at: when AWS was asked.
    """

    rotation: Rotation
    at: datetime

    def outcome(
        self, now: datetime, timeout_seconds: float, reported: Cause | None
    ) -> tuple[Outcome, Cause | None] | None:
        """What has become of it; None while it goes on.

        Args:
            now: this moment.
            timeout_seconds: how long it may take.
            reported: what its function has reported.
        """
        ending = self.rotation.ending
        if ending is Ending.DONE:
            return Outcome.DONE, None
        if reported is not None:
            return Outcome.FAILED, reported
        if ending is not None:
            return Outcome.FAILED, Cause(ending.value, "")
        if now - self.at >= timedelta(seconds=timeout_seconds):
            return Outcome.TIMED_OUT, Cause(Ending.TIMED_OUT.value, "")
        return None
