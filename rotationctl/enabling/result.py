"""What became of one secret that was to be attached, as a row and as JSON."""

from dataclasses import dataclass

from rotationctl.causes import Cause
from rotationctl.enabling.configuration import Configuration
from rotationctl.functions import function_name
from rotationctl.secret import Secret
from rotationctl.text import Row
from rotationctl.words import Word


class Outcome(Word):
    """The words for it, each with its meaning and its colour."""

    ENABLED = "enabled", "the function is attached, and its dry run passed.", "green"
    ALREADY = "enabled already", "it was attached so before, and the dry run passed again.", "green"
    UNTOLD = "untold", "it is attached; whether the dry run passed is in a log that could not be read.", "yellow"
    PUT_BACK = "put back", "the dry run failed, and the secret rotates as it did before, or not at all.", "red"
    NOT_PUT_BACK = (
        "not put back",
        "the dry run failed, and what was there before is not back; its message says why.",
        "red",
    )
    FAILED = "failed", "AWS refused it, or the dry run of what had been attached before failed.", "red"
    UNDER_WAY = "under way", "it is attached, and this run did not see the end of its dry run.", "cyan"
    NOT_STARTED = "not started", "it would have been next: the run stopped before.", "yellow"
    LEFT_OUT = "left out", "it cannot be attached; its message says why.", "yellow"
    PLANNED = "planned", "it would be attached: with --dry-run.", None


FINE = (Outcome.ENABLED, Outcome.ALREADY)
FAILURES = (Outcome.PUT_BACK, Outcome.NOT_PUT_BACK, Outcome.FAILED)
TITLES = ("OUTCOME", "SECRET", "FUNCTION", "SCHEDULE", "FORMER FUNCTION", "FORMER SCHEDULE")
JSON = {
    "name": "the secret's name",
    "arn": "its ARN",
    "outcome": "one of the words above",
    "function_arn": "the function that was to be attached; null where none was found",
    "schedule": "the schedule that was to be set, and its window",
    "former_function_arn": "the function that rotated it before; null where none did",
    "former_schedule": "the schedule that it had before, and its window; null where it had none",
    "was_on": "whether rotation was on before",
    "step": "the step that failed; null where none did",
    "error": "the kind of failure: a class of the function, or a code of AWS; null where there is none",
    "message": "what the function or AWS said, or why it was left out",
    "undo": "what to type, after the dry run, to have it as it was before; null where nothing of this run's is left",
    "next_command": "what to type next; null where there is nothing to do",
}
"""The keys of each line of JSON, with their meanings."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one secret, or of its attachment as it is planned.

    Attributes:
        wanted: how it was to rotate; None where that was not found out.
        former: how it rotated before.
    """

    secret: Secret
    outcome: Outcome
    former: Configuration
    wanted: Configuration | None = None
    cause: Cause | None = None
    undo: str | None = None
    next_command: str | None = None

    def row(self) -> Row:
        """A row under `TITLES`."""
        cells = [self.outcome.value, self.secret.name, *_cells(self.wanted), *_cells(self.former)]
        return Row(cells, self.outcome.colour, self.next_command, self.cause.message if self.cause else None)

    def json(self) -> dict[str, object]:
        """The values for the keys of `JSON`."""
        cause = self.cause
        return {
            "name": self.secret.name,
            "arn": self.secret.arn,
            "outcome": self.outcome.value,
            "function_arn": self.wanted and self.wanted.function_arn,
            "schedule": self.wanted and self.wanted.schedule,
            "former_function_arn": self.former.function_arn,
            "former_schedule": self.former.schedule,
            "was_on": self.former.is_on,
            "step": cause and cause.step,
            "error": (cause and cause.error) or None,
            "message": cause and cause.message,
            "undo": self.undo,
            "next_command": self.next_command,
        }


def _cells(configuration: Configuration | None) -> list[str]:
    if configuration is None or configuration.function_arn is None:
        return ["-", "-"]
    is_off = "" if configuration.is_on else " (off)"
    return [function_name(configuration.function_arn), f"{configuration.schedule or '-'}{is_off}"]
