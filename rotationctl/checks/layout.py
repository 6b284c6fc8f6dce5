"""How findings look: a heading for each layer, a line for each check, and below what is wrong the way out."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import click

import rotationctl
from rotationctl.checks.inside import NOBODY
from rotationctl.checks.stages import Stage
from rotationctl.output import columns
from rotationctl.text import GAP, INDENT, Row, plural, printable, table
from secret_rotation.doctor.catalogue import CATALOGUE, CHECKS
from secret_rotation.doctor.findings import Finding, Result

DOCUMENTS = f"{rotationctl.REPOSITORY}/blob/v{rotationctl.__version__}/docs"
"""The documents of this very version."""
WORDS: Mapping[Result, str] = {
    Result.OK: "ok",
    Result.WARNING: "warn",
    Result.FAILED: "FAIL",
    Result.SKIPPED: "skip",
}
MARKS: Mapping[Result, str] = {Result.OK: "✓", Result.WARNING: "!", Result.FAILED: "✗", Result.SKIPPED: "-"}
COLOURS: Mapping[Result, str] = {Result.OK: "green", Result.WARNING: "yellow", Result.FAILED: "red"}
ASKS_FOR_MORE = (Result.WARNING, Result.FAILED)


def hint(check: str) -> str:
    """Where the documents say what a check means, and what to do."""
    # GitHub makes the anchor of a heading that is the name.
    return f"{DOCUMENTS}/checks.md#{check.replace('.', '')}"


@dataclass
class Layout:
    """Gives the lines, stage by stage.

    Attributes:
        is_short: leave out what is all right.
    """

    is_short: bool = False
    _shown: set[str] = field(default_factory=set)

    def stage(self, stage: Stage, findings: Sequence[Finding]) -> Iterator[str]:
        """The lines of a stage; none where nothing is to be shown of it."""
        told = [finding for finding in findings if finding.text != NOBODY]
        if self.is_short:
            told = [finding for finding in told if finding.result is not Result.OK]
        if not told:
            return
        if self._shown:
            yield ""
        yield click.style(stage.title, bold=True)
        yield "-" * len(stage.title)
        width = max(len(finding.check) for finding in told)
        for finding in told:
            self._shown.add(finding.check)
            yield from _lines(finding, width)

    def rest(self, findings: Sequence[Finding]) -> Iterator[str]:
        """A line for each reason for which checks were not run at all."""
        reasons: dict[str, list[str]] = {}
        for finding in findings:
            if finding.result is Result.SKIPPED and finding.check not in self._shown:
                reasons.setdefault(finding.text, []).append(finding.check)
        if reasons and self._shown:
            yield ""
        for reason, checks in reasons.items():
            layers = ", ".join(dict.fromkeys(CHECKS[check].layer for check in checks))
            yield f"{_mark(Result.SKIPPED)}{GAP}{layers} ({plural(len(checks), 'check')}): {printable(reason)}"


def catalogue() -> list[str]:
    """All checks, as --list shows them."""
    rows = [Row((check.name, check.title, check.place.value)) for check in CATALOGUE]
    return table(("CHECK", "TITLE", "WHERE"), rows, columns())


def _lines(finding: Finding, width: int) -> Iterator[str]:
    title = CHECKS[finding.check].title
    head = f"{_mark(finding.result)}{GAP}{finding.check:{width}}{GAP}"
    if finding.result is Result.OK:
        yield head + printable(finding.text or title)
        return
    yield head + title
    yield INDENT + printable(finding.text)
    if finding.remedy:
        yield f"{INDENT}remedy: {printable(finding.remedy)}"
    if finding.result in ASKS_FOR_MORE:
        yield f"{INDENT}see {hint(finding.check)}"


def _mark(result: Result) -> str:
    is_terminal = columns() is not None and (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    mark = MARKS[result] if is_terminal else f"{WORDS[result]:4}"
    return click.style(mark, fg=COLOURS.get(result))
