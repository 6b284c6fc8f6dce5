"""What `rotationctl check` prints, and how it ends."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import rotationctl
from rotationctl.checks.case import Case
from rotationctl.checks.inside import Answer
from rotationctl.checks.layout import ASKS_FOR_MORE, Layout, hint
from rotationctl.checks.stages import NO_HINDRANCE, Stage, examine
from rotationctl.exits import Exit
from rotationctl.output import columns, say, write, write_json
from rotationctl.text import plural, printable, shortened
from secret_rotation.doctor.catalogue import CATALOGUE, CHECKS, Check, Place
from secret_rotation.doctor.findings import Finding, Result

JSON = {
    "version": "the version of rotationctl",
    "secret": "the name or ARN that was asked about",
    "success": "whether the exit code is 0",
    "counts": "how many checks ended with each result",
    "checks": "the checks, in the order in which they are run",
    "next_command": "what to type next; null where there is nothing to do",
}
CHECK_JSON = {
    "check": "the check's name",
    "layer": "the layer that it belongs to",
    "title": "what is so where it is ok",
    "result": f"how it ended: {', '.join(Result)}",
    "text": "what was found, or why nobody looked",
    "remedy": "what to type, here or into the database; null where there is nothing to do, or `text` says it",
    "hint": "where the documents say more",
}
LIST_JSON = {"check": "its name", "layer": "its layer", "title": "what is so where it is ok", "where": "where it runs"}


class Threshold(StrEnum):
    """From what on a command ends as not fine."""

    WARNING = "warning"
    ERROR = "error"

    def is_reached(self, findings: Sequence[Finding]) -> bool:
        """Whether one of the findings is as bad as that."""
        bad = {Result.FAILED} if self is Threshold.ERROR else {Result.FAILED, Result.WARNING}
        return any(finding.result in bad for finding in findings)


@dataclass(frozen=True, slots=True)
class Report:
    """Runs checks, and prints what they find while they run.

    Attributes:
        look_inside: asks the doctor.
        threshold: from what on it is not fine.
        options: with which the same secret is looked at in the same way again.
    """

    case: Case
    checks: Sequence[Check]
    look_inside: Callable[[Sequence[str]], Answer]
    threshold: Threshold
    options: Sequence[str] = ()

    def show(self, *, as_json: bool, is_short: bool) -> Exit:
        """Run the checks, print them, and say how the command ends."""
        layout = Layout(is_short)

        def tell(stage: Stage, findings: Sequence[Finding]) -> None:
            if not as_json:
                write(layout.stage(stage, findings))

        def look(checks: Sequence[str]) -> Answer:
            if not as_json and columns() is not None:
                say("Looking from within the database's network ...")
            return self.look_inside(checks)

        findings = list(examine(self.case, self.checks, look, tell))
        is_fine = not self.threshold.is_reached(findings) and not _is_unseen(findings)
        following = self._next(findings, is_fine=is_fine)
        if as_json:
            write_json(self._document(findings, following, is_fine=is_fine))
        else:
            write(layout.rest(findings))
            say(self._summary(findings))
            if following:
                say(f"next: {printable(following)}")
        if _is_unseen(findings):
            return Exit.PARTLY
        return Exit.FINE if is_fine else Exit.NOT_FINE

    def _next(self, findings: Sequence[Finding], *, is_fine: bool) -> str | None:
        """What puts the first thing right on which others depend; where nothing is wrong, what the person came for."""
        if _is_unseen(findings):
            return self._again()
        wrong = [finding for finding in findings if finding.result in ASKS_FOR_MORE]
        if not wrong or (is_fine and self.case.planned):
            return self.case.enabling
        first = min(wrong, key=_urgency)
        if first.remedy and CHECKS[first.check].place is Place.AWS:
            return first.remedy
        # What is to be done elsewhere, in the database perhaps, stands above; this shows whether it was done.
        return self._again("--only", first.check)

    def _again(self, *only: str) -> str:
        return self.case.rotationctl("check", self.case.word, *self.options, *only)

    def _summary(self, findings: Sequence[Finding]) -> str:
        counts = _counts(findings)
        words = ", ".join(f"{number} {result}" for result, number in counts.items() if number)
        return printable(f"{shortened(self.case.reference)}: {plural(len(findings), 'check')}: {words}.")

    def _document(self, findings: Sequence[Finding], following: str | None, *, is_fine: bool) -> dict[str, object]:
        return {
            "version": rotationctl.__version__,
            "secret": self.case.reference,
            "success": is_fine,
            "counts": _counts(findings),
            "checks": [_document(finding) for finding in findings],
            "next_command": following,
        }


def list_document() -> dict[str, object]:
    """The catalogue, as JSON."""
    return {
        "version": rotationctl.__version__,
        "checks": [
            {"check": check.name, "layer": check.layer, "title": check.title, "where": check.place.value}
            for check in CATALOGUE
        ],
    }


def _urgency(finding: Finding) -> tuple[bool, bool]:
    return finding.result is not Result.FAILED, CHECKS[finding.check].layer in NO_HINDRANCE


def _is_unseen(findings: Sequence[Finding]) -> bool:
    """Whether nothing that was asked for could be looked at; all checks together then tell why."""
    return all(finding.result is Result.SKIPPED for finding in findings)


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    counts = Counter(finding.result for finding in findings)
    return {result.value: counts[result] for result in Result}


def _document(finding: Finding) -> dict[str, object]:
    check = CHECKS[finding.check]
    return {
        "check": check.name,
        "layer": check.layer,
        "title": check.title,
        "result": finding.result.value,
        "text": finding.text,
        "remedy": finding.remedy,
        "hint": hint(check.name),
    }
