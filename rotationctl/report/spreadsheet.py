"""A report as CSV: a row for each secret, those too that are left out."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from rotationctl.output import moment
from rotationctl.report.document import Report
from rotationctl.report.entry import JSON, Entry
from rotationctl.report.plain import said
from rotationctl.report.population import Excluded
from rotationctl.report.seal import sealed
from rotationctl.text import printable

LEFT_OUT = "left out"
SCOPE = ("account", "region", "read_at")
COLUMNS = (*SCOPE, *JSON, "left_out_because")
"""The first line: the scope, the keys of a secret in JSON, and why it is left out."""
_FORMULAS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\0")
"""What a formula begins with, in the wide forms of East Asia too. Blanks, tabs and ends of lines may come before it."""


def lines(report: Report) -> Iterator[str]:
    """The lines of the report; the last has the digest in its second cell."""
    return sealed(map(_line, _rows(report)), lambda digest: _line(["SHA-256 of the lines above", digest]))


def _rows(report: Report) -> Iterator[Sequence[object]]:
    scope = (report.scope.account, report.scope.region, moment(report.scope.read_at))
    yield COLUMNS
    for entry in report.entries:
        yield [*scope, *_cells(entry), None]
    for left_out in report.excluded:
        yield [*scope, *_cells_of_excluded(left_out), left_out.reason]


def _cells(entry: Entry) -> Iterator[object]:
    facts = entry.facts
    verification, waiver = facts.verification, facts.waiver
    replaced = {
        "readers": facts.access and "; ".join(facts.access.readers),
        "denied": facts.access and "; ".join(facts.access.denied),
        "verification": verification and f"{verification.outcome} at {moment(verification.at)}",
        "rotations": "; ".join(f"{event.name} {moment(event.at)} {event.event_id}" for event in facts.events or ()),
        "exception": waiver and f"{waiver.reason} (until {waiver.until or 'no day'})",
        "findings": " ".join(map(said, entry.findings)),
    }
    return (replaced.get(key, value) for key, value in entry.json().items())


def _cells_of_excluded(left_out: Excluded) -> Iterator[object]:
    known = {"name": left_out.name, "arn": left_out.arn, "result": LEFT_OUT, "state": left_out.kind.value}
    return (known.get(key) for key in JSON)


def _line(cells: Iterable[object]) -> str:
    buffer = io.StringIO()
    texts = ["" if cell is None else safe(str(cell)) for cell in cells]
    csv.writer(buffer, lineterminator="").writerow([*texts, *[""] * (len(COLUMNS) - len(texts))])
    return buffer.getvalue()


def safe(text: str) -> str:
    """The text as no spreadsheet takes it for a formula: with an apostrophe before it, which they do not show.

    Source: OWASP ASVS 5.0, 1.2.10. What no line can hold is written as an escape.
    """
    return printable(f"'{text}" if text.lstrip().startswith(_FORMULAS) or text[:1].isspace() else text)
