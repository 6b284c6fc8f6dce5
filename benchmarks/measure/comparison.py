"""The suite's functions against the floor's: in turn, so that what disturbs one disturbs the other."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

import psutil

from benchmarks.measure.cold_start import measure_cold_start
from benchmarks.measure.counts import count
from benchmarks.measure.delays import delayed_calls, port_of
from benchmarks.measure.function import MeasuredFunction, Side, measured_function
from benchmarks.measure.gap import measure_gap, measure_short_gap
from benchmarks.measure.processes import MEGABYTE, cpu_seconds, peak_memory_mb
from benchmarks.networks import Network
from benchmarks.result import Compared
from lab.lambda_environment.code import BUILD, LAYERS
from lab.pairing import Pairing
from lab.secretsmanager import LocalSecretsManager
from lab.servers import DatabaseServer

WARM_ROTATIONS = 6
"""After each first one: enough to see both users of a pair several times."""
GAPS = 4
"""In each round."""
SHORT_GAPS = 8
"""In each round, of which one number is made."""
EARLY: Mapping[str, str] = {"PROMOTE_EARLY": "true"}

Pair = Mapping[Side, MeasuredFunction]


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often to measure: rounds of rotations, and of cold starts, each of suite and floor."""

    rotations: int
    cold_starts: int


@dataclass
class Samples:
    """The samples of one function by quantity, such as "warm rotation (ms)"."""

    quantities: dict[str, dict[Side, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: {side: [] for side in Side})
    )

    def add(self, side: Side, quantity: str, value: float) -> None:
        """Note one sample."""
        self.quantities[quantity][side].append(value)

    def medians(self) -> dict[str, Compared]:
        """The median of each quantity for each side, and the suite's as a ratio of the floor's."""
        return {quantity: _compared(samples) for quantity, samples in self.quantities.items()}


def compare(
    cloud: LocalSecretsManager, server: DatabaseServer, pairing: Pairing, rounds: Rounds
) -> dict[str, Compared]:
    """Measure the suite's function of this pairing against the floor's, without any network between."""
    samples = Samples()
    with ExitStack() as stack:
        pair = {c: stack.enter_context(measured_function(cloud, server, c, pairing)) for c in Side}
        _add_cold_starts(samples, pair, rounds.cold_starts)
        _add_rotations(samples, pair, rounds.rotations)
        if pairing.has_gap:
            _add_gaps(samples, pair, rounds.rotations)
            early = _promoting_early(cloud, server, pairing, stack)
            _add_short_gaps(samples, {**pair, **early}, rounds.rotations)
        for side, measured in pair.items():
            for quantity, number in count(server, measured).items():
                samples.add(side, quantity, number)
    return samples.medians()


def compare_in(
    network: Network, cloud: LocalSecretsManager, server: DatabaseServer, pairing: Pairing, rounds: int
) -> dict[str, Compared]:
    """Measure what the network makes longer: warm rotations, and the gap."""
    samples = Samples()
    with ExitStack() as stack:
        pair = {c: stack.enter_context(measured_function(cloud, server, c, pairing)) for c in Side}
        early = _promoting_early(cloud, server, pairing, stack)
        port = stack.enter_context(port_of(server, network))
        for measured in (*pair.values(), *early.values()):
            measured.connect_to(port)
            measured.rotate()
        stack.enter_context(delayed_calls(cloud, network))
        for side, measured in _alternating(pair, rounds * WARM_ROTATIONS):
            _add_warm_rotation(samples, side, measured)
        if pairing.has_gap:
            _add_gaps(samples, pair, rounds)
            _add_short_gaps(samples, {**pair, **early}, rounds)
    return samples.medians()


def _promoting_early(cloud: LocalSecretsManager, server: DatabaseServer, pairing: Pairing, stack: ExitStack) -> Pair:
    """The suite's function with PROMOTE_EARLY; nothing where the pairing has no gap."""
    if not pairing.has_gap:
        return {}
    return {Side.SUITE: stack.enter_context(measured_function(cloud, server, Side.SUITE, pairing, EARLY))}


def _add_cold_starts(samples: Samples, pair: Pair, rounds: int) -> None:
    for side, measured in _alternating(pair, rounds):
        cold_start = measure_cold_start(measured.environment.code, measured.environment.process_environment)
        samples.add(side, "cold start, CPU (ms)", cold_start.cpu_seconds * 1000)
        samples.add(side, "cold start, wall (ms)", cold_start.wall_seconds * 1000)


def _add_rotations(samples: Samples, pair: Pair, rounds: int) -> None:
    for _ in range(rounds):
        processes = {side: psutil.Process(measured.restart()) for side, measured in pair.items()}
        for side, measured in pair.items():
            samples.add(side, "first rotation (ms)", sum(measured.rotate().values()))
        before = {side: cpu_seconds(process) for side, process in processes.items()}
        for side, measured in _alternating(pair, WARM_ROTATIONS):
            _add_warm_rotation(samples, side, measured)
        for side, process in processes.items():
            cpu = (cpu_seconds(process) - before[side]) / WARM_ROTATIONS
            samples.add(side, "warm rotation, CPU (ms)", cpu * 1000)
            samples.add(side, "peak memory (MB)", peak_memory_mb(process.pid))


def _add_warm_rotation(samples: Samples, side: Side, measured: MeasuredFunction) -> None:
    steps = measured.rotate()
    samples.add(side, "warm rotation (ms)", sum(steps.values()))
    for step, milliseconds in steps.items():
        samples.add(side, f"{step} (ms)", milliseconds)


def _add_gaps(samples: Samples, pair: Pair, rounds: int) -> None:
    for side, measured in _alternating(pair, rounds * GAPS):
        samples.add(side, "gap of a client (ms)", measure_gap(measured))


def _add_short_gaps(samples: Samples, pair: Pair, rounds: int) -> None:
    """The gap of PROMOTE_EARLY, beside the floor's as the same client sees it."""
    for side, measured in _alternating(pair, rounds):
        samples.add(side, "gap with PROMOTE_EARLY (ms)", measure_short_gap(measured, SHORT_GAPS))


def _alternating(pair: Pair, rounds: int) -> Iterator[tuple[Side, MeasuredFunction]]:
    for _ in range(rounds):
        yield from pair.items()


def _compared(samples: Mapping[Side, list[float]]) -> Compared:
    suite, floor = median(samples[Side.SUITE]), median(samples[Side.FLOOR])
    ratio = round(suite / floor, 3) if floor else None
    return Compared(round(suite, 1), round(floor, 1), len(samples[Side.SUITE]), ratio)


def layer_sizes() -> dict[str, float]:
    """The size of each layer, unzipped, as Lambda counts it, in MB (of 1,000,000 bytes)."""
    files = {layer: (file for file in (BUILD / layer).rglob("*") if file.is_file()) for layer in LAYERS}
    return {layer: round(sum(file.stat().st_size for file in own) / MEGABYTE, 2) for layer, own in files.items()}
