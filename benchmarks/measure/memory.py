"""The curve from which the functions' memory size is chosen: what a rotation takes, and costs, at each size."""

from collections.abc import Iterable
from pathlib import Path
from statistics import median

from benchmarks.estimate.assumptions import Prices, Use, read_assumptions
from benchmarks.measure.cold_start import measure_cold_start
from benchmarks.measure.function import MeasuredFunction, Side, measured_function
from benchmarks.measure.quota import quota_of, run_in
from benchmarks.result import MemorySize
from lab.pairing import Pairing
from lab.secretsmanager import LocalSecretsManager
from lab.servers import DatabaseServer

SIZES_MB = (128, 192, 256, 384, 512, 768, 1024, 1769)
WARM_ROTATIONS = 3
MILLION = 1_000_000


def measure_memory_sizes(
    cloud: LocalSecretsManager, server: DatabaseServer, pairing: Pairing, rounds: int, sizes: Iterable[int] = SIZES_MB
) -> tuple[MemorySize, ...]:
    """Measure the suite's function under the CPU quota of each size.

    Raises:
        QuotaUnavailableError: this machine has no quotas to give.
    """
    _, prices, use = read_assumptions()
    with measured_function(cloud, server, Side.SUITE, pairing) as measured:
        return tuple(_memory_size(measured, pairing.function, size, rounds, prices, use) for size in sizes)


def _memory_size(
    measured: MeasuredFunction, function: str, memory_mb: int, rounds: int, prices: Prices, use: Use
) -> MemorySize:
    with quota_of(memory_mb / use.vcpu_memory_mb) as processes:
        cold = median(_cold_start_seconds(measured, processes) for _ in range(rounds))
        firsts, warm = zip(*(_rotations(measured, processes) for _ in range(rounds)), strict=True)
        measured.environment.kill()
    first_ms = median(firsts)
    # A cold start's init is billed as well, since August 2025.
    dollars = sum(prices.invocations(cold + first_ms / 1000, memory_mb).values())
    return MemorySize(
        function=function,
        memory_mb=memory_mb,
        cold_start_seconds=round(cold, 2),
        first_rotation_ms=round(first_ms),
        warm_rotation_ms=round(median(sum(steps.values()) for rotations in warm for steps in rotations)),
        slowest_step_ms=round(median(max(steps.values()) for rotations in warm for steps in rotations)),
        dollars_per_million=dollars * MILLION,
    )


def _cold_start_seconds(measured: MeasuredFunction, processes: Path) -> float:
    environment = measured.environment
    return measure_cold_start(environment.code, environment.process_environment, run_in(processes)).wall_seconds


def _rotations(measured: MeasuredFunction, processes: Path) -> tuple[float, list[dict[str, float]]]:
    """The first rotation and the warm ones, of a function that gets its quota once it is ready."""
    processes.write_text(str(measured.restart()))
    first = sum(measured.rotate().values())
    return first, [measured.rotate() for _ in range(WARM_ROTATIONS)]
