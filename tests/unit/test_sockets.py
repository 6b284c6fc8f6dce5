"""Connections that nobody logs in by: to one of several addresses, and in limited time."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from secret_rotation.sockets import dial, receive


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port that takes connections at one address."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener


def test_the_first_address_that_answers_is_taken(listener: socket.socket) -> None:
    """An address at which nothing listens is passed over."""
    port = listener.getsockname()[1]
    with dial(["127.0.0.3", "127.0.0.2", "127.0.0.1"], port, time.monotonic() + 5) as connection:
        assert connection.getpeername()[0] == "127.0.0.1"


def test_the_last_failure_is_told(listener: socket.socket) -> None:
    """Where none answers, and where no time is left."""
    port = listener.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        dial(["127.0.0.2", "127.0.0.3"], port, time.monotonic() + 5)
    with pytest.raises(TimeoutError):
        dial(["127.0.0.1"], port, time.monotonic() - 1)


def test_what_is_received_is_whole(listener: socket.socket) -> None:
    """In pieces or at once; an end before that is an error."""
    with dial(["127.0.0.1"], listener.getsockname()[1], time.monotonic() + 5) as connection:
        server, _ = listener.accept()
        server.sendall(b"abcde")
        assert receive(connection, 2, time.monotonic() + 5) == b"ab"
        server.close()
        with pytest.raises(ConnectionResetError):
            receive(connection, 5, time.monotonic() + 5)
