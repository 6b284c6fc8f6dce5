"""A run: fleets that grow stage by stage, measured, and looked at after each stage."""

import os
import platform
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Self

from benchmarks.fleet.check import check
from benchmarks.fleet.fleet import Fleet
from benchmarks.fleet.progress import Progress
from benchmarks.fleet.result import STEPS, Result, Rotation, Row, medians_of_steps
from benchmarks.fleet.stage import Stage, Tally
from lab.lambda_environment.concurrency import ConcurrentFunction
from lab.relay import Relay
from lab.servers import DatabaseServer
from lab.up.residents import find_code
from lab.world import EngineName, StrategyName, World


class Bench:
    """Use it as a context manager: it starts the lab, and stops it.

    Args:
        engines: the databases, a server each.
        stages: in the order in which they are run; fleets only grow.
        ca_bundle: where the servers' certificate authority goes.
        progress: told what happens.
    """

    def __init__(
        self, engines: Sequence[EngineName], stages: Sequence[Stage], ca_bundle: Path, progress: Progress
    ) -> None:
        self._engines = engines
        self._stages = stages
        self._progress = progress
        self._environments = max(stage.at_once for stage in stages)
        self._world = World(lambda _: None, ca_bundle=ca_bundle, find_code=find_code)
        self._stack = ExitStack()
        self._cold: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._stack.enter_context(self._world)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def run(self) -> Result:
        """Measure everything.

        Raises:
            FleetError: a fleet was not as it must be after a stage.
        """
        with self._progress.task("Starting the servers"):
            servers = self._world.start_servers(self._engines)
        fleets = list(chain.from_iterable(map(self._start_fleets, self._engines, servers)))
        rows = [row for stage in self._stages for row in self._run_stage(fleets, stage)]
        versions = {engine.brand: server.version for engine, server in zip(self._engines, servers, strict=True)}
        return Result(
            date=datetime.now(UTC).date().isoformat(),
            machine=machine(),
            cores=cores(),
            versions={"Python": platform.python_version(), **versions},
            cold_start_seconds=self._cold,
            rows=tuple(rows),
        )

    def _start_fleets(self, engine: EngineName, server: DatabaseServer) -> list[Fleet]:
        relay = self._stack.enter_context(Relay(server.port))
        with self._progress.task(f"Starting {self._environments} environments for each function of {engine.brand}"):
            return [
                Fleet(self._world, server, relay, engine, strategy, self._add_function(engine, strategy))
                for strategy in StrategyName
            ]

    def _add_function(self, engine: EngineName, strategy: StrategyName) -> str:
        environments = [self._world.start_environment(engine, strategy) for _ in range(self._environments)]
        return self._world.register(environments[0].name, ConcurrentFunction(environments))

    def _run_stage(self, fleets: list[Fleet], stage: Stage) -> list[Row]:
        for fleet in fleets:
            self._grow(fleet, stage)
        tallies = [Tally() for _ in fleets]
        with self._progress.task(f"Rotating {stage}", total=len(fleets) * stage.rounds * stage.secrets) as done:
            for _ in range(stage.rounds):
                # In turn, so that what else the machine does meets all functions alike.
                for fleet, tally in zip(fleets, tallies, strict=True):
                    tally.add_round(fleet, stage, done)
        with self._progress.task(f"Logging in with AWSCURRENT of {len(fleets) * stage.secrets} secrets"):
            for fleet in fleets:
                check(fleet, cores())
        return [tally.row(fleet, stage) for fleet, tally in zip(fleets, tallies, strict=True)]

    def _grow(self, fleet: Fleet, stage: Stage) -> None:
        """Add secrets, and rotate them once: the first rotation of a pair makes the clone, which none after it does."""
        is_new = not fleet.members
        if len(fleet.members) >= stage.secrets:
            return
        with self._progress.task(f"Adding secrets of {fleet.function}", total=stage.secrets) as done:
            added = fleet.grow(stage.secrets)
            if is_new:
                self._cold[fleet.function] = self._warm_up(fleet)
            fleet.rotate(added, self._environments, done)

    def _warm_up(self, fleet: Fleet) -> float:
        """Invoke each environment for the first time; returns how much longer that took than the second time."""
        rounds = -(-self._environments // len(STEPS))
        rotations = [fleet.rotate(fleet.members[:1], 1, lambda: None)[0] for _ in range(2 * rounds)]
        return cold_start_seconds(rotations[:rounds], rotations[rounds:], self._environments)


def cold_start_seconds(first: list[Rotation], second: list[Rotation], environments: int) -> float:
    """How much longer an environment's first invocation takes than one that follows, as a median.

    setSecret is left out: with alternating users, the first one also makes the clone.
    """
    warm = medians_of_steps(second)
    cold = [step for rotation in first for step in rotation.steps][:environments]
    return median(seconds - warm[step] for step, seconds in cold if step != "setSecret")


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def machine() -> str:
    """The machine, in words."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {platform.machine()}, {gigabytes:.0f} GB"
