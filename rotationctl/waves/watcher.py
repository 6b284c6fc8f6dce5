"""Looks at the rotations that were begun, and says which have ended, and how."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rotationctl.causes import Cause
from rotationctl.failures import is_passing
from rotationctl.watch import Clock
from rotationctl.waves.begun import Begun
from rotationctl.waves.calls import Calls
from rotationctl.waves.causes import Causes
from rotationctl.waves.result import Outcome

LOG_SECONDS = 2.0
"""How often logs are asked for: FilterLogEvents is allowed a few times a second, of everybody in the account."""

End = tuple[Outcome, Cause | None]


@dataclass(slots=True)
class Watcher:
    """Reads each secret at each look, and the logs of all of them at every few."""

    calls: Calls
    causes: Causes
    clock: Clock
    timeout_seconds: float
    _logs_from: datetime | None = None

    def ended(self, several: Sequence[Begun]) -> Iterator[tuple[Begun, End]]:
        """Those of several rotations that have ended."""
        reported = self._causes_of(several) if self._is_time_for_logs() else {}
        for begun in several:
            end = self._end(begun, reported.get(begun.rotation.token or ""))
            if end is not None:
                yield begun, end

    def _end(self, begun: Begun, reported: Cause | None) -> End | None:
        rotation, now = begun.rotation, self.clock.now()
        try:
            rotation.see(self.calls.read(rotation.secret), now)
        except Exception as error:  # noqa: BLE001 - what is not boto3's is raised again
            refused = self.calls.cause(error)
            if not is_passing(error):
                return Outcome.FAILED, refused
        end = begun.outcome(now, self.timeout_seconds, reported)
        if end is None or end[0] is Outcome.DONE or reported is not None:
            return end
        # The log may have more to say than that it ended.
        return end[0], self._causes_of([begun]).get(rotation.token or "", end[1])

    def _is_time_for_logs(self) -> bool:
        now = self.clock.now()
        if self._logs_from is not None and now < self._logs_from:
            return False
        self._logs_from = now + timedelta(seconds=LOG_SECONDS)
        return True

    def _causes_of(self, several: Sequence[Begun]) -> dict[str, Cause]:
        rotations = {begun.rotation.token: begun.rotation.secret for begun in several}
        return self.causes.find({token: secret for token, secret in rotations.items() if token})
