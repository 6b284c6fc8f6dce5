"""Run a program to its end."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from lab.servers.host import server_user
from lab.servers.model import ProvisionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Nothing of the caller's environment (PGHOST, HOME, a locale) may change what a server or its tools do.
BARE_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
ERROR_LINES = 8


def run(command: Sequence[str | Path], *, stdin: str | None = None) -> str:
    """Run a program as this user and in this environment; return what it printed.

    Raises:
        ProvisionError: it failed. The message has the last lines that it wrote.
    """
    done = subprocess.run(command, input=stdin, text=True, capture_output=True, check=False, umask=0o022)
    return _output(command, done)


def run_as_server_user(
    command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None, stdin: str | None = None
) -> str:
    """Run a program as the servers' user, in a bare environment; return what it printed.

    Raises:
        ProvisionError: it failed. The message has the last lines that it wrote.
    """
    done = subprocess.run(
        command,
        input=stdin,
        text=True,
        capture_output=True,
        check=False,
        umask=0o022,
        cwd="/",
        env=BARE_ENVIRONMENT | dict(environment or {}),
        **server_user().identity,
    )
    return _output(command, done)


def _output(command: Sequence[str | Path], done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()[-ERROR_LINES:]
        raise ProvisionError(f"{Path(command[0]).name} ended with status {done.returncode}:\n" + "\n".join(lines))
    return done.stdout
