"""What a client says of its requests, by the phase of a rotation in which it says so."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Phase:
    """What happened in one phase, all times that it came.

    Attributes:
        silent_seconds: the longest time without a success, of those that began in it.
    """

    succeeded: int = 0
    failed: int = 0
    silent_seconds: float = 0.0

    @property
    def requests(self) -> int:
        return self.succeeded + self.failed


class Tally:
    """Counts requests, until it is closed.

    Attributes:
        phases: by their names, in the order in which they came first.
        reasons: how often each reason of a failure was given.
        ended: set when the client says nothing more.
    """

    def __init__(self, first_phase: str, now: Callable[[], float] = time.monotonic) -> None:
        self.phases = {first_phase: Phase()}
        self.reasons: Counter[str] = Counter()
        self.ended = threading.Event()
        self._now = now
        self._phase = self._phase_of_success = self.phases[first_phase]
        self._succeeded_at: float | None = None
        self._is_open = True
        self._progress = threading.Condition()

    @property
    def all(self) -> Phase:
        """All phases together."""
        phases = self.phases.values()
        longest = max(phase.silent_seconds for phase in phases)
        return Phase(sum(phase.succeeded for phase in phases), sum(phase.failed for phase in phases), longest)

    def enter(self, name: str) -> None:
        """Begin a phase: what is told from now on happened in it."""
        with self._progress:
            self._phase = self.phases.setdefault(name, Phase())

    def succeeded(self) -> None:
        with self._progress:
            if self._is_open:
                self._end_silence()
                self._phase.succeeded += 1
                self._phase_of_success, self._succeeded_at = self._phase, self._now()
                self._progress.notify_all()

    def failed(self, reason: str) -> None:
        with self._progress:
            if self._is_open:
                self._phase.failed += 1
                self.reasons[reason] += 1

    def end(self) -> None:
        """Wake who waits: nothing more will come."""
        with self._progress:
            self.ended.set()
            self._progress.notify_all()

    def close(self) -> None:
        """Count no more: a client that is told to end may well leave a request undone."""
        with self._progress:
            self._end_silence()
            self._is_open = False

    def wait_for_success(self, seconds: float, *, after: int) -> bool:
        """Wait until there were more successes than these; whether there were."""
        with self._progress:
            self._progress.wait_for(lambda: self.all.succeeded > after or self.ended.is_set(), seconds)
            return self.all.succeeded > after

    def _end_silence(self) -> None:
        if self._succeeded_at is not None:
            phase, seconds = self._phase_of_success, self._now() - self._succeeded_at
            phase.silent_seconds = max(phase.silent_seconds, seconds)
