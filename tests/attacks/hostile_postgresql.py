"""Servers that speak PostgreSQL's protocol and mean no good. Source: PostgreSQL manual, "Message Formats"."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count, repeat

Script = Callable[[socket.socket], None]

_PIECES = 5_000
"""To a call of the kernel, so that the server is no slower than its client."""


TEXT, BOOL = 25, 16
"""Object identifiers of types. Source: PostgreSQL, pg_type.dat."""

PAUSE_SECONDS = 0.0005
"""After each of these calls: no faster than the network that Lambda gives a function, which this machine's exceeds."""


def message(kind: bytes, body: bytes = b"") -> bytes:
    """One message of the protocol."""
    return kind + struct.pack("!i", len(body) + 4) + body


def authentication(code: int, rest: bytes = b"") -> bytes:
    """A request for authentication, or with 0 its success."""
    return message(b"R", struct.pack("!i", code) + rest)


def status(name: bytes, value: bytes = b"") -> bytes:
    """A parameter status."""
    return message(b"S", name + b"\0" + value + b"\0")


def fatal(text: bytes) -> bytes:
    """An error that ends the login."""
    return message(b"E", b"SFATAL\0VFATAL\0C28000\0M" + text + b"\0\0")


def table(*columns: tuple[int, bytes]) -> bytes:
    """The whole answer to a statement: a row, each of whose columns has this type and this value."""
    types = b"".join(b"a\0" + struct.pack("!ihihih", 0, 0, oid, -1, -1, 0) for oid, _ in columns)
    values = b"".join(struct.pack("!i", len(value)) + value for _, value in columns)
    count_of_columns = struct.pack("!h", len(columns))
    row = message(b"T", count_of_columns + types) + message(b"D", count_of_columns + values)
    return row + message(b"C", b"SELECT 1\0") + READY


READY = message(b"Z", b"I")
STATUSES = status(b"server_version", b"17.1") + status(b"client_encoding", b"UTF8")
STATUSES += status(b"standard_conforming_strings", b"on") + status(b"DateStyle", b"ISO, YMD")
FORGED = message(b"N", b"SWARNING\0C01000\0Mforged\0\0")
COLUMN = message(b"T", struct.pack("!h", 1) + b"a\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0))

FLOODS: dict[str, Callable[[], Iterator[bytes]]] = {
    "rows": lambda: chain([COLUMN], _again_and_again(message(b"D", struct.pack("!hi", 1, -1)))),
    "notices": lambda: chain([FORGED], _again_and_again(message(b"N", b"\0"))),
    "statuses": lambda: (
        b"".join(status(b"%x" % number) for number in range(first, first + _PIECES)) for first in count(0, _PIECES)
    ),
    "notifications": lambda: _again_and_again(message(b"A", struct.pack("!i", 1) + b"\0\0")),
    "one endless message": lambda: chain([b"D" + struct.pack("!i", 2**30)], _again_and_again(b"\0")),
}
"""Messages without an end, of each kind that libpq or psycopg2 keeps."""


def _again_and_again(piece: bytes) -> Iterator[bytes]:
    return repeat(piece * _PIECES)


def read(connection: socket.socket) -> bytes:
    """One message of the client."""
    return connection.recv(65_536)


def let_in(connection: socket.socket) -> None:
    """Ask for a password, and accept whatever comes."""
    read(connection)
    connection.sendall(authentication(5, b"salt"))
    read(connection)
    connection.sendall(authentication(0) + STATUSES)


def flood(kind: str, *, ready: bool) -> Script:
    """Answer without an end: the first statement where ready for one, the login otherwise."""

    def script(connection: socket.socket) -> None:
        let_in(connection)
        if ready:
            connection.sendall(READY)
            read(connection)
        for some in FLOODS[kind]():
            connection.sendall(some)
            time.sleep(PAUSE_SECONDS)

    return script


def iterations(number: int) -> Script:
    """Ask for a proof that takes this many iterations to compute."""

    def script(connection: socket.socket) -> None:
        read(connection)
        connection.sendall(authentication(10, b"SCRAM-SHA-256\0\0"))
        nonce = read(connection).rpartition(b"r=")[2]
        connection.sendall(authentication(11, b"r=" + nonce + b"x,s=c2FsdHNhbHQ=,i=%d" % number))
        read(connection)

    return script


absurd_iterations = iterations(2_147_483_647)
"""A quarter of an hour of computing."""


def answer(answers: dict[bytes, bytes], otherwise: bytes) -> Script:
    """Answer each statement by the first of these texts that it contains."""

    def script(connection: socket.socket) -> None:
        let_in(connection)
        connection.sendall(READY)
        while statement := read(connection):
            found = (reply for text, reply in answers.items() if text in statement)
            connection.sendall(next(found, otherwise))

    return script


def say(answer: bytes) -> Script:
    """Answer a login with this."""

    def script(connection: socket.socket) -> None:
        read(connection)
        connection.sendall(answer)
        read(connection)

    return script


@contextmanager
def served(script: Script, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> Iterator[int]:
    """A server that runs a script with each client, inside TLS where it has a context for that; its port."""
    with socket.create_server((address, 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=_serve, args=(connection, script, tls), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _serve(connection: socket.socket, script: Script, context: ssl.SSLContext | None) -> None:
    with suppress(OSError), connection:
        if context is None:
            script(connection)
            return
        read(connection)
        connection.sendall(b"S")
        with context.wrap_socket(connection, server_side=True) as secured:
            script(secured)
