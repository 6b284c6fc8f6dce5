"""How TLS begins with each engine, as the doctor asks for it, and what else may answer."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from secret_rotation.credentials import Credentials
from secret_rotation.engines.mysql.wire import begin_tls as begin_mysql
from secret_rotation.engines.postgresql.wire import asked_of
from secret_rotation.engines.postgresql.wire import begin_tls as begin_postgresql
from secret_rotation.errors import DatabaseUnreachableError
from secret_rotation.password import Password

USER = Credentials("db", 3306, "app", Password("never sent"), "shop", tls=True, superuser_arn=None, secret="the secret")


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The client's and the server's end of a connection."""
    client, server = socket.socketpair()
    with closing(client), closing(server):
        yield client, server


def packet(body: bytes) -> bytes:
    """A packet of MySQL's, the first of a connection."""
    return len(body).to_bytes(3, "little") + b"\0" + body


def greeting(capabilities: int) -> bytes:
    """A server's greeting, up to its capabilities."""
    return packet(b"\x0a8.4.0\0" + bytes(13) + capabilities.to_bytes(2, "little") + bytes(8))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (packet(b"\xff\x10\x04#08004Too many connections"), "too many connections"),
        (packet(b"\xff\x69\x04Host '10.1.2.3' is blocked"), "10.1.2.3"),
        (packet(b"\xff\xff\xffno such text"), "error 65535"),
        (greeting(0), "offers no TLS"),
        (packet(b"\x09" + bytes(40)), "no MySQL server"),
        (packet(b"\x0a8.4.0\0"), "no MySQL server"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no MySQL server"),
    ],
    ids=["full", "blocked", "another error", "no TLS", "another protocol", "cut off", "HTTP"],
)
def test_mysql_that_does_not_begin(ends: tuple[socket.socket, socket.socket], answer: bytes, words: str) -> None:
    """An error instead of a greeting, a server without TLS, and no MySQL at all; nothing is sent then."""
    client, server = ends
    server.sendall(answer)
    with pytest.raises(DatabaseUnreachableError, match=words):
        begin_mysql(client, USER, time.monotonic() + 5)
    server.setblocking(False)  # noqa: FBT003 - the socket's own signature
    with pytest.raises(BlockingIOError):
        server.recv(1)


@pytest.mark.parametrize(
    ("answer", "words"), [(b"N", "offers no TLS"), (b"H", "not PostgreSQL")], ids=["no TLS", "HTTP"]
)
def test_postgresql_that_does_not_begin(ends: tuple[socket.socket, socket.socket], answer: bytes, words: str) -> None:
    """A server without TLS, and no PostgreSQL at all."""
    client, server = ends
    server.sendall(answer)
    with pytest.raises(DatabaseUnreachableError, match=words):
        begin_postgresql(client, time.monotonic() + 5)


def test_a_silent_server_is_waited_for_until_the_end(ends: tuple[socket.socket, socket.socket]) -> None:
    """And no longer."""
    client, _ = ends
    with pytest.raises(TimeoutError):
        begin_mysql(client, USER, time.monotonic() + 0.05)


def test_an_error_is_no_way_of_asking(ends: tuple[socket.socket, socket.socket]) -> None:
    """Where pg_hba.conf lets nobody in, the server says so instead of asking for a password."""
    client, server = ends
    server.sendall(b"E\0\0\0\x20SFATAL\0C28000\0")
    assert asked_of(client, "app", "shop", time.monotonic() + 5) is None
    assert b"never sent" not in server.recv(1024)
