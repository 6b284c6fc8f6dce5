"""What became of a client, in a table."""

from collections.abc import Sequence

from lab.client.tally import Phase, Tally
from lab.console import Printer

SHOWN_REASONS = 5


def summarize(tally: Tally, faults: Sequence[str], printer: Printer) -> None:
    """Print requests, failures and the longest time without a success, by the phase of a rotation."""
    printer.line(f"\n{'':<14}{'requests':>9}{'failed':>8}   longest time without a success")
    for name, phase in [*tally.phases.items(), ("all", tally.all)]:
        printer.line(_row(name, phase))
    if tally.reasons:
        printer.line("\nWhy requests failed:")
    for reason, count in tally.reasons.most_common(SHOWN_REASONS):
        printer.line(f"  {count} x  {_printable(reason) or 'no reason was given'}")
    printer.line()
    for fault in faults:
        printer.line(printer.bad(fault))
    if not faults:
        printer.line("The client survived.")


def _printable(text: str) -> str:
    """The text with an escape in place of what a terminal would obey: a server's words may be in it."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _row(name: str, phase: Phase) -> str:
    return f"{name:<14}{phase.requests:>9}{phase.failed:>8}   {phase.silent_seconds:.2f} s"
