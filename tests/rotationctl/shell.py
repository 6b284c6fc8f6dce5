"""rotationctl in a process of its own, as a shell runs it."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.lab.commands import ROOT, environment

TIMEOUT_SECONDS = 400


def shell_environment() -> dict[str, str]:
    """This process's environment, with rotationctl and the layer on the path."""
    found = environment()
    return {**found, "PYTHONPATH": f"{ROOT}{os.pathsep}{found['PYTHONPATH']}"}


@contextmanager
def running(
    *arguments: str,
    env: Mapping[str, str],
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
    python: Path = Path(sys.executable),
) -> Iterator[subprocess.Popen[str]]:
    """Run the program in a process of its own, for the length of a block."""
    with subprocess.Popen(
        [python, "-m", "rotationctl", *arguments],
        env=dict(env), stdin=stdin, stdout=stdout, stderr=stderr, text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - it takes no lock
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def type_in(command: str, env: Mapping[str, str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Paste a command into a shell."""
    return subprocess.run(
        ["sh", "-c", command],
        env=dict(env),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )


def on_a_terminal(*arguments: str, env: Mapping[str, str], columns: int = 400) -> str:
    """What the program prints to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    try:
        with running(*arguments, env={**env, "COLUMNS": str(columns)}, stdout=theirs) as process:
            process.communicate(timeout=TIMEOUT_SECONDS)
    finally:
        os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        return terminal.read(100_000).decode().replace("\r\n", "\n")


def answering(*arguments: str, env: Mapping[str, str], answer: str) -> str:
    """What the program prints to somebody who sits at its terminal, and has typed an answer."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer.encode())
        with running(*arguments, env={**env, "COLUMNS": "400"}, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            process.wait(timeout=TIMEOUT_SECONDS)
    finally:
        os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        return terminal.read(100_000).decode().replace("\r\n", "\n")
