"""What the kernel knows of a running function."""

import os
from pathlib import Path

KIB = 1024
MEGABYTE = 1_000_000
_UTIME, _STIME = 11, 12  # fields 14 and 15 of proc(5), counted after the name in parentheses


def cpu_seconds(process_id: int) -> float:
    """CPU time so far, ended threads included, in steps of the kernel's clock tick (10 ms)."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[_UTIME]) + int(fields[_STIME])) / os.sysconf("SC_CLK_TCK")


def peak_memory_mb(process_id: int) -> float:
    """The most that the process ever had in memory, in MB (of 1,000,000 bytes)."""
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    kib = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return kib * KIB / MEGABYTE
