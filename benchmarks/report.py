"""What was measured, as tables: for the terminal, and the same as Markdown for docs/benchmarks.md."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.targets import findings

Results = Mapping[str, Any]
Table = tuple[Sequence[str], list[Sequence[str]]]


def tables(results: Results) -> dict[str, Table]:
    """All tables by title; the first column of each is text, the others are numbers."""
    functions: Mapping[str, Any] = results["functions"]
    made = {function: _function_table(rows) for function, rows in functions.items()}
    made["Targets"] = _targets_table(results)
    if results["memory"]:
        made["Memory sizes (emulated)"] = _memory_table(results["memory"]["points"])
    return made


def as_text(results: Results) -> str:
    """For a terminal."""
    return "\n".join(_text(title, table) for title, table in tables(results).items())


def as_markdown(results: Results) -> str:
    """For the documentation."""
    return "\n".join(_markdown(title, table) for title, table in tables(results).items())


def _function_table(rows: Mapping[str, Mapping[str, float]]) -> Table:
    lines = [
        (row, _number(values["suite"]), _number(values["floor"]), f"{values['ratio']:.2f}" if "ratio" in values else "")
        for row, values in rows.items()
    ]
    return ("", "suite", "floor", "suite / floor"), list(lines)


def _targets_table(results: Results) -> Table:
    found = findings(results["functions"], results["layers"])
    lines = [(f.what, f"{f.measured:.2f}", f"{f.limit:g}", "yes" if f.met else "no") for f in found]
    return ("", "measured", "at most", "met"), list(lines)


def _memory_table(points: Iterable[Mapping[str, float]]) -> Table:
    lines = [
        (
            f"{point['memory_mb']} MB",
            f"{point['cold_start_seconds']:.2f}",
            _number(point["first_rotation_ms"]),
            _number(point["warm_rotation_ms"]),
            _number(point["slowest_step_ms"]),
            f"{point['dollars_per_rotation'] * 1000:.4f}",
        )
        for point in points
    ]
    head = ("", "cold start (s)", "first rotation (ms)", "warm rotation (ms)", "slowest step (ms)", "USD per 1,000")
    return head, list(lines)


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.1f}"  # noqa: PLR2004 - three digits


def _text(title: str, table: Table) -> str:
    head, lines = table
    widths = [max(len(line[column]) for line in (head, *lines)) for column in range(len(head))]
    rows = ["  ".join(_aligned(line, widths)).rstrip() for line in (head, *lines)]
    return "\n".join([title, *rows, ""])


def _aligned(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(line, widths, strict=True)
    return [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]


def _markdown(title: str, table: Table) -> str:
    head, lines = table
    rule = ["---", *["---:"] * (len(head) - 1)]
    rows = [f"| {' | '.join(line)} |" for line in (head, rule, *lines)]
    return "\n".join([f"### {title}", "", *rows, ""])
