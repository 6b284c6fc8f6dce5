"""A CPU quota for a process and what it starts: Lambda gives CPU by memory.

The kernel's own bandwidth control enforces it (cgroup v2 `cpu.max`, v1 `cpu.cfs_quota_us`), in slices of 20 ms. How
Lambda enforces its share is not documented: what runs here is an emulation.
"""

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PERIOD_MICROSECONDS = 20_000
PATIENCE_SECONDS = 10
ROOTS = (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup"))
"""Where version 1 and version 2 are mounted."""


class QuotaUnavailableError(Exception):
    """This machine lets nobody (or not this user) limit a process's CPU time."""


@contextmanager
def quota_of(share: float) -> Iterator[Path]:
    """Make a control group that has this share of one core for the length of a block.

    Yields:
        The file that takes the ids of processes.

    Raises:
        QuotaUnavailableError: no control group can be made here.
    """
    group = _make_group(round(PERIOD_MICROSECONDS * share))
    try:
        yield group / "cgroup.procs"
    finally:
        _remove(group)


def run_in(processes: Path) -> list[str]:
    """What to put before a command line so that it runs in a group from its first instruction on."""
    return ["/bin/sh", "-c", f'echo $$ >{processes} && exec "$@"', "sh"]


def _make_group(quota: int) -> Path:
    name = f"bench-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    for root in ROOTS:
        group = root / name
        try:
            group.mkdir()
            _limit(group, quota)
        except OSError:
            if group.is_dir():
                group.rmdir()
            continue
        return group
    raise QuotaUnavailableError("No control group for CPU time can be made: run as root, on Linux, outside a sandbox.")


def _remove(group: Path) -> None:
    """Remove a group once the last process that was killed in it is gone."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return group.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _limit(group: Path, quota: int) -> None:
    if (group / "cpu.max").exists():
        (group / "cpu.max").write_text(f"{quota} {PERIOD_MICROSECONDS}")
    else:
        (group / "cpu.cfs_period_us").write_text(str(PERIOD_MICROSECONDS))
        (group / "cpu.cfs_quota_us").write_text(str(quota))
