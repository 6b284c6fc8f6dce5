"""A run as curves."""

from collections import defaultdict
from collections.abc import Callable

from benchmarks.fleet.result import Result, Row
from benchmarks.fleet.svg import Chart, Line, Look, Panel
from lab.world import EngineName, StrategyName

BLUE, ORANGE = "#0969da", "#bc4c00"
LOOKS = {
    f"{engine}_{strategy}": Look(colour, dashes)
    for engine, colour in ((EngineName.POSTGRESQL, BLUE), (EngineName.MYSQL, ORANGE))
    for strategy, dashes in ((StrategyName.SINGLE_USER, "none"), (StrategyName.ALTERNATING_USERS, "5 4"))
}
NAMES = {
    f"{engine}_{strategy}": f"{engine.brand}, {strategy.replace('_', ' ')}"
    for engine in EngineName
    for strategy in StrategyName
}
Value = Callable[[Row], float]


def plot(result: Result) -> str:
    """The SVG document."""
    sizes = [row for row in result.rows if row.at_once == min(row.secrets, workers(result))]
    swept = [row for row in result.rows if row.secrets == swept_size(result)]
    rotations, failures = sum(row.rotations for row in result.rows), sum(row.failures for row in result.rows)
    return Chart(
        title="One rotation among many",
        legend=[(NAMES[function], LOOKS[function]) for function in result.functions],
        panels=[
            _panel("Time of a rotation, ms (median; up to 95 %)", "secrets", sizes, _milliseconds, _p95),
            _panel("CPU time of a rotation, ms", "secrets", sizes, _cpu),
            _panel("Rotations a second", "rotations at once", swept, _throughput),
            _panel(
                "Connections of the database, at peak", "rotations at once", swept, lambda row: row.peak_connections
            ),
        ],
        note=f"{rotations:,} rotations, {failures} failed. Above: {workers(result)} at once. Below: "
        f"{swept_size(result)} secrets. {result.cores} processors ({result.machine}), {result.date}.",
    ).svg()


def workers(result: Result) -> int:
    """How many rotations ran at once while the fleets grew: what the largest ones were rotated with."""
    return result.row(result.functions[0]).at_once


def swept_size(result: Result) -> int:
    """The size that was rotated with the most numbers of rotations at once."""
    tried: dict[int, set[int]] = defaultdict(set)
    for row in result.rows:
        tried[row.secrets].add(row.at_once)
    return max(tried, key=lambda size: (len(tried[size]), size))


def _panel(title: str, x_title: str, rows: list[Row], value: Value, spread: Value | None = None) -> Panel:
    by_size = x_title == "secrets"
    lines = []
    for function in dict.fromkeys(row.function for row in rows):
        own = [row for row in rows if row.function == function]
        points = [(row.secrets if by_size else row.at_once, value(row)) for row in own]
        lines.append(Line(LOOKS[function], points, [spread(row) for row in own] if spread else []))
    return Panel(title, x_title, lines)


def _milliseconds(row: Row) -> float:
    return row.median_seconds * 1000


def _p95(row: Row) -> float:
    return row.p95_seconds * 1000


def _cpu(row: Row) -> float:
    return sum(row.cpu_seconds.values()) * 1000


def _throughput(row: Row) -> float:
    return row.rotations / row.wall_seconds
