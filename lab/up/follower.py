"""A line for each step, as rotations happen in the lab."""

import threading
from collections.abc import Mapping
from datetime import datetime

from lab.console import Printer
from lab.observation import StepReport


class Follower:
    """Prints reports; they may come from several rotations at once."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._lock = threading.Lock()

    def report(self, step: StepReport) -> None:
        """Print one step, and where AWSCURRENT has moved to."""
        with self._lock:
            self._printer.line(_line(step))
            if step.invocation.failed:
                error = f"{step.invocation.error_type}: {step.invocation.error_message}"
                self._printer.line(self._printer.bad(f"         {error}"))
            elif moved := _moved_current(step):
                self._printer.line(f"         AWSCURRENT is now version {moved}")


def _line(step: StepReport) -> str:
    moment = datetime.now().astimezone().strftime("%H:%M:%S")
    name = step.secret_arn.rpartition("/")[2][:-7]  # without Secrets Manager's own suffix, such as -a1b2c3
    cost = f"{len(step.calls)} calls, {step.connections or 0} conn., {step.invocation.duration_ms:.0f} ms"
    return f"{moment} {name:<28} {step.step:<12} {cost}"


def _moved_current(step: StepReport) -> str | None:
    before, after = _current(step.labels_before), _current(step.labels_after)
    return after if after != before else None


def _current(labels: Mapping[str, set[str]]) -> str | None:
    return next((version for version, held in labels.items() if "AWSCURRENT" in held), None)
