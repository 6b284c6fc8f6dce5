"""What the kernel knows of running functions, databases and the lab: their processor time and their memory."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.result import Part
from lab.engines import KITS, Kit

KIB, MEGABYTE = 1024, 1_000_000


@contextmanager
def cpu_meter(engine: Kit) -> Iterator[dict[Part, float]]:
    """Count the seconds of this process and all below it for the length of a block.

    Of the databases, only this engine's counts. What the counting itself takes is left out.

    Yields:
        The seconds by part, once the block has ended.
    """
    used: dict[Part, float] = {}
    before, own_before = _below_this(engine.program), time.process_time()
    yield used
    own = time.process_time() - own_before
    used.update({part: seconds - before[part] for part, seconds in _below_this(engine.program).items()})
    used[Part.LAB] += own


def cpu_seconds(process: psutil.Process) -> float:
    """The processor time of a process so far, with that of its children that have ended.

    Returns:
        Seconds, and 0 where the process itself has ended.
    """
    try:
        return sum(process.cpu_times()[:4])
    except psutil.NoSuchProcess:
        return 0.0


def peak_memory_mb(process_id: int) -> float:
    """The most that a process ever had in memory, in MB (of 1,000,000 bytes), which psutil does not tell on Linux."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process_id}/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) * KIB / MEGABYTE


def _below_this(program: str) -> dict[Part, float]:
    seconds = dict.fromkeys(Part, 0.0)
    for process in psutil.Process().children(recursive=True):
        if (part := _part(_arguments(process), program)) is not None:
            seconds[part] += cpu_seconds(process)
    return seconds


def _part(arguments: Sequence[str], program: str) -> Part | None:
    if arguments[1:3] == ["-m", "awslambdaric"]:
        return Part.FUNCTION
    found = next((name for name in {kit.program for kit in KITS} if _runs(arguments, name)), None)
    return Part.LAB if found is None else Part.DATABASE if found == program else None


def _runs(arguments: Sequence[str], program: str) -> bool:
    # PostgreSQL's own processes have a title there; MySQL's program may be an argument of the dynamic loader.
    return any(argument.startswith(f"{program}:") or Path(argument).name == program for argument in arguments)


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
