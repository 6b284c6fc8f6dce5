"""Which secrets a report is about, and why it is not about the others."""

from dataclasses import dataclass

from rotationctl.output import moment
from rotationctl.secret import Secret
from rotationctl.state import NOT_OURS, State

JSON = {
    "name": "the secret's name",
    "arn": "its ARN",
    "kind": f"why it is left out, in a word: {', '.join(NOT_OURS)}",
    "reason": "the same in a sentence",
}
"""The keys of a secret that is left out, in JSON, with their meanings."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """A secret that the report is not about."""

    name: str
    arn: str
    kind: State
    reason: str

    def json(self) -> dict[str, object]:
        """The values for the keys of `JSON`."""
        return {"name": self.name, "arn": self.arn, "kind": self.kind.value, "reason": self.reason}


def excluded(secret: Secret, state: State) -> Excluded | None:
    """Why a report is not about a secret, or None where it is."""
    reasons = {
        State.DELETED: f"It is marked for deletion (DeletedDate {moment(secret.deleted)}); nobody can read it.",
        State.MANAGED: f"{secret.owner or 'An AWS service'} manages it, and rotates it without a function of yours.",
        State.REPLICA: f"It is a copy; the secret rotates in {secret.primary_region}.",
        State.NO_ROTATION: "Rotation was never configured. Whether it holds a database's password, its metadata does "
        "not tell.",
    }
    return Excluded(secret.name, secret.arn, state, reasons[state]) if state in reasons else None
