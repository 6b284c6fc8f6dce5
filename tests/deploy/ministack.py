"""MiniStack, an AWS that nobody here wrote: one process of it, in a folder of its own.

Its programs and its place on the network are its own; what it differs in from AWS is named in `differences.py`.
"""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Self

from lab.lambda_environment.code import REPOSITORY
from lab.servers.command import BARE_ENVIRONMENT
from lab.servers.host import ServerUser
from lab.servers.process import supervised

PYTHON = REPOSITORY / ".venv-ministack" / "bin" / "python"
ACCOUNT = "111122223333"
REGION = "eu-central-1"
START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 60
LOG_LINES_IN_ERROR = 30


class MiniStackMissingError(Exception):
    """It is not installed."""


class MiniStackStartError(Exception):
    """It does not run."""


class MiniStack:
    """A running MiniStack, which ends with this process, as all that it started does.

    Attributes:
        url: where it listens.
        environment: what a program needs to take it for AWS, and nothing of this process's own: a program that is to
            deploy here must not find the way to somebody's account.
    """

    def __init__(self, folder: Path) -> None:
        """Start it; all that it writes is in the folder.

        Raises:
            MiniStackMissingError: it is not installed.
            MiniStackStartError: it does not run.
        """
        if not PYTHON.exists():
            raise MiniStackMissingError("There is no .venv-ministack. Run these tests with `make test-deploy`.")
        self._log = folder / "ministack.log"
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self.environment = _environment(folder, self.url)
            self._process = self._start(folder, listener)
        self._wait_until_ready()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End it at once: what it holds is of no more use."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(STOP_TIMEOUT_SECONDS)

    def log(self) -> str:
        """What it wrote."""
        return self._log.read_text(errors="replace")

    def _start(self, folder: Path, listener: socket.socket) -> subprocess.Popen[bytes]:
        """Start it on a port that it is given open, as its standard input: so nobody can take the port before it."""
        user = ServerUser(os.geteuid(), os.getegid())
        port = str(listener.getsockname()[1])
        server = (str(PYTHON), "-m", "hypercorn", "ministack.app:app", "--bind", "fd://0")
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [*supervised(user, signal.SIGKILL, folder), *server],
                stdin=listener.fileno(),
                stdout=log,
                stderr=log,
                cwd=folder,
                env=self.environment | _settings(port),
                start_new_session=True,
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise MiniStackStartError("\n".join(self.log().splitlines()[-LOG_LINES_IN_ERROR:]))
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_ministack/ready", timeout=5) as answer:  # noqa: S310 - our own
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def wait_until(condition: Callable[[], object], what: str, timeout_seconds: float = 180) -> None:
    """Wait until something holds that MiniStack does in its own time."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not after {timeout_seconds} s"
        time.sleep(0.05)


def _environment(folder: Path, url: str) -> dict[str, str]:
    return BARE_ENVIRONMENT | {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
    }


def _settings(port: str) -> dict[str, str]:
    """Its own. Without a listener for things, which would be at a port that others may have."""
    return {
        "GATEWAY_PORT": port,
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
