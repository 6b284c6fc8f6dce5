"""How long a function may still wait, so that it reports what hung before Lambda kills it without a word."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

from secret_rotation.errors import RotationError

RESERVE_SECONDS = 3.0
"""Kept back at the end of an invocation to log, emit metrics and answer."""

CONNECT_TIMEOUT_SECONDS = 20.0
"""For a login. An Aurora cluster that was paused takes about 15 s to resume. The first login of an invocation may meet
one that takes longer, and has more: see `Deadline.to_connect`.

Source: Aurora User Guide, "Scaling to Zero ACUs with automatic pause and resume for Aurora Serverless v2".
"""

AFTER_WAKING_SECONDS = 10.0
"""Kept back by the first login of an invocation, for what its step does once the database is awake."""

MINIMUM_SECONDS = 0.5
"""Less than this is no time to start anything in."""

SLOW_SECONDS = 1.0
"""What takes longer than this is named where time has run out. A call of AWS takes some hundredths of that."""


class Work(Enum):
    """What has a deadline, by what is said where its time is used up, and by what is to be done about it then."""

    STEP = (
        "The invocation's time is used up; Secrets Manager will try again.",
        "If this comes back, raise the function's timeout.",
    )
    CHECKS = (
        "The time for all these checks is used up.",
        "Have fewer of them done at once: rotationctl check --only.",
    )
    ROUND = (
        "The time for this is used up; the doctor tries again within the hour.",
        "If this comes back, have the secret checked: rotationctl check.",
    )
    LOGIN = (
        "The time for this login and what it is for is used up.",
        "Try again; if this comes back, look for what the database, or the network to it, is busy with.",
    )


@dataclass(slots=True)
class Deadline:
    """The end of some work, such as that of an invocation, seen from inside it.

    Attributes:
        remaining_seconds: tells how long it is until the end: for a function, until Lambda ends the invocation.
        work: what is to be done until then.
        login_seconds: what each login may take, but for the first.
    """

    remaining_seconds: Callable[[], float]
    work: Work = Work.STEP
    login_seconds: float = CONNECT_TIMEOUT_SECONDS
    _may_be_asleep: bool = field(default=True, init=False)
    _slow: list[str] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def after(cls, seconds: float, work: Work = Work.STEP) -> Self:
        """A deadline that many seconds from now."""
        end = time.monotonic() + seconds
        return cls(lambda: end - time.monotonic(), work)

    def to_connect(self) -> float:
        """How long a login that begins now may take.

        The first of an invocation may have to wake a database, and takes all that the rest of the step can spare. A
        cluster that was paused for more than a day takes 30 s and more. Source: as for CONNECT_TIMEOUT_SECONDS.

        Raises:
            RotationError: as `at_most`.
        """
        spare = self.remaining_seconds() - RESERVE_SECONDS - AFTER_WAKING_SECONDS
        is_first, self._may_be_asleep = self._may_be_asleep, False
        return self.at_most(max(self.login_seconds, spare) if is_first else self.login_seconds)

    def allows(self, seconds: float) -> bool:
        """Whether something can still be started so many seconds from now."""
        return self.remaining_seconds() - RESERVE_SECONDS - seconds >= MINIMUM_SECONDS

    def at_most(self, seconds: float) -> float:
        """`seconds`, or what is left of the invocation if that is less.

        Raises:
            RotationError: too little is left to start anything.
        """
        left = self.remaining_seconds() - RESERVE_SECONDS
        if left < MINIMUM_SECONDS:
            raise RotationError(self.used_up)
        return min(seconds, left)

    def to_answer(self, seconds: float, least_seconds: float = MINIMUM_SECONDS) -> float:
        """How long an attempt of a call to AWS that begins now may wait for its answer: `seconds`, or what is left.

        Should it have to connect first, that is done in milliseconds; in what is kept back at the end there is room for
        an address that does not answer.

        Raises:
            NoTimeToCallError: less than `least_seconds` is left.
        """
        left = self.remaining_seconds() - RESERVE_SECONDS
        if left < least_seconds:
            raise NoTimeToCallError
        return min(seconds, left)

    def took(self, what: str, seconds: float) -> None:
        """Note how long something took, for a message that time has run out."""
        if seconds >= SLOW_SECONDS:
            self._slow.append(f"{what} took {seconds:.1f} s")

    @property
    def used_up(self) -> str:
        """That no time is left, and what it went into as far as that is known."""
        slow = [f"Of it, {', '.join(self._slow)}."] if self._slow else []
        said, remedy = self.work.value
        return " ".join([said, *slow, remedy])


class NoTimeToCallError(Exception):
    """A call to AWS, or a further attempt of it, was not begun: what is told of it, `aws_errors.explained` decides."""


_of_calls: ContextVar[Deadline | None] = ContextVar("deadline of calls", default=None)


@contextmanager
def calls_end_by(deadline: Deadline) -> Iterator[None]:
    """Let the calls of AWS within a block end in time: their clients outlive an invocation, and are not told anew.

    A thread that is started within does not know of it, unless it runs in a copy of the context.
    """
    token = _of_calls.set(deadline)
    try:
        yield
    finally:
        _of_calls.reset(token)


def deadline_of_calls() -> Deadline | None:
    """By when calls of AWS must have ended; None where nobody has said so."""
    return _of_calls.get()
