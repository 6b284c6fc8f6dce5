"""Run a program to its end."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.servers.host import server_user
from lab.servers.model import ProvisionError

# Nothing of the caller's environment (PGHOST, HOME, a locale) may change what a server or its tools do.
BARE_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
ERROR_LINES = 8


def run(command: Sequence[str | Path], *, stdin: str | None = None, **context: Any) -> str:  # noqa: ANN401 - subprocess's
    """Run a program; return what it printed.

    Args:
        command: the program and its arguments.
        stdin: what it reads.
        context: further arguments of subprocess.run; without them it runs as this user, and in this environment.

    Raises:
        ProvisionError: it failed. The message has the last lines that it wrote.
    """
    done = subprocess.run(command, input=stdin, text=True, capture_output=True, check=False, umask=0o022, **context)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()[-ERROR_LINES:]
        raise ProvisionError(f"{Path(command[0]).name} ended with status {done.returncode}:\n" + "\n".join(lines))
    return str(done.stdout)


def run_as_server_user(
    command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None, stdin: str | None = None
) -> str:
    """See `run`; as the servers' user, in a bare environment."""
    bare = BARE_ENVIRONMENT | dict(environment or {})
    return run(command, stdin=stdin, cwd="/", env=bare, **server_user().identity)
