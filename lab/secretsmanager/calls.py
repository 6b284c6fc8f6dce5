"""The call log: what was asked of the local AWS, and how it answered; never a secret value."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

OK = "OK"
SENSITIVE_PARAMETERS = frozenset({"SecretString", "SecretBinary", "RotationToken"})


@dataclass(frozen=True, slots=True)
class Call:
    """One request and its answer.

    Attributes:
        number: 1 for the first call since the server started.
        parameters: the request's; of a sensitive one only that it was there.
        result: ``OK`` or the error code; ``ConnectionDropped`` when no answer was sent.
        caller: the access key id that signed the request.
        secret_arn: the secret that the call was about, if it exists.
        duration_ms: until the answer was ready, milliseconds.
    """

    number: int
    service: str
    operation: str
    parameters: Mapping[str, object]
    result: str
    caller: str
    secret_arn: str | None
    duration_ms: float


def redacted(parameters: Mapping[str, object]) -> dict[str, object]:
    """The parameters, with a sensitive one reduced to the fact that it was sent."""
    return {key: "(present)" if key in SENSITIVE_PARAMETERS else value for key, value in parameters.items()}


@dataclass
class CallLog:
    """All calls so far, in the order in which they were answered."""

    _calls: list[Call] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _count: int = 0

    def add(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)

    def next_number(self) -> int:
        """The number of the call that begins now."""
        with self._lock:
            self._count += 1
            return self._count

    def all(self, *, operation: str | None = None, secret_arn: str | None = None) -> list[Call]:
        """The calls, optionally of one operation or about one secret."""
        with self._lock:
            calls = list(self._calls)
        return [call for call in calls if operation in (None, call.operation) and secret_arn in (None, call.secret_arn)]

    def operations(self, *, secret_arn: str | None = None) -> list[str]:
        return [call.operation for call in self.all(secret_arn=secret_arn)]

    def clear(self) -> None:
        """Forget all calls; numbers go on."""
        with self._lock:
            self._calls.clear()

    @contextmanager
    def recorded(self) -> Iterator[list[Call]]:
        """A list that holds, once the block ends, the calls answered within it."""
        before = len(self.all())
        calls: list[Call] = []
        yield calls
        calls.extend(self.all()[before:])
