"""The processor time of the lab's processes, as the kernel counts it."""

import os
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.servers.supervisor import children_of
from lab.world import EngineName

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# Of /proc/PID/stat, counted from the field after the name: user and system time, own and of children that have ended.
TIMES = slice(11, 15)
PROGRAMS = {EngineName.POSTGRESQL: "postgres", EngineName.MYSQL: "mysqld"}


class Part(StrEnum):
    """Whose time it is."""

    FUNCTION = "function"
    DATABASE = "database"
    LAB = "lab"


class CpuMeter:
    """Counts from when it is entered until it is left: seconds of this process and all below it, by part.

    Of the databases, only this engine's counts. What the counting itself takes is left out.
    """

    def __init__(self, engine: EngineName) -> None:
        self._program = PROGRAMS[engine]
        self.used: dict[Part, float] = dict.fromkeys(Part, 0.0)

    def __enter__(self) -> Self:
        self._before = self._below_this()
        self._own_before = time.process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.used[Part.LAB] = time.process_time() - self._own_before
        for part, seconds in self._below_this().items():
            self.used[part] += seconds - self._before[part]

    def _below_this(self) -> dict[Part, float]:
        seconds = dict.fromkeys(Part, 0.0)
        for pid in _below(os.getpid()):
            if (part := _part(_arguments(pid), self._program)) is not None:
                seconds[part] += _seconds(pid)
        return seconds


def _below(pid: int) -> Iterator[int]:
    for child in children_of(pid):
        yield child
        yield from _below(child)


def _part(arguments: list[str], program: str) -> Part | None:
    if arguments[1:3] == ["-m", "awslambdaric"]:
        return Part.FUNCTION
    found = next((name for name in PROGRAMS.values() if _runs(arguments, name)), None)
    return Part.LAB if found is None else Part.DATABASE if found == program else None


def _runs(arguments: list[str], program: str) -> bool:
    # PostgreSQL's own processes have a title there; MySQL's program may be an argument of the dynamic loader.
    return arguments[0].startswith(f"{program}: ") or any(Path(argument).name == program for argument in arguments)


def _arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return [""]


def _seconds(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return 0.0
    return sum(map(int, stat.rpartition(")")[2].split()[TIMES])) / TICKS_PER_SECOND
