"""A process that uses servers which mean no good, as the function does: `python -m tests.attacks.victim PORT...`.

What came of it, and how much memory it took, goes to standard output as JSON.
"""

import json
import re
import sys
import time
from pathlib import Path

from psycopg2.sql import SQL

from secret_rotation.credentials import Credentials
from secret_rotation.deadline import RESERVE_SECONDS, Deadline
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.errors import DatabaseError
from secret_rotation.password import Password

LIMIT_SECONDS = 6.0


def credentials(port: int, **changes: object) -> Credentials:
    """A secret that names a server on this machine, without TLS."""
    values: dict[str, object] = {
        "host": "localhost",
        "port": port,
        "username": "app",
        "password": Password("hunter2"),
        "dbname": None,
        "tls": False,
        "superuser_arn": None,
        "secret": "AWSCURRENT of the test's secret",
        "document": {},
    }
    return Credentials(**{**values, **changes})  # type: ignore[arg-type]


def outcome(port: int) -> tuple[str, float]:
    """Log in and run a statement, with not much more than the limit left; what came of it, and how long it took."""
    begun, error = time.monotonic(), ""
    try:
        with PostgreSQL().connect(credentials(port), Deadline.after(RESERVE_SECONDS + LIMIT_SECONDS)) as session:
            session.run(SQL("SELECT 1"), "SELECT 1")
    except DatabaseError as failure:
        error = f"{type(failure).__name__}: {failure}"
    return error, time.monotonic() - begun


def peak_mb() -> float:
    """The most memory that this process had in use. What getrusage says is the parent's too: exec hands it on."""
    status = Path("/proc/self/status").read_text()
    (peak_kb,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(peak_kb) / 1024


if __name__ == "__main__":
    outcomes = [outcome(int(port)) for port in sys.argv[1:]]
    sys.stdout.write(json.dumps({"outcomes": outcomes, "peak_mb": peak_mb()}))
