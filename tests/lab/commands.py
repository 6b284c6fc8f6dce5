"""The lab's command lines, run as a user runs them: in a process of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 120


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment with the layer on the path, as the Makefile has it."""
    layer = str(ROOT / "layers" / "secret_rotation")
    clean = {name: value for name, value in os.environ.items() if name not in ("ENGINE", "LAB_ADDRESS", "NO_COLOR")}
    return {**clean, "PYTHONPATH": layer, **variables}


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m ...` to its end."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


@contextmanager
def running(*arguments: str, start_new_session: bool = False, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run `python -m ...` for the length of a block, which reads from its standard output.

    In a session of its own it can be sent what Ctrl-C sends: a signal to its whole process group.
    """
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=start_new_session,
        preexec_fn=_heed_ctrl_c,  # noqa: PLW1509 - it takes no lock
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _heed_ctrl_c() -> None:
    """A shell starts what it runs in the background deaf to Ctrl-C, and children inherit that: tests run there too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def output(process: subprocess.Popen[str]) -> IO[str]:
    """Return what a running command prints."""
    assert process.stdout is not None
    return process.stdout


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Return all that a command prints up to the line with the text; fails where it ends before.

    What is read is printed, so that pytest shows it where a test fails, also by its timeout.
    """
    lines = []
    for line in output(process):
        lines.append(line)
        sys.stdout.write(line)
        if text in line:
            return "".join(lines)
    raise AssertionError(f"It ended without {text!r}")


def end(process: subprocess.Popen[str], number: int) -> tuple[int, str]:
    """Send a signal; return the exit status and what was printed since."""
    process.send_signal(number)
    rest = output(process).read()
    return process.wait(TIMEOUT_SECONDS), rest
