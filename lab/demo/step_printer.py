"""What the demo prints of each step."""

from collections.abc import Iterable

from lab.application import Application
from lab.console import Printer
from lab.lambda_environment import LambdaFunction
from lab.observation import Labels, StepReport
from lab.steady_client import SteadyClient, Tally

DEEDS = {
    "createSecret": "draws a password, stores it as AWSPENDING",
    "setSecret": "sets the password in the database",
    "testSecret": "logs in with it",
    "finishSecret": "moves AWSCURRENT",
}
LABEL_ORDER = ("AWSPREVIOUS", "AWSCURRENT", "AWSPENDING")
ID_LENGTH = 4
LOGINS_BETWEEN_STEPS = 5
"""How many logins the client tries after each step, so that it has met every state."""


class StepPrinter:
    """Prints each step as it ends, with what the client has seen meanwhile."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._warm: set[str] = set()
        self._steps: list[StepReport] = []
        self._seen = Tally()
        self._client: SteadyClient | None = None

    def follow(self, client: SteadyClient) -> None:
        """Print what this client has seen, from now on."""
        self._client, self._seen = client, Tally()

    def begin(self, title: str) -> None:
        self._steps = []
        self._printer.line()
        self._printer.line(title)

    def report(self, step: StepReport) -> None:
        self._steps.append(step)
        line = self._printer.line
        line()
        before, after = labels_text(step.labels_before), labels_text(step.labels_after)
        line(f"{step.step:<13} {_deed(step.step, moves=after != before)}")
        line(f"  before      {before}")
        line(f"  after       {after if after != before else 'the same'}")
        line(f"  calls       {len(step.calls)}: {', '.join(step.calls) or 'none'}")
        line(f"  connections {step.connections}")
        line(f"  time        {step.invocation.duration_ms:.0f} ms{self._cold_start(step)}")
        line(f"  client      {self._client_since_last_step()}")
        if step.invocation.failed:
            line(self._printer.bad(f"  failed      {step.invocation.error_type}: {step.invocation.error_message}"))

    def rotated(self, application: Application[LambdaFunction], labels: Iterable[str]) -> None:
        """Print the rotation's sum, and which of the versions with these staging labels log in now."""
        calls = sum(len(step.calls) for step in self._steps)
        connections = sum(step.connections or 0 for step in self._steps)
        milliseconds = sum(step.invocation.duration_ms for step in self._steps)
        self._printer.line()
        self._printer.line(f"In all        {calls} calls, {connections} connections, {milliseconds:.0f} ms")
        for label in labels:
            outcome = "logs in" if application.logs_in(label) else "no longer logs in"
            self._printer.line(f"{label:<13} {application.credentials(label)[0]} {outcome}")

    def _client_since_last_step(self) -> str:
        if self._client is None:
            return "none"
        self._client.wait_for_logins(LOGINS_BETWEEN_STEPS)
        now = self._client.tally
        added, self._seen = now.since(self._seen), now
        return self._printer.bad(str(added)) if added.failed else str(added)

    def _cold_start(self, step: StepReport) -> str:
        is_cold = step.secret_arn not in self._warm
        self._warm.add(step.secret_arn)
        return ", the function's cold start included" if is_cold else ""


def _deed(step: str, *, moves: bool) -> str:
    """What a step does, and where setSecret has moved AWSCURRENT already, what is left of finishSecret."""
    if step == "setSecret" and moves:
        return f"{DEEDS[step]}, and {DEEDS['finishSecret']}"
    return "finds all done" if step == "finishSecret" and not moves else DEEDS[step]


def labels_text(labels: Labels) -> str:
    """All labelled versions, the oldest first: the beginning of the version id, and its labels."""
    texts = [(_age(held), f"{version[:ID_LENGTH]} {'+'.join(sorted(held))}") for version, held in labels.items()]
    return "  ".join(text for _, text in sorted(texts))


def _age(labels: set[str]) -> int:
    return min(LABEL_ORDER.index(label) if label in LABEL_ORDER else 0 for label in labels)
