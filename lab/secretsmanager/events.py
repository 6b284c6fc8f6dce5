"""The events that Secrets Manager writes to CloudTrail about rotations.

Source: User Guide, "CloudTrail entries for Secrets Manager": the service events of rotation.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class EventName(StrEnum):
    """The service events about rotation."""

    ROTATION_STARTED = "RotationStarted"
    ROTATION_SUCCEEDED = "RotationSucceeded"
    ROTATION_FAILED = "RotationFailed"
    ROTATION_ABANDONED = "RotationAbandoned"
    TEST_ROTATION_STARTED = "TestRotationStarted"
    TEST_ROTATION_SUCCEEDED = "TestRotationSucceeded"
    TEST_ROTATION_FAILED = "TestRotationFailed"


@dataclass(frozen=True)
class RotationEvent:
    """One event; ``error_message`` names the step that failed."""

    name: EventName
    secret_arn: str
    token: str
    time: datetime
    error_message: str | None = None


@dataclass
class EventList:
    """All events so far, oldest first; `listener` is told of each."""

    listener: Callable[[RotationEvent], None] = lambda event: None  # noqa: ARG005 - nobody listens
    _events: list[RotationEvent] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, event: RotationEvent) -> None:
        with self._lock:
            self._events.append(event)
        self.listener(event)

    def of(self, secret_arn: str) -> list[RotationEvent]:
        with self._lock:
            return [event for event in self._events if event.secret_arn == secret_arn]
