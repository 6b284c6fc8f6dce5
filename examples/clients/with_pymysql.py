"""MySQL by PyMySQL: a service that opens a connection for each request, and survives rotations.

Copy `connect` and `is_refusal`, with rotating_secret.py.
"""

import os
import socket
import ssl
from functools import cache
from typing import TYPE_CHECKING

import pymysql

from rotating_secret import RotatingSecret, Values, certified_name, uses_tls
from service import serve_logins

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

if pymysql.VERSION[:2] < (1, 2):
    raise ImportError("Use PyMySQL 1.2 or newer: older ones go on without TLS where the server offers none.")

REFUSED = 1045
"""ER_ACCESS_DENIED_ERROR."""
CONNECT_SECONDS = 5


def connect(values: Values) -> "Connection[Cursor]":
    """Open a connection with the values of a secret."""
    port = int(values.get("port") or 3306)
    connection: Connection[Cursor] = pymysql.connect(
        user=values["username"],
        password=values["password"].encode(),  # text would be sent as Latin-1
        database=values.get("dbname") or None,
        host=certified_name(values),
        port=port,
        ssl=verified() if uses_tls(values) else None,
        ssl_disabled=not uses_tls(values),
        connect_timeout=CONNECT_SECONDS,
        defer_connect=True,
    )
    # PyMySQL connects to the name that it verifies, unless it is given a socket.
    connection.connect(dial(values["host"], port) if values.get("tlsname") else None)
    return connection


def dial(host: str, port: int) -> socket.socket:
    """Connect to an alias of the server, without a word to it."""
    dialled = socket.create_connection((host, port), CONNECT_SECONDS)
    dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    dialled.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return dialled


@cache
def verified() -> ssl.SSLContext:
    """TLS that verifies certificate and name. Made once: to read the file takes longer than to log in."""
    return ssl.create_default_context(cafile=os.environ["CA_BUNDLE"])


def is_refusal(error: Exception) -> bool:
    """Whether the server refused the login."""
    return isinstance(error, pymysql.err.OperationalError) and error.args[0] == REFUSED


def main() -> None:
    """Serve."""
    secret = RotatingSecret(os.environ["SECRET_ID"])
    serve_logins(lambda: secret.log_in(connect, is_refusal))


if __name__ == "__main__":
    main()
