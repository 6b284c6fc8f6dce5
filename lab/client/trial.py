"""A client, run through rotations."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lab.application import Application
from lab.client.process import ClientProcess
from lab.client.tally import Tally
from lab.observation import StepReport
from secret_rotation.request import Step

STEADY = "no rotation"
START_SECONDS = 30.0
"""In which a command must have had its first success."""
NEXT_PHASE = dict(pairwise([*map(str, Step), STEADY]))


@dataclass(frozen=True)
class Plan:
    """What a client is to go through.

    Attributes:
        pause_seconds: before the first rotation, and after each.
        step_seconds: what each step takes longer than it does here. On AWS four invocations take about 0.8 s, see
            docs/capacity.md.
        patience_seconds: in which a success must follow each rotation. A gap is shorter by far.
    """

    rotations: int = 3
    pause_seconds: float = 2.0
    step_seconds: float = 0.2
    patience_seconds: float = 10.0


class Trial:
    """One run of a client through rotations.

    Attributes:
        tally: what the client has said so far.
    """

    def __init__(self, plan: Plan, show: Callable[[str], None]) -> None:
        self._plan = plan
        self._show = show
        self.tally = Tally(STEADY)

    def report(self, step: StepReport) -> None:
        """Take note of a step that has run; who runs the rotation calls this after each."""
        time.sleep(self._plan.step_seconds)
        self.tally.enter(NEXT_PHASE[step.step])

    def run(self, application: Application[Any], client: ClientProcess) -> list[str]:
        """Run the client, rotate, and end the client.

        Returns:
            What went wrong, failed requests included; nothing for a client that survives.
        """
        with client:
            faults = list(self._faults(application, client))
            self.tally.close()
        failed = self.tally.all.failed
        return [*faults, f"{failed} request{'s' * (failed != 1)} failed."] if failed else faults

    def _faults(self, application: Application[Any], client: ClientProcess) -> Iterator[str]:
        fault = self._wait("it was started", client, START_SECONDS, after=0)
        if fault is None:
            self._show("The client is at work.")
            self.tally.ended.wait(self._plan.pause_seconds)
            rotations = range(1, self._plan.rotations + 1)
            fault = next(filter(None, (self._rotate(number, application, client) for number in rotations)), None)
        if fault is not None:
            yield fault

    def _rotate(self, number: int, application: Application[Any], client: ClientProcess) -> str | None:
        self._show(f"Rotation {number} of {self._plan.rotations}")
        self.tally.enter(Step.CREATE_SECRET)
        if not application.rotate().succeeded:
            return f"Rotation {number} failed, which is not the client's fault."
        succeeded = self.tally.all.succeeded
        fault = self._wait(f"rotation {number}", client, self._plan.patience_seconds, after=succeeded)
        if fault is None:
            self.tally.ended.wait(self._plan.pause_seconds)
        return fault

    def _wait(self, event: str, client: ClientProcess, seconds: float, *, after: int) -> str | None:
        """Wait for a success; what is wrong where none comes."""
        if self.tally.wait_for_success(seconds, after=after):
            return None
        if not self.tally.ended.is_set():
            return f"No request succeeded within {seconds:g} s after {event}."
        if client.status is None:
            return f"The command closed its standard output after {event}."
        return f"The command ended after {event}, with status {client.status}."
