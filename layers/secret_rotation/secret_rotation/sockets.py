"""Connections that are looked at and not logged in by: to an address, and over TLS."""

import socket
import ssl
import time
from collections.abc import Sequence

from secret_rotation.addresses import first_to_answer


def dial(found: Sequence[str], port: int, end: float) -> socket.socket:
    """Connect to the first of a host's addresses that takes a connection, until `end`.

    Raises:
        OSError: none does; that of the last that was tried.
    """
    return first_to_answer(found, end, lambda address, seconds: _connected(address, port, seconds))


def with_tls(connection: socket.socket, context: ssl.SSLContext, name: str, end: float) -> ssl.SSLSocket:
    """Do the TLS handshake on a connection whose server waits for it.

    Raises:
        OSError: it failed; ssl.SSLError, which is one, says why.
    """
    connection.settimeout(_left(end))
    return context.wrap_socket(connection, server_hostname=name)


def receive(connection: socket.socket, size: int, end: float) -> bytes:
    """Exactly so many bytes.

    Raises:
        OSError: they do not come in time, or the connection ends before.
    """
    data = b""
    while len(data) < size:
        connection.settimeout(_left(end))
        arrived = connection.recv(size - len(data))
        if not arrived:
            raise ConnectionResetError
        data += arrived
    return data


def _connected(address: str, port: int, seconds: float) -> socket.socket:
    if seconds <= 0:
        raise TimeoutError
    return socket.create_connection((address, port), seconds)


def _left(end: float) -> float:
    """The time until `end`: 0 would mean a socket that does not wait at all."""
    return max(end - time.monotonic(), 0.001)
