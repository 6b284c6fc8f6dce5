"""The beginning of MySQL's protocol, up to the TLS handshake: the server greets, the client asks for TLS.

Nothing is sent that names a user. To a server it is an interrupted connection, of which it takes max_connect_errors
(100 unless set) from one host until somebody logs in from there; one check makes one.
Source: MySQL Source Code Documentation, "Connection Phase"; Reference Manual, max_connect_errors.
"""

import socket
import struct

from pymysql.constants import CLIENT

from secret_rotation.credentials import Credentials
from secret_rotation.engines.mysql.causes import NOT_MYSQL, REFUSED, UNREACHABLE
from secret_rotation.engines.mysql.remedies import filled
from secret_rotation.errors import DatabaseUnreachableError
from secret_rotation.sockets import receive
from secret_rotation.tls import TlsFailure

_HEADER_BYTES = 4
_LONGEST_GREETING = 1_024
_PROTOCOL = 10
_ERROR = 255
_STATE_BYTES = len("#08S01")
_AFTER_VERSION = 13
"""The connection's number, the first part of the challenge, and a zero; the capabilities follow."""
_MAX_PACKET = 2**24 - 1
_UTF8MB4 = 45


def begin_tls(connection: socket.socket, user: Credentials, end: float) -> None:
    """Read the greeting, and ask for TLS. See Examiner.

    Raises:
        DatabaseUnreachableError: the server has none, is not MySQL, or lets nobody in, as where it is full.
        OSError: no answer.
    """
    header = receive(connection, _HEADER_BYTES, end)
    size = int.from_bytes(header[:3], "little")
    if not _AFTER_VERSION < size <= _LONGEST_GREETING:
        raise DatabaseUnreachableError(NOT_MYSQL)
    greeting = receive(connection, size, end)
    if greeting[0] == _ERROR:
        raise DatabaseUnreachableError(_why(greeting, user))
    _, _, rest = greeting[1:].partition(b"\0")
    if greeting[0] != _PROTOCOL or len(rest) < _AFTER_VERSION + 2:
        raise DatabaseUnreachableError(NOT_MYSQL)
    if not int.from_bytes(rest[_AFTER_VERSION : _AFTER_VERSION + 2], "little") & CLIENT.SSL:
        raise DatabaseUnreachableError(TlsFailure.NOT_OFFERED.value)
    flags = CLIENT.PROTOCOL_41 | CLIENT.SECURE_CONNECTION | CLIENT.PLUGIN_AUTH | CLIENT.SSL
    request = struct.pack("<IIB23x", flags, _MAX_PACKET, _UTF8MB4)
    connection.sendall(len(request).to_bytes(3, "little") + bytes([header[3] + 1]) + request)


def _why(packet: bytes, user: Credentials) -> str:
    """What it means that the server answers with an error instead of its greeting."""
    number, said = int.from_bytes(packet[1:3], "little"), packet[3:]
    if said.startswith(b"#"):
        said = said[_STATE_BYTES:]
    text = REFUSED.get(number) or UNREACHABLE.get(number) or f"the server answers with error {number}."
    return filled(text, user, said.decode(errors="replace"))
