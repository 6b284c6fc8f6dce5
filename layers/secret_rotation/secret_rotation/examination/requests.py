"""What the doctor's function may be asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from secret_rotation.errors import InvalidEventError


class Action(StrEnum):
    """The actions."""

    CHECK = "check"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class DoctorRequest:
    """One event.

    Attributes:
        secret: the ARN or name of the secret; "" where the action is about all of them.
        only: the names of checks or layers; None means all.
        strategy: of the function that is to rotate the secret, where it has none yet; else None.
    """

    action: Action
    secret: str
    only: Sequence[str] | None
    strategy: str | None

    @classmethod
    def from_event(cls, event: object) -> Self:
        """Read an event.

        Raises:
            InvalidEventError: it asks for nothing that there is.
        """
        if not isinstance(event, Mapping) or event.get("action") not in list(Action):
            raise InvalidEventError(f"The event's 'action' must be one of {', '.join(Action)}.")
        action = Action(event["action"])
        secret = event.get("secret", "")
        if action is not Action.VERIFY and (not isinstance(secret, str) or not secret):
            raise InvalidEventError(f"The event's 'secret' must be the ARN of a secret, for the action {action}.")
        strategy = event.get("strategy")
        if not (strategy is None or isinstance(strategy, str)):
            raise InvalidEventError("The event's 'strategy' must be a text, or be left out.")
        only = event.get("only")
        if not (only is None or (isinstance(only, list) and all(isinstance(name, str) for name in only))):
            raise InvalidEventError("The event's 'only' must be a list of texts, or be left out.")
        return cls(action, secret, only, strategy)
