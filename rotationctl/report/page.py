"""A report as one page of HTML that asks for nothing else: no network, no script, no file beside it."""

from collections.abc import Iterable, Iterator
from html import escape

from rotationctl.output import moment
from rotationctl.report import tables
from rotationctl.report.document import Report
from rotationctl.report.entry import FINE, NOT_FINE, WAIVED
from rotationctl.report.markup import pairs, prose, several
from rotationctl.report.plain import told
from rotationctl.report.seal import sealed
from rotationctl.report.style import STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""The Content-Security-Policy: even if something of this page were wrong, nothing could be loaded or run."""
CHECK = "sed '$d' FILE | sha256sum"


def lines(report: Report) -> Iterator[str]:
    """The lines of the page; the last is a comment with the digest."""
    return sealed(_lines(report), lambda digest: f"<!-- SHA-256 of the lines above: {digest} -->")


def _lines(report: Report) -> Iterator[str]:
    scope = report.scope
    title = f"Password rotation: account {scope.account or 'not known'}, {scope.region}, {moment(scope.read_at)}"
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    yield f"<title>{escape(title)}</title><style>"
    yield STYLE
    yield "</style></head><body><main><header><h1>Password rotation</h1>"
    yield '<p class="soft">Secrets whose passwords a function rotates: what shall happen, what did, and what proves it.'
    yield "From metadata and events alone: no value of a secret was read.</p></header>"
    yield from _tiles(report)
    yield from pairs(told(scope))
    yield from _sentences("What could not be read", scope.not_read, "All that was asked for could be read.")
    yield from tables.of_findings(report)
    yield from tables.of_policy(report)
    yield from tables.of_evidence(report)
    yield from tables.of_access(report)
    yield from tables.of_excluded(report)
    yield from tables.of_controls(report)
    yield from tables.of_checks()
    yield from _sentences("What this report cannot know", scope.limits, "")
    yield "<footer>The last line of this file is a comment with the SHA-256 of all lines above it."
    yield f"If nothing was changed, <code>{CHECK}</code> gives the same.</footer></main></body></html>"


def _tiles(report: Report) -> Iterator[str]:
    counts = report.counts()
    tiles = (
        (counts[NOT_FINE], "not fine", "bad"), (counts[WAIVED], "waived", "waived"),
        (counts[FINE], "fine", "good"), (len(report.excluded), "left out", ""),
    )  # fmt: skip
    yield '<ul class="tiles">'
    yield from (f'<li class="{kind if number else ""}"><b>{number}</b>{word}</li>' for number, word, kind in tiles)
    yield "</ul>"


def _sentences(title: str, sentences: Iterable[str], otherwise: str) -> Iterator[str]:
    found = list(sentences)
    yield f"<h2>{title}</h2>"
    yield several(map(prose, found)) if found else f"<p>{otherwise}</p>"
