"""One stage of a run: fleets of one size, rotated at one concurrency, and what that took."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from benchmarks.fleet.connections import Connections
from benchmarks.fleet.cpu import CpuMeter, Part
from benchmarks.fleet.fleet import Fleet
from benchmarks.fleet.result import Rotation, Row, medians_of_steps, percentile
from lab.secretsmanager import FUNCTION_CALLER


@dataclass(frozen=True)
class Stage:
    """A size of the fleets, how many of their secrets are rotated at once, and how often each is."""

    secrets: int
    at_once: int
    rounds: int = 1

    def __str__(self) -> str:
        return f"{self.secrets} secret{'s' * (self.secrets > 1)}, {self.at_once} at once"


@dataclass
class Tally:
    """What a stage has seen of one fleet, round after round."""

    rotations: list[Rotation] = field(default_factory=list)
    cpu_seconds: dict[Part, float] = field(default_factory=lambda: dict.fromkeys(Part, 0.0))
    calls: int = 0
    peak_connections: int = 0
    wall_seconds: float = 0.0

    def add_round(self, fleet: Fleet, stage: Stage, done: Callable[[], None]) -> None:
        """Rotate each secret of the fleet once, and measure that."""
        fleet.world.cloud.calls.clear()
        with Connections(fleet.server) as connections, CpuMeter(fleet.engine) as meter:
            started = time.perf_counter()
            self.rotations += fleet.rotate(fleet.members, stage.at_once, done)
            self.wall_seconds += time.perf_counter() - started
        for part, seconds in meter.used.items():
            self.cpu_seconds[part] += seconds
        self.calls += sum(call.caller == FUNCTION_CALLER for call in fleet.world.cloud.calls.all())
        self.peak_connections = max(self.peak_connections, connections.peak)

    def row(self, fleet: Fleet, stage: Stage) -> Row:
        """The stage's row for the fleet."""
        seconds, count = [rotation.seconds for rotation in self.rotations], len(self.rotations)
        return Row(
            function=fleet.function,
            secrets=stage.secrets,
            at_once=stage.at_once,
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
