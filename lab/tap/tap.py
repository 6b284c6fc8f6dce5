"""The relay itself: listens, and gives each connection a thread."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Self

from lab.address import LOOPBACK
from lab.servers import DatabaseServer
from lab.tap.conversation import Conversation
from lab.tap.decoder import Decoder
from lab.tap.end import End
from lab.tap.message import CONNECT, DISCONNECT, FORWARD, FROM_DATABASE, TO_DATABASE, Message, Observer, Verdict
from lab.tap.tls import tls_of

IDLE_SECONDS = 60.0


class Tap:
    """Passes messages between clients and a server on this machine; can stand wherever a lab.relay.Relay does.

    While the observer thinks about a message, its connection stands still; others go on. What a client has sent before
    it dies reaches the server, if the observer lets it; then the server's side is closed at once.

    Args:
        new_decoder: makes what understands one connection to this server.

    Attributes:
        port: where clients connect.
        connections: how many did, since it was last set to 0.
        server_ports: the client ports by which the server knows the connections.
        silent: whether a new connection is taken and then left without an answer.
        observer: asked before each message is forwarded.
    """

    def __init__(
        self, server: DatabaseServer, new_decoder: Callable[[], Decoder], observer: Observer | None = None
    ) -> None:
        self._server = server
        self._new_decoder = new_decoder
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.server_ports: set[int] = set()
        self.silent = False
        self.observer = observer
        self._served: dict[End, threading.Thread] = {}
        self._silenced: list[End] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.observer = None
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._silenced:
            client.close()
        for client in list(self._served):
            client.hang_up()  # its thread closes it

    def wait_until_idle(self) -> None:
        """Wait until all connections have ended, so that the observer has seen all of their messages.

        A client does not wait for that: it closes its connection, and opens the next one.

        Raises:
            TimeoutError: one is still open.
        """
        end = time.monotonic() + IDLE_SECONDS
        for thread in list(self._served.values()):
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                raise TimeoutError(f"A connection through the tap is still open after {IDLE_SECONDS} s.")

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = End(self._listener.accept()[0])
                self.connections += 1
                if self.silent:
                    self._silenced.append(client)
                else:
                    thread = threading.Thread(target=self._serve, args=(self.connections, client), daemon=True)
                    self._served[client] = thread
                    thread.start()

    def _serve(self, number: int, client: End) -> None:
        try:
            if self._judge(Message(TO_DATABASE, number, CONNECT)) is FORWARD:
                self._converse(number, client)
        finally:
            client.close()
            del self._served[client]

    def _converse(self, number: int, client: End) -> None:
        try:
            server_socket = socket.create_connection((LOOPBACK, self._server.port))
        except OSError:
            self._judge(Message(FROM_DATABASE, number, DISCONNECT))
            return
        self.server_ports.add(server_socket.getsockname()[1])
        with closing(End(server_socket)) as server:
            Conversation(number, client, server, self._new_decoder(), tls_of(self._server), self._judge).run()

    def _judge(self, message: Message) -> Verdict:
        observer = self.observer
        return (observer(message) if observer else None) or FORWARD
