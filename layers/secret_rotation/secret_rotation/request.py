"""What Secrets Manager asks of a function: one step of one rotation of one secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from secret_rotation.errors import InvalidEventError
from secret_rotation.texts import text_fault


class Step(StrEnum):
    """The four steps of a rotation, as Secrets Manager names them."""

    CREATE_SECRET = "createSecret"  # noqa: S105 - a step, not a password
    SET_SECRET = "setSecret"  # noqa: S105 - a step, not a password
    TEST_SECRET = "testSecret"  # noqa: S105 - a step, not a password
    FINISH_SECRET = "finishSecret"  # noqa: S105 - a step, not a password


@dataclass(frozen=True, slots=True)
class RotationRequest:
    """One invocation: what Secrets Manager asks the function to do.

    Attributes:
        token: the client request token, which is the id of the version that becomes AWSPENDING and then AWSCURRENT.
        rotation_token: proves to Secrets Manager that the caller is the function it invoked; never to be logged.

    Source: Secrets Manager User Guide, "Lambda rotation functions"; API Reference, PutSecretValue.
    """

    step: Step
    secret_arn: str
    token: str
    rotation_token: str | None = field(default=None, repr=False)

    @classmethod
    def from_event(cls, event: object) -> Self:
        """Read the event of an invocation.

        Raises:
            InvalidEventError: a key is missing, empty or not a string, or the step is unknown.
        """
        if not isinstance(event, Mapping):
            raise InvalidEventError(
                "The event is not a JSON object. Secrets Manager sends Step, SecretId and ClientRequestToken."
            )
        return cls(
            step=_step(_event_text(event, "Step")),
            secret_arn=_event_text(event, "SecretId"),
            token=_event_text(event, "ClientRequestToken"),
            rotation_token=_event_text(event, "RotationToken") if event.get("RotationToken") is not None else None,
        )


def _event_text(event: Mapping[object, object], key: str) -> str:
    value = event.get(key)
    fault = text_fault(value.strip() if isinstance(value, str) else value)
    if fault is None:
        return str(value)
    raise InvalidEventError(
        f"The event's {key} {fault}. "
        "Let Secrets Manager invoke this function, by rotating a secret, or start from a file in events/."
    )


def _step(text: str) -> Step:
    try:
        return Step(text)
    except ValueError:
        known = ", ".join(Step)
        raise InvalidEventError(f"The event's Step is none of {known}.") from None
