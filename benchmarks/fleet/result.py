"""What a run has measured, and its JSON."""

import dataclasses
import json
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

from benchmarks.fleet.cpu import Part

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


class OtherRunError(Exception):
    """Two runs cannot be compared."""


@dataclass(frozen=True)
class Rotation:
    """One rotation.

    Attributes:
        seconds: from RotateSecret to the last step's end.
        steps: each invocation's step and its seconds, as Secrets Manager saw them.
        log_bytes: what the function wrote, line ends included.
        error: why it failed; None where it succeeded at once.
    """

    seconds: float
    steps: tuple[tuple[str, float], ...]
    log_bytes: int
    error: str | None = None


@dataclass(frozen=True)
class Row:
    """A fleet that was rotated.

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
    """A whole run.

    Attributes:
        date: of the run, ISO 8601.
        machine: what it ran on, in words.
        cores: how many processors it had.
        versions: of Python and the servers.
        cold_start_seconds: by function, how much longer an environment's first invocation takes than a later one.
        runs: how many were made, of which each stage is the fastest.
    """

    date: str
    machine: str
    cores: int
    versions: Mapping[str, str]
    cold_start_seconds: Mapping[str, float]
    rows: tuple[Row, ...]
    runs: int = 1

    @property
    def functions(self) -> list[str]:
        """The functions, in the order in which they were measured."""
        return list(dict.fromkeys(row.function for row in self.rows))

    def row(self, function: str) -> Row:
        """The function's largest fleet, at as many rotations at once as there were processors."""
        own = [row for row in self.rows if row.function == function]
        return max(own, key=lambda row: (row.secrets, -abs(row.at_once - self.cores)))

    def faster(self, other: Self) -> Self:
        """Of each stage what the faster of two runs has seen, so that what else the machine did counts for less.

        A stage in which a rotation failed is kept, however slow.

        Raises:
            OtherRunError: the runs are not of the same machine, software and stages.
        """
        if (self.machine, self.cores, self.versions) != (other.machine, other.cores, other.versions):
            raise OtherRunError("The earlier run is of another machine or other versions: it cannot be compared.")
        own, others = self._stages(), other._stages()
        if own.keys() != others.keys():
            raise OtherRunError("The earlier run has other stages: it cannot be compared.")
        rows = [row for stage in own for row in min(own[stage], others[stage], key=_disturbance)]
        cold = {name: min(seconds, other.cold_start_seconds[name]) for name, seconds in self.cold_start_seconds.items()}
        return dataclasses.replace(self, rows=tuple(rows), cold_start_seconds=cold, runs=self.runs + other.runs)

    def _stages(self) -> dict[tuple[int, int], list[Row]]:
        stages: dict[tuple[int, int], list[Row]] = defaultdict(list)
        for row in self.rows:
            stages[row.secrets, row.at_once].append(row)
        return stages

    def as_json(self) -> str:
        """The run as JSON."""
        return json.dumps(_rounded(dataclasses.asdict(self)), indent=2) + "\n"

    @classmethod
    def read(cls, path: Path) -> Self:
        """A run that was written as JSON."""
        content = json.loads(path.read_text())
        rows = tuple(Row(**row) for row in content.pop("rows"))
        return cls(rows=rows, **content)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that is not below this share of all (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def medians_of_steps(rotations: list[Rotation]) -> dict[str, float]:
    """The median time of each step, in seconds."""
    return {
        step: median(seconds for rotation in rotations for name, seconds in rotation.steps if name == step)
        for step in STEPS
    }


def _disturbance(rows: list[Row]) -> tuple[int, float]:
    return -sum(row.failures for row in rows), sum(row.wall_seconds for row in rows)


def _rounded(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(entry) for entry in value]
    return round(value, 4) if isinstance(value, float) else value
