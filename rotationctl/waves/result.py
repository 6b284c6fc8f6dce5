"""What became of one secret in a run, as a row and as JSON."""

from dataclasses import dataclass
from datetime import datetime

from rotationctl.causes import Cause
from rotationctl.output import moment
from rotationctl.secret import Secret
from rotationctl.text import Row
from rotationctl.words import Word


class Outcome(Word):
    """The words for it, each with its meaning and its colour."""

    DONE = "done", "the new version is AWSCURRENT.", "green"
    FAILED = "failed", "the function reported an error, or the rotation was given up, cancelled or refused.", "red"
    TIMED_OUT = "timed out", "it has not ended within --timeout.", "red"
    UNDER_WAY = "under way", "it was begun, and goes on in AWS; this run did not see its end.", "cyan"
    NOT_STARTED = "not started", "it would have been next: the run stopped before.", "yellow"
    BEFORE = "done before", "it has rotated since --not-since.", None
    LEFT_OUT = "left out", "it is none of those to rotate; its message says why.", None
    PLANNED = "planned", "it would rotate: with --dry-run.", None


FINE = (Outcome.DONE, Outcome.BEFORE)
FAILURES = (Outcome.FAILED, Outcome.TIMED_OUT)
TITLES = ("OUTCOME", "SECRET", "DATABASE", "SECONDS", "STEP", "ERROR")
JSON = {
    "name": "the secret's name",
    "arn": "its ARN",
    "outcome": "one of the words above",
    "database": "what stands for its database: see --group-by",
    "version": "the version that it was to be rotated to; null where none was begun",
    "began_at": "when RotateSecret was called; null where it was not",
    "seconds": "how long it took until its end was seen; null where it was not",
    "step": "the step that failed; null where none did, or it is not known",
    "error": "the kind of failure: a class of the function, a code of AWS, `given up`, `turned off` or `timed out`",
    "message": "what the function or AWS said, or why it was left out",
    "next_command": "what to type next; null where there is nothing to do",
}
"""The keys of each line of JSON, with their meanings."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one secret.

    Attributes:
        began: when RotateSecret was called.
        ended: when its end was seen.
    """

    secret: Secret
    outcome: Outcome
    database: str
    version: str | None = None
    began: datetime | None = None
    ended: datetime | None = None
    cause: Cause | None = None
    next_command: str | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return round((self.ended - self.began).total_seconds(), 1) if self.began and self.ended else None

    def row(self) -> Row:
        """A row under `TITLES`."""
        cause = self.cause or Cause("", "")
        seconds = None if self.seconds is None else f"{self.seconds:g}"
        cells = (self.outcome.value, self.secret.name, self.database, seconds, cause.step, cause.error)
        return Row([cell or "-" for cell in cells], self.outcome.colour, self.next_command, cause.message)

    def json(self) -> dict[str, object]:
        """The values for the keys of `JSON`."""
        return {
            "name": self.secret.name,
            "arn": self.secret.arn,
            "outcome": self.outcome.value,
            "database": self.database,
            "version": self.version,
            "began_at": moment(self.began),
            "seconds": self.seconds,
            "step": self.cause and self.cause.step,
            "error": (self.cause and self.cause.error) or None,
            "message": self.cause and self.cause.message,
            "next_command": self.next_command,
        }
