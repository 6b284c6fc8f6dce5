"""AWS's Lambda runtime interface emulator: finding it, and one running process of it."""

import contextlib
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from lab.lambda_environment.code import REPOSITORY
from lab.servers import supervisor
from lab.servers.host import ServerUser
from lab.servers.process import free_port, supervised

FETCHED = REPOSITORY / ".cache" / "rie" / "aws-lambda-rie"
SAM_VENV_VARIABLE = "LAB_SAM_VENV"
IN_SAM_VENV = "lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-{machine}"
MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
START_ATTEMPTS = 3
START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 60
OWN_LINES = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ")
KILLED_LINE = "[ERROR] (rapid) Invoke DONE failed: "  # in the place of REPORT where the function's process has ended


class EmulatorMissingError(Exception):
    """The runtime interface emulator is not on this machine."""


class EmulatorStartError(Exception):
    """The runtime interface emulator does not run."""


def start_emulator(handler: str, folder: Path, environment: Mapping[str, str]) -> "Emulator":
    """Start an emulator; again where another process took one of its free ports first.

    Raises:
        EmulatorStartError: it does not run.
    """
    for _ in range(START_ATTEMPTS - 1):
        with contextlib.suppress(EmulatorStartError):
            return Emulator(handler, folder, environment)
    return Emulator(handler, folder, environment)


def find_emulator() -> Path:
    """The emulator's path: from LAB_SAM_VENV where that is set, else what `make` fetched, else from .venv-sam.

    Raises:
        EmulatorMissingError: it is in none of these places.
    """
    pattern = IN_SAM_VENV.format(machine=MACHINES.get(platform.machine().lower(), "unknown"))
    named = os.environ.get(SAM_VENV_VARIABLE)
    candidates = Path(named).glob(pattern) if named else [FETCHED, *(REPOSITORY / ".venv-sam").glob(pattern)]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise EmulatorMissingError(
            f"No Lambda runtime interface emulator for {platform.machine()}: run "
            f"`make {FETCHED.relative_to(REPOSITORY)}`, or set {SAM_VENV_VARIABLE} to a virtual environment in which "
            "aws-sam-cli is installed."
        )
    return found


class Emulator:
    """One emulator with its function, started under a supervisor so that both die with this process.

    Args:
        handler: ``module.function``.
        folder: where the function runs.
        environment: all of the function's environment.

    Attributes:
        ended_invocations: how many have ended, their log complete.
    """

    def __init__(self, handler: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.port = free_port()
        command = _command(self.port, handler)
        self.lines: list[str] = []
        self.listener: Callable[[str], object] = lambda line: None  # noqa: ARG005 - nobody listens
        self.ended_invocations = 0
        self._has_ended = False
        self._progress = threading.Condition()
        self._scratch = tempfile.TemporaryDirectory(prefix="lambda-")
        user = ServerUser(os.geteuid(), os.getegid())
        self._process = subprocess.Popen(
            [*supervised(user, signal.SIGKILL, self._scratch.name), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment),
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="function log", daemon=True)
        self._reader.start()
        self._wait_until_listening()

    def wait_for_end(self, count: int, timeout_seconds: float) -> None:
        """Wait until so many invocations have ended, or the emulator itself has."""
        with self._progress:
            self._progress.wait_for(lambda: self.ended_invocations >= count or self._has_ended, timeout_seconds)

    def function_process_ids(self) -> list[int]:
        """The function's process, once an invocation has started it."""
        return [
            function
            for emulator in supervisor.children_of(self._process.pid)
            for function in supervisor.children_of(emulator)
        ]

    def kill_function(self) -> None:
        """SIGKILL the function's process, in the middle of whatever it does; the next invocation starts a new one."""
        for function in self.function_process_ids():
            os.kill(function, signal.SIGKILL)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(STOP_TIMEOUT_SECONDS)
        self._reader.join(STOP_TIMEOUT_SECONDS)
        self._scratch.cleanup()

    def _read(self) -> None:
        with self._process.stdout as output:  # type: ignore[union-attr] # it is a pipe
            for line in output:
                self._take(line.rstrip("\n"))
        with self._progress:
            self._has_ended = True
            self._progress.notify_all()

    def _take(self, line: str) -> None:
        with self._progress:
            if not line.startswith(OWN_LINES):
                self.lines.append(line)
                self.listener(line)
            self.ended_invocations += line.startswith("REPORT RequestId: ") or KILLED_LINE in line
            self._progress.notify_all()

    def _wait_until_listening(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not _is_listening(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise EmulatorStartError("The Lambda emulator does not run:\n" + "\n".join(self.lines))
            time.sleep(0.01)


def _command(port: int, handler: str) -> list[str]:
    return [
        str(find_emulator()),
        *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
        *("--log-level", "error"),
        *(sys.executable, "-m", "awslambdaric", handler),
    ]


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
