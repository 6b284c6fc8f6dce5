"""What a run has measured, and its JSON, whose keys docs/benchmarks.md explains."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

DIGITS = 4
"""After the decimal point, in JSON."""
MILLISECONDS = 1000
"""Of a second."""


class Part(StrEnum):
    """Whose processor time it is."""

    FUNCTION = "function"
    DATABASE = "database"
    LAB = "lab"


class OtherRunError(Exception):
    """Two runs cannot be compared."""


@dataclass(frozen=True)
class Compared:
    """One quantity, such as "warm rotation (ms)", of a function of the suite and of the floor's.

    Attributes:
        suite, floor: medians.
        samples: how many each is the median of.
        ratio: the suite's median divided by the floor's; None where the floor's is 0.
    """

    suite: float
    floor: float
    samples: int
    ratio: float | None = None


@dataclass(frozen=True)
class MemorySize:
    """What a rotation by the suite's function takes with the processor share of one memory size.

    Attributes:
        dollars_per_million: what a million rotations cost, each the first one after a cold start.
    """

    function: str
    memory_mb: int
    cold_start_seconds: float
    first_rotation_ms: float
    warm_rotation_ms: float
    slowest_step_ms: float
    dollars_per_million: float


@dataclass(frozen=True)
class FleetRotated:
    """A fleet whose secrets were rotated.

    Attributes:
        function: such as postgresql_single_user.
        secrets: how many the function has, all of which were rotated.
        at_once: how many rotations ran at the same time, at most.
        rotations: how many were measured.
        failures: how many did not succeed at the first attempt.
        median_seconds, p95_seconds, max_seconds: from RotateSecret to the rotation's end.
        step_seconds: the median of each step's invocation.
        cpu_seconds: of all processes of each part, for one rotation.
        calls: of Secrets Manager by the function, for one rotation.
        log_bytes: what the function wrote, for one rotation.
        peak_connections: the most that the database had at once, as sampled there.
        wall_seconds: for all rotations.
    """

    function: str
    secrets: int
    at_once: int
    rotations: int
    failures: int
    median_seconds: float
    p95_seconds: float
    max_seconds: float
    step_seconds: Mapping[str, float]
    cpu_seconds: Mapping[Part, float]
    calls: float
    log_bytes: float
    peak_connections: int
    wall_seconds: float


@dataclass(frozen=True)
class Result:
    """A whole run. What a subcommand does not measure is empty, and not in its JSON.

    Attributes:
        date: of the run, ISO 8601.
        machine: what it ran on, in words.
        cores: how many processors it had.
        versions: of Python, libraries and servers.
        runs: how many were made, of which each fleet is the fastest.
        functions: by function and quantity, the suite's beside the floor's, without a network between.
        networks: the same by network, by function and by those quantities that a network makes longer.
        layers_mb: the size of each layer, unzipped, in MB (of 1,000,000 bytes).
        memory_sizes: the curve of memory sizes, the smallest first.
        fleets: in the order in which they were rotated.
        cold_start_seconds: by function, how much longer an environment's first invocation takes than a later one.
    """

    date: str
    machine: str
    cores: int
    versions: Mapping[str, str]
    runs: int = 1
    functions: Mapping[str, Mapping[str, Compared]] = field(default_factory=dict)
    networks: Mapping[str, Mapping[str, Mapping[str, Compared]]] = field(default_factory=dict)
    layers_mb: Mapping[str, float] = field(default_factory=dict)
    memory_sizes: tuple[MemorySize, ...] = ()
    fleets: tuple[FleetRotated, ...] = ()
    cold_start_seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def fleet_functions(self) -> list[str]:
        """The functions that have rotated fleets, in the order in which they were measured."""
        return list(dict.fromkeys(fleet.function for fleet in self.fleets))

    def largest_fleet(self, function: str) -> FleetRotated:
        """The function's largest fleet, at as many rotations at once as there were processors."""
        own = [fleet for fleet in self.fleets if fleet.function == function]
        return max(own, key=lambda fleet: (fleet.secrets, -abs(fleet.at_once - self.cores)))

    def as_json(self) -> str:
        """The run as JSON."""
        content = {name: value for name, value in asdict(self).items() if value not in ({}, ())}
        return json.dumps(_rounded(content), indent=2) + "\n"

    @classmethod
    def read(cls, path: Path) -> Self:
        """A run that was written as JSON."""
        content = json.loads(path.read_text())
        functions = _functions(content.pop("functions", {}))
        networks = {name: _functions(found) for name, found in content.pop("networks", {}).items()}
        memory_sizes = tuple(MemorySize(**size) for size in content.pop("memory_sizes", ()))
        fleets = tuple(FleetRotated(**fleet) for fleet in content.pop("fleets", ()))
        return cls(functions=functions, networks=networks, memory_sizes=memory_sizes, fleets=fleets, **content)

    def write(self, path: Path) -> None:
        """Write the run as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.as_json())

    def faster(self, other: Self) -> Self:
        """Of each workload what the faster of two runs has seen, so that what else the machine did counts for less.

        A workload in which a rotation failed is kept, however slow.

        Raises:
            OtherRunError: the runs are not of the same machine, software and workloads.
        """
        if (self.machine, self.cores, self.versions) != (other.machine, other.cores, other.versions):
            raise OtherRunError("The earlier run is of another machine or other versions: it cannot be compared.")
        own, others = self._workloads(), other._workloads()
        if own.keys() != others.keys():
            raise OtherRunError("The earlier run has other sizes of fleets: it cannot be compared.")
        fleets = [fleet for load in own for fleet in min(own[load], others[load], key=_disturbance)]
        cold = {name: min(seconds, other.cold_start_seconds[name]) for name, seconds in self.cold_start_seconds.items()}
        return replace(self, fleets=tuple(fleets), cold_start_seconds=cold, runs=self.runs + other.runs)

    def _workloads(self) -> dict[tuple[int, int], list[FleetRotated]]:
        workloads: dict[tuple[int, int], list[FleetRotated]] = defaultdict(list)
        for fleet in self.fleets:
            workloads[fleet.secrets, fleet.at_once].append(fleet)
        return workloads


def _functions(content: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Compared]]:
    return {
        function: {row: Compared(**compared) for row, compared in rows.items()} for function, rows in content.items()
    }


def _disturbance(fleets: list[FleetRotated]) -> tuple[int, float]:
    return -sum(fleet.failures for fleet in fleets), sum(fleet.wall_seconds for fleet in fleets)


def _rounded(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(entry) for entry in value]
    return round(value, DIGITS) if isinstance(value, float) else value
