"""The curve from which the functions' memory size is chosen: what a rotation takes, and costs, at each size."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.cold_start import measure_cold_start
from benchmarks.contenders import Contender
from benchmarks.quota import quota_of, run_in
from benchmarks.subject import STEPS, Subject, subject
from lab.secretsmanager import LocalSecretsManager
from lab.servers import DatabaseServer

SIZES_MB = (128, 192, 256, 384, 512, 768, 1024, 1769)
DOLLARS_PER_GB_SECOND = 0.0000133334  # arm64, which the template deploys by default
DOLLARS_PER_REQUEST = 0.0000002
"""Prices of us-east-1. Source: AWS Lambda pricing, 2026. A cold start's init is billed as well since August 2025."""
MB_PER_GB = 1024
WARM_ROTATIONS = 3


@dataclass(frozen=True, slots=True)
class Point:
    """One memory size. `dollars_per_rotation` is for a cold start and the first rotation after it."""

    memory_mb: int
    cold_start_seconds: float
    first_rotation_ms: float
    warm_rotation_ms: float
    slowest_step_ms: float
    dollars_per_rotation: float


def measure_curve(
    cloud: LocalSecretsManager, server: DatabaseServer, function: str, rounds: int, sizes: Iterable[int] = SIZES_MB
) -> list[Point]:
    """Measure the suite's function under the CPU quota of each size.

    Raises:
        QuotaUnavailableError: this machine has no quotas to give.
    """
    with ExitStack() as stack:
        one = stack.enter_context(subject(cloud, server, Contender.SUITE, function))
        return [_point(one, size, rounds) for size in sizes]


def _point(one: Subject, memory_mb: int, rounds: int) -> Point:
    with quota_of(memory_mb) as processes:
        cold = median(_cold_start_seconds(one, processes) for _ in range(rounds))
        first, warm = zip(*(_rotations(one, processes) for _ in range(rounds)), strict=True)
        one.environment.kill()
    slowest = median(max(steps.values()) for rotations in warm for steps in rotations)
    first_ms = median(first)
    seconds = cold + first_ms / 1000
    return Point(
        memory_mb=memory_mb,
        cold_start_seconds=round(cold, 2),
        first_rotation_ms=round(first_ms),
        warm_rotation_ms=round(median(sum(steps.values()) for rotations in warm for steps in rotations)),
        slowest_step_ms=round(slowest),
        dollars_per_rotation=_dollars(memory_mb, seconds),
    )


def _cold_start_seconds(one: Subject, processes: Path) -> float:
    code = one.environment.code
    environment = one.environment.process_environment
    return measure_cold_start(code.task_root, code.handler, environment, run_in(processes)).wall_seconds


def _rotations(one: Subject, processes: Path) -> tuple[float, list[dict[str, float]]]:
    """The first rotation and the warm ones, of a function that gets its quota once it is ready."""
    processes.write_text(str(one.restart()))
    first = sum(one.rotate().values())
    return first, [one.rotate() for _ in range(WARM_ROTATIONS)]


def _dollars(memory_mb: int, seconds: float) -> float:
    return memory_mb / MB_PER_GB * seconds * DOLLARS_PER_GB_SECOND + len(STEPS) * DOLLARS_PER_REQUEST
