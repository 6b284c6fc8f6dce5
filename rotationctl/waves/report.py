"""What a run prints while it goes on and at its end, and how the command ends."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rotationctl.exits import Exit
from rotationctl.failures import is_about_caller
from rotationctl.output import moment, say
from rotationctl.secret import Secret
from rotationctl.text import printable
from rotationctl.watch import Clock
from rotationctl.waves.result import FAILURES, FINE, Outcome, Result


@dataclass(slots=True)
class Progress:
    """A line for each thing that happens, as talk."""

    clock: Clock
    total: int
    began: int = field(default=0, init=False)

    def tell(self, what: Secret | Result | str) -> None:
        """Tell of a secret that begins, of a result, or of anything else."""
        say(printable(f"{moment(self.clock.now())}  {self._sentence(what)}"))

    def _sentence(self, what: Secret | Result | str) -> str:
        if isinstance(what, str):
            return what
        if isinstance(what, Secret):
            self.began += 1
            return f"{what.name}: begins ({self.began} of {self.total})"
        said = what.cause and what.cause.short
        took = f" after {what.seconds:g} s" if what.seconds else ""
        return f"{what.secret.name}: {what.outcome}{took}{f': {said}' if said else ''}"


def summary(results: Sequence[Result]) -> str:
    """How many ended how."""
    counts = Counter(result.outcome for result in results)
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome]) + "."


def code(results: Sequence[Result]) -> Exit:
    """How a run ends that nobody interrupted."""
    if all(result.outcome in FINE for result in results):
        return Exit.FINE
    if any(result.outcome in FINE for result in results):
        return Exit.PARTLY
    failures = [result for result in results if result.outcome in FAILURES]
    if failures and all(result.cause and is_about_caller(result.cause.error) for result in failures):
        return Exit.NOT_ASKED
    is_late = failures and all(result.outcome is Outcome.TIMED_OUT for result in failures)
    return Exit.TIMED_OUT if is_late else Exit.NOT_FINE
