"""A server's process: started under a supervisor, so that it dies with this process."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from lab.servers import supervisor
from lab.servers.command import BARE_ENVIRONMENT
from lab.servers.host import ServerUser, server_user
from lab.servers.model import ServerStartError

START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 30
POLL_SECONDS = 0.02
LOG_LINES_IN_ERROR = 15


class ServerProcess:
    """One run of a server, from start to stop."""

    def __init__(
        self,
        command: list[str],
        folder: Path,
        log_path: Path,
        *,
        death_signal: signal.Signals,
        environment: dict[str, str] | None = None,
        stdin: IO[bytes] | None = None,
    ) -> None:
        """Start the command in the folder, as the servers' user; the folder goes away if this process dies."""
        self._log_path = log_path
        with log_path.open("ab") as log:
            server_user().own(log_path)
            self._supervisor = subprocess.Popen(
                [*supervised(self.user(), death_signal, folder), *command],
                stdin=stdin or subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env=BARE_ENVIRONMENT | (environment or {}),
                start_new_session=True,  # Ctrl-C is for the tests: they stop their servers in order
            )

    def user(self) -> ServerUser:
        """As whom the command runs."""
        return server_user()

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait until the server is ready.

        Raises:
            ServerStartError: it ended, or took longer than START_TIMEOUT_SECONDS.
        """
        wait_for(lambda: ready() or self._supervisor.poll() is not None, START_TIMEOUT_SECONDS, self._log_end)
        if self._supervisor.poll() is not None:
            raise ServerStartError(f"The server ended at its start. The end of its log:\n{self._log_end()}")

    def suspend(self) -> None:
        """Freeze the server and all its processes.

        Raises:
            ServerStartError: they still run after STOP_TIMEOUT_SECONDS.
        """
        self._signal_all(signal.SIGSTOP)
        # A stop is delivered thread by thread: one that runs on another core may answer one more query after kill(2).
        wait_for(self._is_frozen, STOP_TIMEOUT_SECONDS, lambda: "It does not freeze.")

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    def stop(self, number: signal.Signals) -> None:
        """Stop the server in order, with the signal that it understands (SIGINT or SIGTERM).

        With SIGQUIT its supervisor kills it at once: its data is of no more use.
        """
        if self._supervisor.poll() is None:
            self.resume()
            self._supervisor.send_signal(number)
        try:
            self._supervisor.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal_all(signal.SIGKILL)
            self._supervisor.wait()

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in _descendants(self._supervisor.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _is_frozen(self) -> bool:
        return all(_is_stopped(pid) for pid in _descendants(self._supervisor.pid))

    def _log_end(self) -> str:
        lines = self._log_path.read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_LINES_IN_ERROR:])


def wait_for(condition: Callable[[], bool], timeout_seconds: float, explain: Callable[[], str]) -> None:
    """Wait until a condition holds.

    Raises:
        ServerStartError: it does not within the timeout; with the explanation.
    """
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ServerStartError(f"The server is not ready after {timeout_seconds} s. {explain()}")
        time.sleep(POLL_SECONDS)


def free_port() -> int:
    """A TCP port that nothing listens on at 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def supervised(user: ServerUser, death_signal: signal.Signals, folder: str | Path) -> list[str]:
    """What a command line begins with whose program runs as a user, and ends with this process, as its folder does."""
    parameters = (os.getpid(), user.uid, user.gid, int(death_signal), folder)
    # -I -S: the supervisor needs the standard library only, and starts in a third of the time.
    return [sys.executable, "-I", "-S", supervisor.__file__, *map(str, parameters)]


def _descendants(pid: int) -> Iterator[int]:
    """Find all that a process started: parents first, since a stopped parent starts no further children."""
    for child in supervisor.children_of(pid):
        yield child
        yield from _descendants(child)


def _is_stopped(pid: int) -> bool:
    """Whether every thread of a process is stopped, or gone."""
    with suppress(FileNotFoundError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                # The state is the first field after the name, which is in parentheses and may hold any character.
                if (thread / "stat").read_text().rpartition(")")[2].split()[0] not in "TtZX":
                    return False
    return True
