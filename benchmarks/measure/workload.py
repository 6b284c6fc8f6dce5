"""What a fleet of one size, so many of whose secrets are rotated at once, takes."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from benchmarks.measure.connections import watched_connections
from benchmarks.measure.fleet import Fleet, TimedRotation
from benchmarks.measure.processes import cpu_meter
from benchmarks.result import FleetRotated, Part
from lab.secretsmanager import FUNCTION_CALLER
from secret_rotation.request import Step


@dataclass(frozen=True)
class Workload:
    """A size of the fleets, how many of their secrets are rotated at once, and how often each is."""

    secrets: int
    at_once: int
    rounds: int = 1

    def __str__(self) -> str:
        return f"{self.secrets} secret{'s' * (self.secrets > 1)}, {self.at_once} at once"


@dataclass
class Record:
    """What a workload has seen of one fleet, round after round."""

    rotations: list[TimedRotation] = field(default_factory=list)
    cpu_seconds: dict[Part, float] = field(default_factory=lambda: dict.fromkeys(Part, 0.0))
    calls: int = 0
    peak_connections: int = 0
    wall_seconds: float = 0.0

    def add_round(self, fleet: Fleet, workload: Workload, done: Callable[[], None]) -> None:
        """Rotate each secret of the fleet once, and measure that."""
        fleet.world.cloud.calls.clear()
        with watched_connections(fleet.server) as connections, cpu_meter(fleet.pairing.kit) as used:
            started = time.perf_counter()
            self.rotations += fleet.rotate(fleet.members, workload.at_once, done)
            self.wall_seconds += time.perf_counter() - started
        for part, seconds in used.items():
            self.cpu_seconds[part] += seconds
        self.calls += sum(call.caller == FUNCTION_CALLER for call in fleet.world.cloud.calls.all())
        self.peak_connections = max(self.peak_connections, connections.peak)

    def summary(self, fleet: Fleet, workload: Workload) -> FleetRotated:
        """All rounds together."""
        seconds, count = [rotation.seconds for rotation in self.rotations], len(self.rotations)
        return FleetRotated(
            function=fleet.pairing.function,
            secrets=workload.secrets,
            at_once=workload.at_once,
            rotations=count,
            failures=sum(rotation.error is not None for rotation in self.rotations),
            median_seconds=median(seconds),
            p95_seconds=percentile(seconds, 0.95),
            max_seconds=max(seconds),
            step_seconds=medians_of_steps(self.rotations),
            cpu_seconds={part: self.cpu_seconds[part] / count for part in Part},
            calls=self.calls / count,
            log_bytes=sum(rotation.log_bytes for rotation in self.rotations) / count,
            peak_connections=self.peak_connections,
            wall_seconds=self.wall_seconds,
        )


def percentile(values: list[float], share: float) -> float:
    """The smallest value that is not below this share of all (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def medians_of_steps(rotations: list[TimedRotation]) -> dict[str, float]:
    """The median time of each step, in seconds."""
    return {
        step: median(seconds for rotation in rotations for name, seconds in rotation.steps if name == step)
        for step in Step
    }
