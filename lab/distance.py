"""A relay that puts distance between clients and a database server on this machine: all that passes takes its time."""

import socket
import threading
import time
from contextlib import suppress
from queue import SimpleQueue
from typing import Self

from lab.address import LOOPBACK

CHUNK_BYTES = 65_536

_Due = tuple[float, bytes]
"""When something is to arrive, and what; the end of a connection is empty."""


class Distance:
    """Passes bytes between clients and a server, each half a round trip after it was sent, however much is on its way.

    A client connects at once, since the relay is near. So that it loses the round trip which that takes, what it sends
    first is that much later, and so is the server's knowledge of the connection.

    Attributes:
        port: where clients connect.
    """

    def __init__(self, server_port: int, round_trip_seconds: float) -> None:
        self._server_port = server_port
        self._round_trip = round_trip_seconds
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        _in_thread(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                _in_thread(self._join, client, time.perf_counter() + self._round_trip)

    def _join(self, client: socket.socket, connected: float) -> None:
        """Lead a client to the server; it takes itself for connected before `connected`."""
        _wait_until(connected + self._round_trip / 2)
        try:
            server = socket.create_connection((LOOPBACK, self._server_port))
        except OSError:
            client.close()
            return
        for source, sink in ((client, server), (server, client)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            on_its_way: SimpleQueue[_Due] = SimpleQueue()
            _in_thread(self._depart, source, on_its_way)
            _in_thread(_arrive, on_its_way, sink)

    def _depart(self, source: socket.socket, on_its_way: "SimpleQueue[_Due]") -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                on_its_way.put((time.perf_counter() + self._round_trip / 2, data))
        on_its_way.put((time.perf_counter() + self._round_trip / 2, b""))


def _arrive(on_its_way: "SimpleQueue[_Due]", sink: socket.socket) -> None:
    with suppress(OSError):
        while True:
            due, data = on_its_way.get()
            _wait_until(due)
            if not data:
                break
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)
    sink.close()


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.perf_counter()))


def _in_thread(target: object, *arguments: object) -> None:
    threading.Thread(target=target, args=arguments, daemon=True).start()  # type: ignore[arg-type]
