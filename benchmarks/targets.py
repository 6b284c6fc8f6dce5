"""What the suite is held to: as a ratio to the floor, or as a size."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Rows = Mapping[str, Mapping[str, float]]

LARGEST_RATIO = {"warm rotation (ms)": 1.25, "gap of a client (ms)": 1.25, "cold start, CPU (ms)": 1.0}
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


def findings(functions: Mapping[str, Rows], layers: Mapping[str, float]) -> Iterator[Finding]:
    """Hold what was measured against the targets."""
    for function, rows in functions.items():
        for row, limit in LARGEST_RATIO.items():
            if row in rows:
                yield Finding(f"{function}: {row}, suite / floor", rows[row]["ratio"], limit, NOISE)
        yield Finding(f"{function}: peak memory (MB)", rows["peak memory (MB)"]["suite"], LARGEST_PEAK_MEMORY_MB)
        for row in ("calls", "connections", "rejected logins"):
            yield Finding(f"{function}: {row}", rows[row]["suite"], rows[row]["floor"])
    yield Finding("layers together, unzipped (MB)", round(sum(layers.values()), 2), LARGEST_LAYERS_MB)
