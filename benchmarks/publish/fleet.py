"""A run of fleets: its table for a terminal, and its curves."""

from collections import defaultdict
from collections.abc import Callable
from itertools import product, starmap

from benchmarks.publish.svg import Line, LineChart, Look, Panel
from benchmarks.result import MILLISECONDS, FleetRotated, Part, Result
from lab.documents import TextTable
from lab.pairing import PAIRINGS

BLUE, ORANGE, GREEN, PURPLE = "#0969da", "#bc4c00", "#1a7f37", "#8250df"
LOOKS = dict(zip(PAIRINGS, starmap(Look, product((BLUE, ORANGE, GREEN, PURPLE), ("none", "5 4"))), strict=False))
"""One colour for each engine, whose second strategy has a dashed line."""
TITLES = (
    "function",
    "secrets",
    "at once",
    "median ms",
    "p95 ms",
    "max ms",
    *(f"CPU {part} ms" for part in Part),
    "calls",
    "connections",
    "failed",
    "wall s",
)
Value = Callable[[FleetRotated], float]


def table(result: Result) -> str:
    """All fleets, function by function, and below them what they were measured on."""
    rows = [_cells(fleet) for name in result.fleet_functions for fleet in result.fleets if fleet.function == name]
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    measured_on = f"{result.date}, {result.cores} processors: {result.machine}. {versions}."
    return f"{TextTable(TITLES, rows).plain()}\n{measured_on}"


def curves(result: Result) -> str:
    """The curves as an SVG document."""
    sizes = growing(result)
    swept = [fleet for fleet in result.fleets if fleet.secrets == swept_size(result)]
    rotations, failures = totals(result)
    return LineChart(
        title="One rotation among many",
        legend=[(PAIRINGS[function].words, LOOKS[function]) for function in result.fleet_functions],
        panels=[
            _panel("Time of a rotation, ms (median; up to 95 %)", "secrets", sizes, _median, _p95),
            _panel("CPU time of a rotation, ms", "secrets", sizes, _cpu),
            _panel("Rotations a second", "rotations at once", swept, _throughput),
            _panel(
                "Connections of the database, at peak", "rotations at once", swept, lambda fleet: fleet.peak_connections
            ),
        ],
        note=f"{rotations:,} rotations, {failures} failed. Above: {workers(result)} at once. Below: "
        f"{swept_size(result)} secrets. {result.cores} processors ({result.machine}), {result.date}.",
    ).svg()


def growing(result: Result) -> list[FleetRotated]:
    """The fleets of every size, rotated by as many workers as the largest one."""
    return [fleet for fleet in result.fleets if fleet.at_once == min(fleet.secrets, workers(result))]


def totals(result: Result) -> tuple[int, int]:
    """How many rotations there were, and how many of them failed."""
    return sum(fleet.rotations for fleet in result.fleets), sum(fleet.failures for fleet in result.fleets)


def workers(result: Result) -> int:
    """How many rotations ran at once while the fleets grew: what the largest ones were rotated with."""
    return result.largest_fleet(result.fleet_functions[0]).at_once


def swept_size(result: Result) -> int:
    """The size that was rotated with the most numbers of rotations at once."""
    tried: dict[int, set[int]] = defaultdict(set)
    for fleet in result.fleets:
        tried[fleet.secrets].add(fleet.at_once)
    return max(tried, key=lambda size: (len(tried[size]), size))


def _panel(title: str, x_title: str, fleets: list[FleetRotated], value: Value, spread: Value | None = None) -> Panel:
    by_size = x_title == "secrets"
    lines = []
    for function in dict.fromkeys(fleet.function for fleet in fleets):
        own = [fleet for fleet in fleets if fleet.function == function]
        points = [(fleet.secrets if by_size else fleet.at_once, value(fleet)) for fleet in own]
        lines.append(Line(LOOKS[function], points, [spread(fleet) for fleet in own] if spread else []))
    return Panel(title, x_title, lines)


def _cells(fleet: FleetRotated) -> tuple[str, ...]:
    times = (fleet.median_seconds, fleet.p95_seconds, fleet.max_seconds, *(fleet.cpu_seconds[part] for part in Part))
    return (
        fleet.function,
        str(fleet.secrets),
        str(fleet.at_once),
        *(f"{seconds * MILLISECONDS:.0f}" for seconds in times),
        f"{fleet.calls:.1f}",
        str(fleet.peak_connections),
        str(fleet.failures),
        f"{fleet.wall_seconds:.1f}",
    )


def _median(fleet: FleetRotated) -> float:
    return fleet.median_seconds * MILLISECONDS


def _p95(fleet: FleetRotated) -> float:
    return fleet.p95_seconds * MILLISECONDS


def _cpu(fleet: FleetRotated) -> float:
    return sum(fleet.cpu_seconds.values()) * MILLISECONDS


def _throughput(fleet: FleetRotated) -> float:
    return fleet.rotations / fleet.wall_seconds
