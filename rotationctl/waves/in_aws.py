"""A run in AWS: the state machine rotates, and what became of each secret is read from the secrets themselves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rotationctl.causes import Cause
from rotationctl.secret import Secret
from rotationctl.waves.calls import Calls
from rotationctl.waves.causes import Causes
from rotationctl.waves.choice import Exclusion
from rotationctl.waves.machine import HandedOver, Machine, mark
from rotationctl.waves.queue import database_of
from rotationctl.waves.result import Outcome, Result

_GIVEN_UP = Cause(
    "given up",
    "It has not rotated, and no rotation of it goes on: AWS refused to begin one, or it was given up or cancelled. "
    "What the state machine says tells which.",
)
_NOT_READ = Cause("", "The state machine is done with it; how its rotation ended was not read.")


@dataclass(slots=True)
class RunInAws:
    """A run over many secrets that goes on without this program.

    Attributes:
        exclusion: why a secret must not begin, as it is now; None where it may.
        handed_over: what the state machine was given.
    """

    machine: Machine
    calls: Calls
    causes: Causes
    secrets: Sequence[Secret]
    group_by: str | None
    exclusion: Callable[[Secret], Exclusion | None]
    tell: Callable[[str], None]
    handed_over: HandedOver = field(default_factory=HandedOver)
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
        try:
            return [*self._run(chosen), *left_out]
        except KeyboardInterrupt:
            self.is_interrupted = True
            return [*map(self._unseen, chosen), *left_out]

    @property
    def unreadable(self) -> Mapping[str, str]:
        """The logs that could not be read, with the reasons."""
        return self.causes.log.unreadable

    def _run(self, secrets: Sequence[Secret]) -> list[Result]:
        unseen: list[Result] = []
        try:
            self.machine.run(secrets, self.tell, self.handed_over)
        except Exception as error:  # what is not boto3's is raised again
            if not self.handed_over.begun:
                raise
            self.tell(f"This run ends here. {self.calls.cause(error).message}")
            is_over = self.handed_over.gone_through
            unseen = [self._unseen(secret) for secret in secrets if secret.arn not in is_over]
            secrets = [secret for secret in secrets if secret.arn in is_over]
        return [*self._results(secrets), *unseen]

    def _unseen(self, secret: Secret, why: Cause | None = None) -> Result:
        """What can be said of a secret that nobody has looked at in the end."""
        is_begun = secret.arn in self.handed_over.begun
        if why is None and secret.arn in self.handed_over.gone_through:
            why = _NOT_READ
        return self._result(secret, Outcome.UNDER_WAY if is_begun else Outcome.NOT_STARTED, why)

    def _results(self, secrets: Sequence[Secret]) -> list[Result]:
        read = [(secret, *self._read(secret)) for secret in secrets]
        causes = self.causes.find({seen.pending: seen for _, seen, _ in read if seen and seen.pending})
        return [
            self._seen(before, seen, causes.get(seen.pending or "")) if seen else self._unseen(before, why)
            for before, seen, why in read
        ]

    def _read(self, secret: Secret) -> tuple[Secret | None, Cause | None]:
        """A secret as it is now, or why it could not be read: that takes nothing from what is known of the others."""
        try:
            return self.calls.read(secret), None
        except Exception as error:  # noqa: BLE001 - what is not boto3's is raised again
            return None, self.calls.cause(error)

    def _seen(self, before: Secret, seen: Secret, cause: Cause | None) -> Result:
        if seen.last_rotated and seen.last_rotated > mark(before):
            return self._result(seen, Outcome.DONE)
        if seen.pending is not None:
            return self._result(seen, Outcome.FAILED if cause else Outcome.TIMED_OUT, cause)
        if before.arn in self.handed_over.gone_through:
            return self._result(seen, Outcome.FAILED, _GIVEN_UP)
        return self._result(seen, Outcome.NOT_STARTED)

    def _result(self, secret: Secret, outcome: Outcome, cause: Cause | None = None) -> Result:
        version = secret.current if outcome is Outcome.DONE else secret.pending
        return Result(secret, outcome, database_of(secret, self.group_by), version, cause=cause)
