"""Runs the real code of a step up to its next operation.

A step is a function of the answers that it got so far. So it is run from its start with the recorded answers, and ends
at the first operation that has none yet: no threads, and the state of a process is the list of its answers.
"""

from collections.abc import Hashable

from lab.interleavings.state import Answer, Operation
from secret_rotation.patience import PATIENCE

READS_CLOCK = "reads the clock"


class Suspended(BaseException):
    """The step has come to an operation that has no answer yet. No error: nothing under test may catch it."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(str(operation))
        self.operation = operation


class Replay:
    """The answers of one run of a step, in order."""

    def __init__(self, answers: tuple[Answer, ...] = ()) -> None:
        self._answers = answers
        self._position = 0
        self._suspended = False

    def perform(self, name: str, **arguments: Hashable) -> Answer:
        """The recorded answer to the next operation.

        Raises:
            Suspended: it has none.
        """
        if self._suspended:  # on the way out, where sessions are closed
            return Answer()
        if self._position == len(self._answers):
            self._suspended = True
            raise Suspended(Operation(name, tuple(arguments.items())))
        self._position += 1
        return self._answers[self._position - 1]


class ModelClock:
    """The clock of one run of a step: moments, in each of which labels that were read in another are not fresh."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay

    def monotonic(self) -> float:
        """Seconds; an operation of its own."""
        moment = self._replay.perform(READS_CLOCK).value
        return 2 * PATIENCE.fresh_seconds * moment if isinstance(moment, int) else 0.0

    def sleep(self, seconds: float) -> None:
        """No operation: whatever happens meanwhile may happen between any two operations anyway."""
