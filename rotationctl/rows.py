"""A secret as a command shows it: with its state, its next command, as a row and as JSON."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rotationctl.functions import function_name
from rotationctl.output import moment
from rotationctl.remedies import Adviser
from rotationctl.secret import Secret
from rotationctl.state import ALARMING, BY_URGENCY, State, judge
from rotationctl.text import NOTHING, Row, table

TITLES = ("STATE", "SECRET", "FUNCTION", "ROTATED", "CHANGED", "NEXT", "PENDING")
JSON = {
    "name": "the secret's name",
    "arn": "its ARN",
    "state": "the word for its state",
    "engine": "the engine that its function is for; null where the function is not of this product",
    "strategy": "the strategy of its function, in the same way",
    "function_arn": "the function that rotates it; null where none does",
    "rotation_enabled": "whether rotation is on",
    "last_rotated": "when a rotation last succeeded",
    "last_changed": "when anything about it last changed",
    "last_accessed": "the day on which its value was last read",
    "next_rotation": "the date by which it rotates",
    "labels": "each version that has labels, with them",
    "pending_version": "the version of a rotation that is not complete; null where there is none",
    "managed_by": "the AWS service or partner that manages it",
    "primary_region": "where it rotates, if it is replicated",
    "tags": "its tags",
    "next_command": "what to type next; null where there is nothing to do",
}
"""The keys of a secret in JSON, each with its meaning. Moments are ISO 8601 in UTC; null where AWS names none."""


@dataclass(frozen=True, slots=True)
class Status:
    """A secret, the word for it, and what to type next."""

    secret: Secret
    state: State
    next_command: str | None

    @classmethod
    def of(cls, secret: Secret, adviser: Adviser) -> "Status":
        """The status of a secret at the adviser's moment."""
        state = judge(secret, adviser.now)
        return cls(secret, state, adviser.next_command(secret, state))

    def row(self) -> Row:
        """A row under `TITLES`."""
        secret = self.secret
        dates = (secret.last_rotated, secret.last_changed, secret.next_rotation)
        cells = (self.state.value, secret.name, function_of(secret), *map(moment, dates), secret.pending)
        return Row([cell or NOTHING for cell in cells], self.state.colour, self.next_command)

    def json(self) -> dict[str, object]:
        """The values for the keys of `JSON`."""
        secret, function = self.secret, self.secret.function
        return {
            "name": secret.name,
            "arn": secret.arn,
            "state": self.state.value,
            "engine": function and function.engine,
            "strategy": function and function.strategy,
            "function_arn": secret.function_arn,
            "rotation_enabled": secret.rotation_enabled,
            "last_rotated": moment(secret.last_rotated),
            "last_changed": moment(secret.last_changed),
            "last_accessed": moment(secret.last_accessed),
            "next_rotation": moment(secret.next_rotation),
            "labels": {version: sorted(stages) for version, stages in secret.labels.stages_by_version.items()},
            "pending_version": secret.pending,
            "managed_by": secret.owner,
            "primary_region": secret.primary_region,
            "tags": dict(secret.tags),
            "next_command": self.next_command,
        }


def sort(statuses: Iterable[Status]) -> list[Status]:
    """The most urgent first, and by name."""
    return sorted(statuses, key=lambda status: (BY_URGENCY.index(status.state), status.secret.name))


def is_alarming(statuses: Iterable[Status]) -> bool:
    """Whether one of them is not fine."""
    return any(status.state in ALARMING for status in statuses)


def as_table(statuses: Sequence[Status], columns: int | None) -> list[str]:
    """The lines of a table; none where there is no secret."""
    return table(TITLES, [status.row() for status in statuses], columns)


def count(statuses: Iterable[Status]) -> dict[str, int]:
    """How many are in each state, of those that occur, the most urgent first."""
    counts = Counter(status.state for status in statuses)
    return {state.value: counts[state] for state in BY_URGENCY if counts[state]}


def function_of(secret: Secret) -> str | None:
    """The function that rotates it, in words: engine and strategy where it is of this product, or its name."""
    if secret.function is not None:
        return str(secret.function)
    return secret.function_arn and function_name(secret.function_arn)
