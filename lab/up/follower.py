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
        self._begun: set[str] = set()

    def report(self, step: StepReport) -> None:
        """Print one step, and where AWSCURRENT has moved to."""
        with self._lock:
            self._printer.line(_line(step))
            if self._is_dry_run(step):
                self._printer.line("         A dry run: nothing was changed, and no other step follows.")
            if step.invocation.failed:
                error = f"{step.invocation.error_type}: {step.invocation.error_message}"
                self._printer.line(self._printer.bad(f"         {error}"))
            elif moved := _moved_current(step):
                self._printer.line(f"         AWSCURRENT is now version {moved}")

    def _is_dry_run(self, step: StepReport) -> bool:
        """Whether Secrets Manager only tests: testSecret is then the first step under its token."""
        is_first = step.token not in self._begun
        self._begun.add(step.token)
        return is_first and step.step == "testSecret"


def _line(step: StepReport) -> str:
    moment = datetime.now().astimezone().strftime("%H:%M:%S")
    name = step.secret_arn.rpartition("/")[2][:-7]  # without Secrets Manager's own suffix, such as -a1b2c3
    calls = f"{len(step.calls)} call{'s' * (len(step.calls) != 1)}"
    return (
        f"{moment} {name:<28} {step.step:<12} "
        f"{calls}, {step.connections or 0} conn., {step.invocation.duration_ms:.0f} ms"
    )


def _moved_current(step: StepReport) -> str | None:
    before, after = _current(step.labels_before), _current(step.labels_after)
    return after if after != before else None


def _current(labels: Mapping[str, set[str]]) -> str | None:
    return next((version for version, held in labels.items() if "AWSCURRENT" in held), None)
