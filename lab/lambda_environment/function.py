"""What the rotation service calls, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Invocation:
    """The outcome of one invocation.

    Attributes:
        error_type: the exception's name or Lambda's own, such as ``Sandbox.Timedout``; None when it succeeded.
        error_message: what the error says; None when it succeeded.
        payload: what the function returned, or Lambda's error document.
        log: what the function wrote meanwhile, line by line.
        duration_ms: as the caller saw it, milliseconds.
    """

    error_type: str | None = None
    error_message: str | None = None
    payload: object = None
    log: str = field(default="", repr=False)
    duration_ms: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether Lambda would answer with a FunctionError."""
        return self.error_type is not None


class LambdaFunction(Protocol):
    """A function that can be invoked synchronously, wherever it runs."""

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        """Invoke it and wait; a failure of the function is in the result, not raised."""
        ...
