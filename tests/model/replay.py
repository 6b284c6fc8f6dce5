"""Runs the real code of a step up to its next operation.

A step is a function of the answers that it got so far. So it is run from its start with the recorded answers, and ends
at the first operation that has none yet: no threads, and the state of a delivery is the list of its answers.
"""

from collections.abc import Hashable
from typing import Self

from tests.model.world import Answer, Operation


class Suspended(BaseException):
    """The step has come to an operation that has no answer yet. No error: nothing under test may catch it."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(str(operation))
        self.operation = operation


class Replay:
    """The answers of one run of a step, in order."""

    current: Self | None = None

    def __init__(self, history: tuple[Answer, ...]) -> None:
        self._history = history
        self._position = 0
        self._suspended = False

    def perform(self, name: str, **arguments: Hashable) -> Answer:
        """The recorded answer to the next operation.

        Raises:
            Suspended: it has none.
        """
        if self._suspended:  # on the way out, where sessions are closed
            return Answer()
        if self._position == len(self._history):
            self._suspended = True
            raise Suspended(Operation(name, tuple(arguments.items())))
        self._position += 1
        return self._history[self._position - 1]
