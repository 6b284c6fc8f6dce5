"""The suite's functions beside the floor's, and the curve of memory sizes: tables, charts, and docs/benchmarks.md."""

from collections.abc import Mapping

from benchmarks.networks import LOOPBACK, MIDDLE
from benchmarks.publish.svg import Bar, BarChart, Line, LineChart, Look, Panel
from benchmarks.result import MILLISECONDS, Compared, Result
from benchmarks.targets import findings
from lab.documents import TextTable, replace_marked
from lab.lambda_environment.code import REPOSITORY
from lab.pairing import PAIRINGS

DOCS = REPOSITORY / "docs"
PAGE, RESULTS = DOCS / "benchmarks.md", DOCS / "benchmarks.json"
BLUE = "#4c78a8"
COLOURS = {
    "cold start, CPU (ms)": BLUE,
    "first rotation (ms)": "#72b7b2",
    "warm rotation (ms)": "#f58518",
    "gap of a client (ms)": "#e45756",
}
LONGEST_RATIO = 1.5
THREE_DIGITS = 100
THOUSAND = 1000


def publish(result: Result) -> None:
    """Write the results, the charts and the tables that the documentation shows."""
    result.write(RESULTS)
    PAGE.write_text(page_with(result, PAGE.read_text()))
    for name, image in charts(result).items():
        (DOCS / name).write_text(image)


def page_with(result: Result, page: str) -> str:
    """The page with the tables of this run."""
    functions = [f"### {function}\n\n{_function_table(rows).markdown()}" for function, rows in result.functions.items()]
    memory = _memory_table(result).markdown() if result.memory_sizes else "This machine could not limit CPU time."
    networks = _network_table(result).markdown() if result.networks else "Not measured."
    parts = {
        "networks": networks,
        "functions": "\n\n".join(functions),
        "targets": _targets_table(result).markdown(),
        "memory": memory,
    }
    return replace_marked(page, {name: f"\n{part}\n" for name, part in parts.items()})


def as_text(result: Result) -> str:
    """All tables, for a terminal."""
    tables = {function: _function_table(rows) for function, rows in result.functions.items()}
    tables["Networks"] = _network_table(result)
    tables["Targets"] = _targets_table(result)
    if result.memory_sizes:
        tables["Memory sizes (emulated)"] = _memory_table(result)
    return "\n\n".join(f"{title}\n{table.plain()}" for title, table in tables.items())


def charts(result: Result) -> dict[str, str]:
    """The charts by file name."""
    made = {"benchmarks.svg": _ratios(result)}
    if result.memory_sizes:
        made["memory-sizes.svg"] = _memory_curve(result)
    return made


def _function_table(rows: Mapping[str, Compared]) -> TextTable:
    return TextTable(
        ("", "suite", "floor", "suite / floor"),
        [
            (row, _number(found.suite), _number(found.floor), "" if found.ratio is None else f"{found.ratio:.2f}")
            for row, found in rows.items()
        ],
    )


def _network_table(result: Result) -> TextTable:
    """Suite, floor and ratio of what a network makes longer, a column for each network."""
    by_network = {LOOPBACK.name: result.functions, **result.networks}
    rows = [
        (f"{function}: {row}", *(_comparison(functions[function][row]) for functions in by_network.values()))
        for function, found in result.networks.get(MIDDLE.name, {}).items()
        for row in found
    ]
    return TextTable(("", *by_network), rows)


def _comparison(found: Compared) -> str:
    return f"{_number(found.suite)} / {_number(found.floor)} = {found.ratio:.2f}"


def _targets_table(result: Result) -> TextTable:
    return TextTable(
        ("", "measured", "at most", "met"),
        [(f.what, f"{f.measured:.2f}", f"{f.limit:g}", "yes" if f.met else "no") for f in findings(result)],
    )


def _memory_table(result: Result) -> TextTable:
    return TextTable(
        ("", "cold start (s)", "first rotation (ms)", "warm rotation (ms)", "slowest step (ms)", "USD per 1,000"),
        [
            (
                f"{size.memory_mb} MB",
                f"{size.cold_start_seconds:.2f}",
                _number(size.first_rotation_ms),
                _number(size.warm_rotation_ms),
                _number(size.slowest_step_ms),
                f"{size.dollars_per_million / THOUSAND:.4f}",
            )
            for size in result.memory_sizes
        ],
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or abs(value) >= THREE_DIGITS else f"{value:.1f}"


def _ratios(result: Result) -> str:
    middle = result.networks.get(MIDDLE.name, {})
    bars = [
        Bar(f"{PAIRINGS[function].words}: {row.partition(' (')[0]}", ratio, colour)
        for function, own in result.functions.items()
        for row, colour in COLOURS.items()
        if row in (rows := {**own, **middle.get(function, {})}) and (ratio := rows[row].ratio) is not None
    ]
    title = "suite / floor (1 = as fast as the same calls and logins, one after another)"
    return BarChart(title, bars, LONGEST_RATIO, mark=(1, "floor")).svg()


def _memory_curve(result: Result) -> str:
    sizes = result.memory_sizes
    seconds = [(s.memory_mb, s.cold_start_seconds + s.first_rotation_ms / MILLISECONDS) for s in sizes]
    dollars = [(s.memory_mb, s.dollars_per_million) for s in sizes]
    look = Look(BLUE)
    return LineChart(
        title="A cold start and the first rotation after it, by memory size",
        legend=[(PAIRINGS[sizes[0].function].words, look)],
        panels=[
            Panel("Seconds (emulated CPU share)", "MB", [Line(look, seconds)]),
            Panel("US dollars for a million", "MB", [Line(look, dollars)]),
        ],
        note=f"{result.cores} processors ({result.machine}), {result.date}.",
    ).svg()
