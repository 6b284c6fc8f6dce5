"""The first messages of PostgreSQL's protocol: TLS is asked for, and how the server would ask for a password.

No password is sent. Source: PostgreSQL manual, "Message Flow", "Message Formats".
"""

import socket
import struct
from enum import IntEnum

from secret_rotation.engines.postgresql.login_causes import NOT_POSTGRESQL
from secret_rotation.errors import DatabaseUnreachableError
from secret_rotation.sockets import receive
from secret_rotation.tls import TlsFailure

_SSL_REQUEST = struct.pack("!II", 8, 80_877_103)
_PROTOCOL = 196_608


class Asked(IntEnum):
    """How a server asks for a password, by the codes of its message Authentication."""

    MD5 = 5
    SASL = 10


def begin_tls(connection: socket.socket, end: float) -> None:
    """Ask for TLS. See Examiner.

    Raises:
        DatabaseUnreachableError: the server has none, or is not PostgreSQL.
        OSError: no answer.
    """
    connection.sendall(_SSL_REQUEST)
    answer = receive(connection, 1, end)
    if answer == b"N":
        raise DatabaseUnreachableError(TlsFailure.NOT_OFFERED.value)
    if answer != b"S":
        raise DatabaseUnreachableError(NOT_POSTGRESQL)


def asked_of(connection: socket.socket, username: str, database: str, end: float) -> int | None:
    """How the server asks this user for a password: by the verifier that it stores, where pg_hba.conf lets it.

    Returns:
        The code; None where the server says something else, as an error.

    Raises:
        OSError: no answer.
    """
    words = ("user", username, "database", database, "")
    body = struct.pack("!I", _PROTOCOL) + b"".join(word.encode(errors="surrogatepass") + b"\0" for word in words)
    connection.sendall(struct.pack("!I", len(body) + 4) + body)
    kind, _, code = struct.unpack("!cII", receive(connection, 9, end))
    return code if kind == b"R" else None
