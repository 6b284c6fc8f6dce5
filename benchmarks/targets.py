"""What the suite is held to: as a ratio to the floor, or as a size."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.networks import MIDDLE
from benchmarks.result import Compared, Result

LARGEST_RATIO = {"warm rotation (ms)": 1.25, "gap of a client (ms)": 1.25, "cold start, CPU (ms)": 1.0}
LARGEST_RATIO_IN_MIDDLE = {"warm rotation (ms)": 1.0, "gap of a client (ms)": 1.0, "gap with PROMOTE_EARLY (ms)": 0.25}
LARGEST_PEAK_MEMORY_MB = 100
LARGEST_LAYERS_MB = 25
NOISE = 1.1
"""A ratio of two noisy medians may exceed its target by this much before `make bench` fails."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One target, and what was measured."""

    what: str
    measured: float
    limit: float
    tolerance: float = 1.0

    @property
    def met(self) -> bool:
        """Whether the target itself is met."""
        return self.measured <= self.limit

    @property
    def failed(self) -> bool:
        """Whether it is missed by more than noise explains."""
        return self.measured > self.limit * self.tolerance


def findings(result: Result) -> Iterator[Finding]:
    """Hold what was measured against the targets."""
    for function, rows in result.functions.items():
        yield from _ratios(function, rows, LARGEST_RATIO, "suite / floor")
        middle = result.networks.get(MIDDLE.name, {}).get(function, {})
        yield from _ratios(function, middle, LARGEST_RATIO_IN_MIDDLE, f"suite / floor, {MIDDLE.name}")
        yield Finding(f"{function}: peak memory (MB)", rows["peak memory (MB)"].suite, LARGEST_PEAK_MEMORY_MB)
        for row in ("calls", "connections", "rejected logins"):
            yield Finding(f"{function}: {row}", rows[row].suite, rows[row].floor)
    yield Finding("layers together, unzipped (MB)", round(sum(result.layers_mb.values()), 2), LARGEST_LAYERS_MB)


def _ratios(function: str, rows: Mapping[str, Compared], limits: Mapping[str, float], what: str) -> Iterator[Finding]:
    for row, limit in limits.items():
        if row in rows and (ratio := rows[row].ratio) is not None:
            yield Finding(f"{function}: {row}, {what}", ratio, limit, NOISE)
