"""What one warm environment holds on to, rotation after rotation."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from statistics import median

import psutil

from benchmarks.measure.function import MeasuredFunction
from benchmarks.measure.processes import MEGABYTE

SAMPLES = 10
"""In a run. The first one is taken after as many rotations as lie between two: by then caches are full."""
TOLERATED_MB = 1.0
"""What an allocator may do by itself. In a thousand rotations, a leak of more than two kilobytes each exceeds it."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the function's process had after so many rotations.

    Attributes:
        memory_mb: its own, without what it shares with others, in MB of 1,000,000 bytes.
    """

    rotations: int
    memory_mb: float
    open_files: int
    threads: int


def rotate_again_and_again(
    measured: MeasuredFunction, rotations: int, after_each: Iterable[Callable[[], None]]
) -> Iterator[Held]:
    """Rotate one secret in one environment, which is never restarted. After each rotation all of these are called.

    Raises:
        RotationFailedError: a step failed.
    """
    process = psutil.Process(measured.restart())
    between = max(1, rotations // SAMPLES)
    for count in range(1, rotations + 1):
        measured.rotate()
        for call in after_each:
            call()
        if count % between == 0:
            yield _held(process, count)


def grown(samples: list[Held]) -> list[str]:
    """What has grown, each in a few words.

    Of the memory, which an allocator takes and gives back as it likes, half of the samples are held against the rest.
    """
    first, last, half = samples[0], samples[-1], -(-len(samples) // 2)
    before, after = (median(sample.memory_mb for sample in part) for part in (samples[:half], samples[-half:]))
    found = []
    if after - before > TOLERATED_MB:
        found.append(f"memory from {before:.1f} to {after:.1f} MB")
    if last.open_files > first.open_files:
        found.append(f"open files from {first.open_files} to {last.open_files}")
    if last.threads > first.threads:
        found.append(f"threads from {first.threads} to {last.threads}")
    return found


def _held(process: psutil.Process, rotations: int) -> Held:
    with process.oneshot():
        memory = process.memory_full_info().uss / MEGABYTE
        return Held(rotations, round(memory, 2), process.num_fds(), process.num_threads())
