"""What a run is made on."""

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.result import Result

GIB = 2**30


def new_result(versions: Mapping[str, str]) -> Result:
    """A result that holds nothing yet but the day, the machine and the versions, Python's among them."""
    return Result(
        date=datetime.now(UTC).date().isoformat(),
        machine=_machine(),
        cores=cores(),
        versions={"Python": platform.python_version(), **versions},
    )


def cores() -> int:
    """How many processors this process may use."""
    return len(psutil.Process().cpu_affinity())


def _machine() -> str:
    """The machine, in words."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return f"{model}, {platform.machine()}, {psutil.virtual_memory().total / GIB:.0f} GB"
