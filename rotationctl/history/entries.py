"""The entries of a secret's history, each a row."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rotationctl.output import moment
from rotationctl.text import NOTHING, Row
from rotationctl.words import Word

TITLES = ("OUTCOME", "WHAT", "BEGAN", "TOOK", "BY", "VERSION")
MINUTE, HOUR, DAY = 60, 3600, 86_400


class What(StrEnum):
    """What an entry is about."""

    ROTATION = "rotation"
    DRY_RUN = "dry run"
    BY_HAND = "by hand"


class Outcome(Word):
    """The words for how it ended, each with its meaning and its colour on a terminal."""

    SUCCEEDED = "succeeded", "the rotation is complete, or the dry run passed.", "green"
    FAILED = "failed", "a step failed, and it was not tried again since.", "red"
    GIVEN_UP = "given up", "AWSPENDING was taken off, or a value was put by hand, before it was complete.", "yellow"
    UNFINISHED = "unfinished", "it began, and no end of it is known yet.", "cyan"
    CHANGED = "changed by hand", "somebody changed the secret, and not the rotation function.", "yellow"
    REFUSED = "refused", "somebody tried to, and AWS refused.", "red"


JSON = {
    "what": f"{', '.join(What)}",
    "outcome": "one of the words above",
    "began": "when it began, or when the change was made",
    "ended": "when it ended; null where no end is known",
    "seconds": "how long it took, with all attempts; null where no end is known",
    "attempts": "how often CloudTrail has it begin; null for a change by hand, and where CloudTrail has nothing of it",
    "version": "the version that was rotated to, or that the change was about; null where none is named",
    "by": "the ARN of who asked for it or made the change; `schedule`; null where that is not known",
    "change": "what was changed by hand; null for a rotation",
    "step": "the step that failed; null where none did",
    "error": "the function's error class; null where the log has none",
    "message": "what the function said about it; null where the log has nothing",
}
"""The keys of an entry in JSON, each with its meaning."""
SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True)
class Problem:
    """What failed: the step, and the function's error where its log has it."""

    step: str
    error: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A rotation, a dry run, or a change by hand; `JSON` says what its attributes are."""

    what: What
    outcome: Outcome
    began: datetime
    ended: datetime | None = None
    attempts: int | None = None
    version: str | None = None
    by: str | None = None
    change: str | None = None
    problem: Problem | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return (self.ended - self.began).total_seconds() if self.ended else None

    def row(self) -> Row:
        """A row under `TITLES`."""
        seconds, attempts = self.seconds, self.attempts or 1
        took = NOTHING if seconds is None or self.what is What.BY_HAND else _span(seconds)
        cells = (
            self.outcome.value,
            self.what.value if self.change is None else self.change,
            moment(self.began) or NOTHING,
            f"{took}, {attempts} attempts" if attempts > 1 else took,
            _short(self.by),
            self.version or NOTHING,
        )
        return Row(cells, self.outcome.colour, _note(self.problem))

    def json(self) -> dict[str, object]:
        """The values for the keys of `JSON`."""
        problem = self.problem
        return {
            "what": self.what.value,
            "outcome": self.outcome.value,
            "began": moment(self.began),
            "ended": moment(self.ended),
            "seconds": self.seconds,
            "attempts": self.attempts,
            "version": self.version,
            "by": self.by,
            "change": self.change,
            "step": problem and problem.step,
            "error": problem and problem.error,
            "message": problem and problem.message,
        }


def _note(problem: Problem | None) -> str | None:
    if problem is None:
        return None
    return ": ".join(part for part in (problem.step, problem.error, problem.message) if part)


def _short(by: str | None) -> str:
    """An ARN without what is the same in all of an account: user/alice."""
    if by is None:
        return NOTHING
    return by.split(":", 5)[-1] if by.startswith("arn:") else by


def _span(seconds: float) -> str:
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.1f} s".replace(".0 ", " ")
