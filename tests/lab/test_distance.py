"""The relay that puts distance between clients and a server."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from lab.distance import Distance

ROUND_TRIP_SECONDS = 0.1
MESSAGES = 300


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets, until the client has hung up."""

    def serve() -> None:
        with closing(listener.accept()[0]) as connection:
            while data := connection.recv(1024):
                connection.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def _connected(distance: Distance) -> socket.socket:
    return socket.create_connection(("127.0.0.1", distance.port))


def _exchange(client: socket.socket, data: bytes, started: float) -> float:
    client.sendall(data)
    received = b""
    while len(received) < len(data):
        received += client.recv(1024)
    assert received == data
    return time.perf_counter() - started


def test_an_answer_takes_a_round_trip(echo: int) -> None:
    """The first one takes another, which the client should have needed to connect; nothing is lost at the end."""
    started = time.perf_counter()
    with Distance(echo, ROUND_TRIP_SECONDS) as distance, _connected(distance) as client:
        assert _exchange(client, b"one", started) >= 2 * ROUND_TRIP_SECONDS
        assert _exchange(client, b"two", time.perf_counter()) >= ROUND_TRIP_SECONDS
        client.sendall(b"the end")
        client.shutdown(socket.SHUT_WR)
        assert b"".join(iter(lambda: client.recv(1024), b"")) == b"the end"


def test_what_is_on_its_way_does_not_hold_up_what_follows(echo: int) -> None:
    """Hundreds of messages, each sent without waiting for the one before, arrive as soon as one, and in order."""
    with Distance(echo, ROUND_TRIP_SECONDS) as distance, _connected(distance) as client:
        _exchange(client, b"connected", 0.0)
        started, received = time.perf_counter(), b""
        for number in range(MESSAGES):
            client.sendall(str(number % 10).encode())
            time.sleep(0.001)  # so that they are as many pieces
        while len(received) < MESSAGES:
            received += client.recv(1024)
        assert received == MESSAGES // 10 * b"0123456789"
        assert time.perf_counter() - started < MESSAGES * ROUND_TRIP_SECONDS


def test_a_server_that_is_not_there_hangs_up() -> None:
    """The client's connection ends, as it would at a port where nobody listens."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen, but keeps the port from others
        with Distance(nobody.getsockname()[1], 0.01) as distance, _connected(distance) as client:
            assert client.recv(1) == b""
