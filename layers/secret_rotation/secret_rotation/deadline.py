"""How long a function may still wait, so that it reports what hung before Lambda kills it without a word."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from secret_rotation.errors import RotationError

RESERVE_SECONDS = 3.0
"""Kept back at the end of an invocation to log, emit metrics and answer."""

MINIMUM_SECONDS = 0.5
"""Less than this is no time to start anything in."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of an invocation, seen from inside it."""

    remaining_seconds: Callable[[], float]

    @classmethod
    def after(cls, seconds: float) -> Self:
        """A deadline that many seconds from now."""
        end = time.monotonic() + seconds
        return cls(lambda: end - time.monotonic())

    def at_most(self, seconds: float) -> float:
        """`seconds`, or what is left of the invocation if that is less.

        Raises:
            RotationError: too little is left to start anything.
        """
        left = self.remaining_seconds() - RESERVE_SECONDS
        if left < MINIMUM_SECONDS:
            raise RotationError(
                "The invocation's time is used up; Secrets Manager will try again. If this comes back, raise "
                "the function's timeout."
            )
        return min(seconds, left)
