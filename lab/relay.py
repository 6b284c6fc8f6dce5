"""A relay in front of a database server: counts connections, and can go silent, drop them or lead them elsewhere."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from lab.address import LOOPBACK

CHUNK_BYTES = 65_536


class Relay:
    """Passes bytes between clients and a server on this machine, TLS and all.

    It listens at the address, at a free port unless one is given, and reaches the server at 127.0.0.1.

    Attributes:
        port: where clients connect.
        connections: how many did, since it was last set to 0.
        silent: whether a new connection is taken and then left without an answer.
        wakes_after_seconds: how long a new connection is left without an answer before it is led to the server.
        loses_answer: whether the server's next answer is thrown away and its connection cut; False again once it was.
        server_port: where new connections are led: change it, and it is a failover.
    """

    def __init__(self, server_port: int, address: str = LOOPBACK, port: int = 0) -> None:
        self.server_port = server_port
        self._listener = socket.create_server((address, port))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.silent = False
        self.wakes_after_seconds = 0.0
        self.loses_answer = False
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_all()

    def drop_all(self) -> None:
        """Cut every connection that passes through."""
        while self._open:
            _close(self._open.pop())

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                self._open.append(client)
                if self.wakes_after_seconds:
                    threading.Thread(target=self._wake, args=(client,), daemon=True).start()
                elif not self.silent:
                    self._join(client)

    def _wake(self, client: socket.socket) -> None:
        time.sleep(self.wakes_after_seconds)
        if client in self._open:  # or it was cut meanwhile
            self._join(client)

    def _join(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection((LOOPBACK, self.server_port))
        except OSError:  # it is stopped: so the client's connection ends
            _close(client)
            return
        self._open.append(server)
        for source, sink, passes in ((client, server, lambda: True), (server, client, self._passes_answer)):
            with suppress(OSError):  # a client that only looked has gone already
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_pump, args=(source, sink, passes), daemon=True).start()

    def _passes_answer(self) -> bool:
        lost, self.loses_answer = self.loses_answer, False
        return not lost


def _pump(source: socket.socket, sink: socket.socket, passes: Callable[[], bool]) -> None:
    with suppress(OSError):
        while (data := source.recv(CHUNK_BYTES)) and passes():
            sink.sendall(data)
    _close(source)
    _close(sink)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
