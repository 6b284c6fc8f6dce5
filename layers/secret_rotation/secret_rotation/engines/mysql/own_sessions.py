"""The other sessions of the user that is logged in: to see them, and to end them, takes no privilege.

It is all sessions of the user's name, from whichever host. The server does not tell when one began, but numbers go up.
Source: MySQL Reference Manual, "KILL Statement", "The INFORMATION_SCHEMA PROCESSLIST Table".
"""

from secret_rotation.engine import OpenSession
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.sql import Sql
from secret_rotation.errors import StatementFailedError

_NO_SUCH_THREAD = "1094"
_TRIES = 50
_SESSIONS = Sql("SELECT ID, HOST, USER FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() ORDER BY ID")
_PAUSE = Sql("SELECT SLEEP(0.1)")


def other_sessions(connection: Connection) -> list[OpenSession]:
    """The user's sessions besides this one, the oldest first."""
    rows = connection.run(_SESSIONS)
    return [
        # Without PROCESS there are no others in it; with it, and where names are compared without regard to case, are.
        OpenSession(int(number), address_in(str(host)), None, None)
        for number, host, user in rows
        if user == connection.credentials.username
    ]


def address_in(host: str) -> str:
    """The client's address in a HOST of the process list, which has the client's port at its end if there is one."""
    return host.rpartition(":")[0] or host


def end_session(connection: Connection, one: OpenSession) -> bool:
    """End a session, and wait for its end.

    Returns:
        Whether it has ended.
    """
    try:
        connection.run(Sql(f"KILL {one.number:d}"))
    except StatementFailedError as error:
        if error.code != _NO_SUCH_THREAD:
            raise
    for _ in range(_TRIES):
        if one.number not in [other.number for other in other_sessions(connection)]:
            return True
        connection.run(_PAUSE)
    return False
