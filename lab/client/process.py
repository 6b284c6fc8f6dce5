"""A client that runs as a process of its own, and says in a line on its standard output how each request went."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Self

from lab.client.tally import Tally

ENDING_SECONDS = 10
"""So long the command may take to end itself."""


class ClientProcess:
    """Runs while the context is open. In the end all that the command has started gets SIGTERM, then SIGKILL.

    It has a process group of its own, so Ctrl-C reaches it in this way, too.

    Args:
        command: to run, with its arguments.
        environment: all of its variables.
        tally: told of "ok" and of "failed REASON".
        show: told of every other line.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], tally: Tally, show: Callable[[str], None]
    ) -> None:
        self._command = command
        self._environment = environment
        self._tally = tally
        self._show = show

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="client's output", daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDING_SECONDS)
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join(5)  # whoever has left the group may still hold the other end

    @property
    def status(self) -> int | None:
        """With what it has ended, or None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(5)  # a process ends a moment after its output
        return None

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # it has ended
            os.killpg(self._process.pid, number)

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        with self._process.stdout as lines:
            for line in lines:
                self._take(line.strip())
        self._tally.end()

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if line == "ok":
            self._tally.succeeded()
        elif word == "failed":
            self._tally.failed(rest.strip())
        elif line:
            self._show(line)
