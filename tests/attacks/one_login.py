"""Log in to MySQL in a process of its own, so that its memory is that of the login: python -m tests.attacks.one_login.

Arguments: the port, without TLS, and the seconds that there are. Prints the error, and the most memory in KB.
"""

import json
import os
import sys

from secret_rotation.credentials import Credentials
from secret_rotation.deadline import RESERVE_SECONDS, Deadline
from secret_rotation.engines.mysql import MySQL
from secret_rotation.errors import DatabaseUnreachableError
from tests.fixtures.processes import peak_memory_kb


def credentials(port: int, *, tls: bool = False, host: str = "localhost") -> Credentials:
    """Credentials of a user that no server has."""
    document = {"engine": "mysql", "host": host, "port": port, "username": "app", "password": "never said", "ssl": tls}
    return Credentials.parse(json.dumps(document), "AWSCURRENT of prod/app", MySQL.secret_format)


def main() -> None:
    """Log in and run one statement."""
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    error = ""
    try:
        with MySQL(None).connect(credentials(port), Deadline.after(RESERVE_SECONDS + seconds)) as session:
            session.verify_identity()
    except DatabaseUnreachableError as failure:
        error = str(failure)
    print(error)  # noqa: T201 - for the test
    print(peak_memory_kb(os.getpid()))  # noqa: T201 - for the test


if __name__ == "__main__":
    main()
