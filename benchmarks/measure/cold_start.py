"""A cold start: from the start of the process to the moment at which the function asks for its first event.

The emulator starts a function only once it is invoked, so here a runtime interface of our own stands in for it: it
answers nothing, and ends the process as soon as it asks. What the kernel then reports of the process is exact.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from lab.lambda_environment import FunctionCode

PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.2
"""How often to look whether the process has ended without a word."""
NEXT = b"GET /2018-06-01/runtime/invocation/next "


class ColdStartError(Exception):
    """The function never became ready."""


@dataclass(frozen=True, slots=True)
class ColdStart:
    """What it took, by the clock and of processor time."""

    wall_seconds: float
    cpu_seconds: float


def measure_cold_start(code: FunctionCode, environment: Mapping[str, str], prefix: Sequence[str] = ()) -> ColdStart:
    """Start a function once in this environment (all of it), with the real runtime client.

    `prefix` stands before the command line.

    Raises:
        ColdStartError: it ended, or asked for no event.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LOOK_SECONDS)
        variables = {**environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{listener.getsockname()[1]}"}
        started = time.perf_counter()
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "awslambdaric", code.handler],
            cwd=code.task_root,
            env=variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            request = _first_request(listener, process.pid)
            wall = time.perf_counter() - started
        finally:
            # Not Popen.kill, which would take the exit status of a process that has ended, and with it what it used.
            os.kill(process.pid, signal.SIGKILL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    if not request.startswith(NEXT):
        raise ColdStartError(f"{code.handler} in {code.task_root} did not start: it asked for {request[:80]!r}.")
    return ColdStart(wall, usage.ru_utime + usage.ru_stime)


def _first_request(listener: socket.socket, process_id: int) -> bytes:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and not _has_ended(process_id):
        with suppress(TimeoutError):
            connection, _ = listener.accept()
            with connection:
                return connection.recv(65_536)
    return b""


def _has_ended(process_id: int) -> bool:
    return os.waitid(os.P_PID, process_id, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
