"""A run in AWS: the state machine rotates, and what became of each secret is read from the secrets themselves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rotationctl.causes import Cause
from rotationctl.secret import Secret
from rotationctl.waves.calls import Calls
from rotationctl.waves.causes import Causes
from rotationctl.waves.choice import Exclusion
from rotationctl.waves.machine import Machine, mark
from rotationctl.waves.queue import database_of
from rotationctl.waves.result import Outcome, Result


@dataclass(slots=True)
class RunInAws:
    """A run over many secrets that goes on without this program.

    Attributes:
        exclusion: why a secret must not begin, as it is now; None where it may.
        failed_run: the map run in which something failed; None where nothing did.
    """

    machine: Machine
    calls: Calls
    causes: Causes
    secrets: Sequence[Secret]
    group_by: str | None
    exclusion: Callable[[Secret], Exclusion | None]
    tell: Callable[[str], None]
    failed_run: str | None = None
    is_interrupted: bool = False

    def go(self) -> Sequence[Result]:
        """Rotate all that may, and return what became of each. Ctrl-C ends the looking on, and nothing else."""
        judged = [(secret, self.exclusion(secret) if secret.pending else None) for secret in self.secrets]
        chosen = [secret for secret, exclusion in judged if exclusion is None]
        left_out = [
            self._result(exclusion.secret, exclusion.outcome, Cause("", exclusion.reason))
            for _, exclusion in judged
            if exclusion is not None
        ]
        started: set[str] = set()
        try:
            self.failed_run = self.machine.run(chosen, self.tell, started)
            return [*self._results(chosen), *left_out]
        except KeyboardInterrupt:
            self.is_interrupted = True
            outcomes = {True: Outcome.UNDER_WAY, False: Outcome.NOT_STARTED}
            return [*(self._result(secret, outcomes[secret.arn in started]) for secret in chosen), *left_out]

    @property
    def unreadable(self) -> Mapping[str, str]:
        """The logs that could not be read, with the reasons."""
        return self.causes.log.unreadable

    def _results(self, secrets: Sequence[Secret]) -> list[Result]:
        now = [(secret, self.calls.read(secret)) for secret in secrets]
        causes = self.causes.find({seen.pending: seen for _, seen in now if seen.pending})
        return [self._seen(before, seen, causes.get(seen.pending or "")) for before, seen in now]

    def _seen(self, before: Secret, seen: Secret, cause: Cause | None) -> Result:
        if seen.last_rotated and seen.last_rotated > mark(before):
            return self._result(seen, Outcome.DONE)
        if seen.pending is None:
            return self._result(seen, Outcome.NOT_STARTED)
        return self._result(seen, Outcome.FAILED if cause else Outcome.TIMED_OUT, cause)

    def _result(self, secret: Secret, outcome: Outcome, cause: Cause | None = None) -> Result:
        version = secret.current if outcome is Outcome.DONE else secret.pending
        return Result(secret, outcome, database_of(secret, self.group_by), version, cause=cause)
