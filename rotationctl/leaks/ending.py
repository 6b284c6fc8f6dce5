"""What `rotationctl leaked --yes` does: rotation after rotation, then what is left in the database."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotationctl.exits import Exit
from rotationctl.leaks.report import Report
from rotationctl.leaks.trial import Proof, Trial
from rotationctl.mending import Mender
from rotationctl.output import say
from rotationctl.text import printable

if TYPE_CHECKING:
    from rotationctl.secret import Secret


@dataclass(frozen=True, slots=True)
class Ender:
    """Ends a leaked password.

    Attributes:
        trial: what can be done in the database from here; None where it cannot be reached.
        again: what to type where something is left to do.
    """

    mender: Mender
    report: Report
    trial: Trial | None
    again: str

    def run(self, *, end_sessions: bool) -> Exit:
        """Do all of it; what became of it is in the report.

        Raises:
            Failure: somebody was faster, or a user cannot be asked for its sessions.
        """
        try:
            secret, code = self._rotate()
            if code is Exit.FINE and self.trial is not None:
                code = self._end(self.trial, secret, end_sessions=end_sessions)
        except BaseException:
            # Also Ctrl-C: by now AWSCURRENT may be another version than the one that has leaked.
            self._say_what_is_left()
            raise
        if code is not Exit.FINE:
            self._say_what_is_left()
        elif self.report.by_hand:
            code = Exit.PARTLY  # what is left is printed, to be typed elsewhere
        self.report.code = code
        return code

    def _say_what_is_left(self) -> None:
        say(printable(f"For what is left: {self.again}"))

    def _rotate(self) -> "tuple[Secret, Exit]":
        """Rotate as often as it takes, each time to the end of the rotation; the secret as it is then."""
        rotator, leak = self.mender.rotator, self.report.leak
        secret = leak.secret
        rotator.require_unchanged(secret)
        if leak.is_pending and leak.rotations:
            self.mender.require_way_back()
            self.mender.take_pending_off()
        for _ in range(leak.rotations):
            code, secret = rotator.rotate(secret)
            if code is not Exit.FINE:
                say(rotator.adviser.recover(secret))
                return secret, code
            self.report.rotated.append(secret.current or "")
        return rotator.read(secret), Exit.FINE

    def _end(self, trial: Trial, secret: "Secret", *, end_sessions: bool) -> Exit:
        report = self.report
        report.sessions = list(trial.sessions(secret, end=end_sessions))
        report.proof, report.sentence = trial.proof(secret)
        is_over = report.proof is Proof.DEAD and all(found.ended for found in report.sessions)
        return Exit.FINE if is_over else Exit.NOT_FINE
