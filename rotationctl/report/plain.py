"""A report for a terminal: a row for each secret, what was found below it, and what is left out."""

from collections.abc import Iterator

import rotationctl
from rotationctl.output import moment
from rotationctl.report.document import Report, Scope
from rotationctl.report.entry import FINE, NOT_FINE, WAIVED, Entry
from rotationctl.report.rules import Finding
from rotationctl.report.schedule import count
from rotationctl.report.seal import sealed
from rotationctl.rows import function_of
from rotationctl.text import NOTHING, Row, printable, table

TITLES = ("RESULT", "SECRET", "OWNER", "FUNCTION", "SCHEDULE", "ROTATED", "LATE", "LIVES")
COLOURS = {NOT_FINE: "red", WAIVED: "yellow", FINE: "green"}


def lines(report: Report, columns: int | None) -> Iterator[str]:
    """The lines of the report."""
    return sealed(_lines(report, columns), lambda digest: f"SHA-256 of the lines above: {digest}")


def told(scope: Scope) -> list[tuple[str, str]]:
    """The scope, in pairs of a title and a value."""
    tags = ", ".join(f"{key}={value}" for key, value in scope.tags.items())
    return [
        ("Account", scope.account or "not known"),
        ("Region", scope.region),
        ("Secrets", f"with the tag {tags}" if tags else "all"),
        ("Oldest password", f"{count(scope.max_age_days)} allowed"),
        ("Read at", moment(scope.read_at) or ""),
        ("Read by", scope.caller or "not known"),
        ("Program", f"rotationctl {rotationctl.__version__}"),
    ]


def said(finding: Finding) -> str:
    """A finding in words."""
    waiver = finding.waiver
    waived = f" (waived until {finding.waived_until}: {waiver.reason})" if waiver else ""
    return f"{finding.rule.value}: {finding.text}{waived}"


def _lines(report: Report, columns: int | None) -> Iterator[str]:
    for title, value in told(report.scope):
        yield f"{title}: {printable(value)}"
    yield ""
    yield from table(TITLES, [_row(entry) for entry in report.entries], columns)
    yield f"Left out: {', '.join(f'{number} {kind}' for kind, number in report.left_out().items()) or 'none'}."
    yield from (f"Not read: {printable(sentence)}" for sentence in report.scope.not_read)


def _row(entry: Entry) -> Row:
    secret, days = entry.facts.secret, entry.facts.lifetime.days
    cells = (
        entry.result, secret.name, entry.facts.owner, function_of(secret), entry.schedule.text,
        moment(secret.last_rotated), entry.days_late and count(entry.days_late), days and count(days),
    )  # fmt: skip
    note = " ".join(map(said, entry.findings)) or None
    return Row([str(cell) if cell else NOTHING for cell in cells], COLOURS[entry.result], note)
