"""Faults to order: errors, delays, dropped connections and reads that lag, at the nth call of an operation."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn, TypedDict, Unpack

from lab.cloud import AwsError, ConnectionDroppedError

ANY_OPERATION = "*"


@dataclass
class Fault:
    """Something that goes wrong at certain calls of an operation.

    Attributes:
        operation: its name, or ``*`` for all.
        nth: the first call that it hits, counted from when the fault was added; 1 is the next one.
        times: how many calls in a row it hits; None for all from then on.
        after_effect: whether the operation is carried out first, so that only the answer is lost.
        secret_arn: only calls about this secret.
        act: what happens; raises to replace the answer.
        lag_seconds: how old the state is that a read answers from.
    """

    operation: str
    act: Callable[[], None] = lambda: None
    nth: int = 1
    times: int | None = 1
    after_effect: bool = False
    secret_arn: str | None = None
    lag_seconds: float = 0.0
    _seen: int = field(default=0, init=False)

    def hits(self, operation: str, secret_arn: str | None) -> bool:
        """Count a call, and say whether the fault strikes it."""
        if self.operation not in (ANY_OPERATION, operation) or self.secret_arn not in (None, secret_arn):
            return False
        self._seen += 1
        last = None if self.times is None else self.nth + self.times - 1
        return self._seen >= self.nth and (last is None or self._seen <= last)


@dataclass(frozen=True)
class Strike:
    """The faults that hit one call."""

    faults: tuple[Fault, ...] = ()

    @property
    def lag_seconds(self) -> float:
        return max((fault.lag_seconds for fault in self.faults), default=0.0)

    def act(self, *, after_effect: bool) -> None:
        """Let those happen that are due before, or after, the operation took effect."""
        for fault in self.faults:
            if fault.after_effect == after_effect:
                fault.act()


class Faults:
    """The faults in force: ``faults.add(error("PutSecretValue", "ThrottlingException", nth=2))``."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        with self._lock:
            self._faults.remove(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def strike(self, operation: str, secret_arn: str | None) -> Strike:
        """Count a call, and say which faults hit it."""
        with self._lock:
            return Strike(tuple(fault for fault in self._faults if fault.hits(operation, secret_arn)))

    @contextmanager
    def during(self, fault: Fault) -> Iterator[Fault]:
        """Keep the fault in force for the length of a block."""
        self.add(fault)
        try:
            yield fault
        finally:
            self.remove(fault)


class When(TypedDict, total=False):
    """Which calls a fault hits: see the attributes of `Fault`."""

    nth: int
    times: int | None
    after_effect: bool
    secret_arn: str | None


def error(operation: str, code: str, message: str = "Injected by the lab.", **when: Unpack[When]) -> Fault:
    """Answer with this error code: ``ThrottlingException``, ``AccessDeniedException``, ``InternalServiceError``..."""
    status = 500 if code.startswith("Internal") else 400
    return Fault(operation, lambda: _raise(AwsError(code, message, status)), **when)


def drop(operation: str, **when: Unpack[When]) -> Fault:
    """Close the connection without an answer."""
    return Fault(operation, lambda: _raise(ConnectionDroppedError()), **when)


def delay(operation: str, seconds: float, **when: Unpack[When]) -> Fault:
    """Wait before going on; longer than the caller's read timeout, it is a timeout."""
    return Fault(operation, lambda: time.sleep(seconds), **when)


def call(operation: str, function: Callable[[], None], **when: Unpack[When]) -> Fault:
    """Run a function of the test's own: kill a process, change the secret by hand."""
    return Fault(operation, function, **when)


def lag(operation: str, seconds: float, **when: Unpack[When]) -> Fault:
    """Answer reads from the state that the secret had so many seconds ago; until removed, unless ``times`` is given."""
    when.setdefault("times", None)
    fault = Fault(operation, **when)
    fault.lag_seconds = seconds
    return fault


def _raise(error: Exception) -> NoReturn:
    raise error
