"""A run: fleets that grow from workload to workload, measured, and looked at after each."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Self

from benchmarks.measure.check import check
from benchmarks.measure.fleet import Fleet, TimedRotation
from benchmarks.measure.machine import cores, new_result
from benchmarks.measure.progress import Progress
from benchmarks.measure.workload import Record, Workload, medians_of_steps
from benchmarks.result import FleetRotated, Result
from lab.engines import Kit
from lab.lambda_environment.concurrency import ConcurrentFunction
from lab.pairing import Pairing, StrategyName
from lab.relay import Relay
from lab.servers import DatabaseServer
from lab.up.sample_applications import find_code
from lab.world import World
from secret_rotation.request import Step


class FleetRun(ExitStack):
    """Use it as a context manager: it starts the lab, and stops it.

    Args:
        kits: the engines, with a server for each.
        workloads: in the order in which they are run; fleets only grow.
        ca_bundle: where the servers' certificate authority goes.
        progress: told what happens.
    """

    def __init__(self, kits: Sequence[Kit], workloads: Sequence[Workload], ca_bundle: Path, progress: Progress) -> None:
        super().__init__()
        self._kits = kits
        self._workloads = workloads
        self._progress = progress
        self._environments = max(workload.at_once for workload in workloads)
        self._world = World(lambda _: None, ca_bundle=ca_bundle, find_code=find_code)
        self._cold: dict[str, float] = {}

    def __enter__(self) -> Self:
        self.enter_context(self._world)
        return self

    def run(self) -> Result:
        """Measure everything.

        Raises:
            FleetError: a fleet was not as it must be after a workload.
        """
        with self._progress.task("Starting the servers"):
            servers = self._world.start_servers(self._kits)
        fleets = list(chain.from_iterable(map(self._start_fleets, self._kits, servers)))
        rotated = tuple(chain.from_iterable(self._rotate(fleets, workload) for workload in self._workloads))
        versions = {kit.brand: server.version for kit, server in zip(self._kits, servers, strict=True)}
        return replace(new_result(versions), fleets=rotated, cold_start_seconds=self._cold)

    def _start_fleets(self, kit: Kit, server: DatabaseServer) -> list[Fleet]:
        relay = self.enter_context(Relay(server.port))
        with self._progress.task(f"Starting {self._environments} environments for each function of {kit.brand}"):
            return [self._fleet(Pairing(kit, strategy), server, relay) for strategy in StrategyName]

    def _fleet(self, pairing: Pairing, server: DatabaseServer, relay: Relay) -> Fleet:
        environments = [self._world.start_environment(pairing) for _ in range(self._environments)]
        return Fleet(self._world, pairing, server, relay, ConcurrentFunction(environments))

    def _rotate(self, fleets: list[Fleet], workload: Workload) -> list[FleetRotated]:
        for fleet in fleets:
            self._grow(fleet, workload)
        records = [Record() for _ in fleets]
        total = len(fleets) * workload.rounds * workload.secrets
        with self._progress.task(f"Rotating {workload}", total) as done:
            for _ in range(workload.rounds):
                # In turn, so that what else the machine does meets all functions alike.
                for fleet, record in zip(fleets, records, strict=True):
                    record.add_round(fleet, workload, done)
        with self._progress.task(f"Logging in with AWSCURRENT of {len(fleets) * workload.secrets} secrets"):
            for fleet in fleets:
                check(fleet, cores())
        return [record.summary(fleet, workload) for fleet, record in zip(fleets, records, strict=True)]

    def _grow(self, fleet: Fleet, workload: Workload) -> None:
        """Add secrets, and rotate them once: the first rotation of a pair makes the clone, which none after it does."""
        is_new = not fleet.members
        if len(fleet.members) >= workload.secrets:
            return
        with self._progress.task(f"Adding secrets of {fleet.pairing.function}", total=workload.secrets) as done:
            added = fleet.grow(workload.secrets)
            if is_new:
                self._cold[fleet.pairing.function] = self._warm_up(fleet)
            fleet.rotate(added, self._environments, done)

    def _warm_up(self, fleet: Fleet) -> float:
        """Invoke each environment for the first time.

        Returns:
            How much longer that took than the second time, in seconds.
        """
        rounds = -(-self._environments // len(Step))
        rotations = [fleet.rotate(fleet.members[:1], 1, lambda: None)[0] for _ in range(2 * rounds)]
        return cold_start_seconds(rotations[:rounds], rotations[rounds:], self._environments)


def cold_start_seconds(first: list[TimedRotation], second: list[TimedRotation], environments: int) -> float:
    """How much longer an environment's first invocation takes than one that follows, as a median.

    setSecret is left out: with alternating users, the first one also makes the clone.
    """
    warm = medians_of_steps(second)
    cold = [step for rotation in first for step in rotation.steps][:environments]
    return median(seconds - warm[step] for step, seconds in cold if step != Step.SET_SECRET)
