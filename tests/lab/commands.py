"""The lab's command lines, run as a user runs them: in a process of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.fixtures.processes import descendants, is_alive

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 400


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment with the layer on the path, as the Makefile has it."""
    layer = str(ROOT / "layers" / "secret_rotation")
    settings = ("ENGINE", "LAB_ADDRESS", "LAB_PORT", "NO_COLOR")
    clean = {name: value for name, value in os.environ.items() if name not in settings}
    return {**clean, "PYTHONPATH": layer, **variables}


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m ...` to its end."""
    return run_python("-m", *arguments, **variables)


def run_python(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python to its end."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


class EndedError(AssertionError):
    """A command ended before it printed what was waited for."""


@contextmanager
def running(*arguments: str, start_new_session: bool = False, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run `python -m ...` for the length of a block, which reads from its standard output.

    In a session of its own it can be sent what Ctrl-C sends: a signal to its whole process group.
    """
    command = [sys.executable, "-m", *arguments]
    with started(command, environment(**variables), start_new_session=start_new_session) as process:
        try:
            yield process
        finally:
            process.kill()


def started(
    command: list[str], environment: dict[str, str], *, folder: Path = ROOT, start_new_session: bool
) -> subprocess.Popen[str]:
    """Start a command that Ctrl-C would end."""
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=start_new_session,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509 - it takes no lock
    )


def heed_ctrl_c() -> None:
    """A shell starts what it runs in the background deaf to Ctrl-C, and children inherit that: tests run there too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def output(process: subprocess.Popen[str]) -> IO[str]:
    """Return what a running command prints."""
    assert process.stdout is not None
    return process.stdout


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Return all that a command prints up to the line with the text.

    What is read is printed, so that pytest shows it where a test fails, also by its timeout.

    Raises:
        EndedError: it ended before; with all that it printed.
    """
    lines = []
    for line in output(process):
        lines.append(line)
        sys.stdout.write(line)
        if text in line:
            return "".join(lines)
    raise EndedError(f"It ended without {text!r}:\n{''.join(lines)}")


def assert_ends_cleanly(process: subprocess.Popen[str], number: int) -> None:
    """A signal ends a command as Ctrl-C does: without a traceback, and with whatever it has started."""
    family = descendants(process.pid)
    status, rest = end(process, number)
    assert (status, "Traceback" in rest) == (128 + signal.SIGINT, False)
    assert len(family) >= 3  # the database's and the function's supervisors at least, and a server
    assert not [pid for pid in family if is_alive(pid)]


def end(process: subprocess.Popen[str], number: int) -> tuple[int, str]:
    """Send a signal; return the exit status and what was printed since."""
    process.send_signal(number)
    rest = output(process).read()
    return process.wait(TIMEOUT_SECONDS), rest
