"""The lock that only one rotation of a user can hold.

It belongs to the session, and ends with it. Any user of the server may ask for any lock, so it keeps rotations from
each other, and nobody from anything else.
Source: MySQL Reference Manual, "Locking Functions".
"""

import hashlib

from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.errors import StatementFailedError

LOCK_WAIT_TIMEOUT = "1205"


def lock_name(username: str) -> str:
    """The lock's name: at most 64 characters, whatever the user is called, and names of locks ignore case."""
    return "secret_rotation." + hashlib.sha256(username.encode(errors="surrogatepass")).hexdigest()[:40]


def acquire(connection: Connection, username: str) -> bool:
    """Take the lock; whether it had to be waited for.

    Raises:
        StatementFailedError: another session holds it, and for too long.
    """
    name = lock_name(username)
    if _get(connection, name, 0):
        return False
    if not _get(connection, name, connection.lock_wait_seconds):
        raise StatementFailedError(
            f"Another rotation of {username} has held the lock {name} for more than {connection.lock_wait_seconds} s. "
            f"If it hangs, end its session: SELECT IS_USED_LOCK('{name}') says which, KILL ends it.",
            code=LOCK_WAIT_TIMEOUT,
        )
    return True


def _get(connection: Connection, name: str, seconds: int) -> bool:
    [(answer,)] = connection.run(f"SELECT GET_LOCK('{name}', {seconds})")
    return bool(answer)
