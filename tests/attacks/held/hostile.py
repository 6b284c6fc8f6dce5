"""Servers that mean harm, on real sockets: each follows a script, and keeps all that it was sent."""

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from lab.address import LOOPBACK
from secret_rotation import errors
from tests.fixtures.rotation import Application

CHUNK_BYTES = 65_536
MARK = "marked-by-the-server"
"""Stands in whatever a hostile server says."""
DATABASE_ERRORS = frozenset(
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.DatabaseError)
)
PATIENCE_SECONDS = 0.4
"""How long a script waits for a client that says nothing, before it hangs up."""
LOGIN_SECONDS = 5.0
"""How long the login at a real server may take."""


@dataclass
class Peer:
    """One client, as the script sees it."""

    socket: socket.socket
    heard: bytearray

    def send(self, *parts: bytes) -> None:
        """Send all of it."""
        self.socket.sendall(b"".join(parts))

    def hear(self) -> bytes:
        """What the client says next; nothing where it has gone."""
        data = self.socket.recv(CHUNK_BYTES)
        self.heard += data
        return data

    def hear_out(self) -> None:
        """Listen until the client goes."""
        while self.hear():
            pass


Script = Callable[[Peer], None]


@dataclass
class HostileServer:
    """Listens at a port of its own, and follows the script with each client.

    Attributes:
        heard: all that clients have sent.
        connections: how many clients came.
    """

    script: Script
    heard: bytearray = field(default_factory=bytearray)
    connections: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]

    def serve(self) -> None:
        """Take clients until the listener is shut."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._follow, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Take no more clients."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _follow(self, client: socket.socket) -> None:
        client.settimeout(PATIENCE_SECONDS)
        with client, suppress(OSError):
            self.script(Peer(client, self.heard))


@contextmanager
def hostile(script: Script) -> Iterator[HostileServer]:
    """A hostile server for as long as the block lasts."""
    server = HostileServer(script)
    threading.Thread(target=server.serve, daemon=True).start()
    try:
        yield server
    finally:
        server.close()


@dataclass
class Takeover:
    """A script that lets a real server do the login, and then answers in its place.

    Attributes:
        port: of the real server.
        is_login_done: whether a message of the server is the last of the login.
        split: takes the messages that are whole off the front of a buffer.
        script: what follows; the client's bytes from then on are what it hears.
        alter: changes a message of the login.
    """

    port: int
    split: Callable[[bytearray], list[bytes]]
    is_login_done: Callable[[bytes], bool]
    script: Script
    alter: Callable[[bytes], bytes] = bytes

    def __call__(self, peer: Peer) -> None:
        """Relay until the login is done, then follow the script."""
        with socket.create_connection((LOOPBACK, self.port)) as server:
            buffer = bytearray()
            while data := _next_of(server, peer):
                buffer += data
                for message in self.split(buffer):
                    peer.send(self.alter(message))
                    if self.is_login_done(message):
                        self.script(peer)
                        return


def _next_of(server: socket.socket, peer: Peer) -> bytes:
    """What the server says next; meanwhile it gets what the client says. Nothing where one of them has gone."""
    while True:
        ready, _, _ = select.select([server, peer.socket], [], [], LOGIN_SECONDS)
        if server in ready:
            return server.recv(CHUNK_BYTES)
        if not ready or not (said := peer.hear()):
            return b""
        server.sendall(said)


@dataclass(frozen=True)
class Outcome:
    """What came of a rotation that met a hostile server."""

    error_type: str | None
    shown: str
    sent: bytes


def meet(application: Application, script: Script, *, ssl: bool) -> Outcome:
    """Let setSecret meet a hostile server; what it ended with, all that it said, and all that it sent."""
    with hostile(script) as server:
        value = {**application.secret.value(), "host": "localhost" if ssl else LOOPBACK, "port": server.port}
        application.secret.put(value if ssl else {**value, "ssl": False})
        outcome = application.steps(application.begin(), "createSecret", "setSecret")
    shown = f"{outcome.error_message}\n{application.stdout.getvalue()}"
    return Outcome(outcome.error_type, shown, bytes(server.heard))


def assert_harmless(application: Application, outcome: Outcome) -> None:
    """An error of ours that repeats nothing of what the server said, and no password was sent as it is."""
    assert outcome.error_type in DATABASE_ERRORS, outcome
    assert MARK not in outcome.shown
    passwords = [application.secret.value(stage)["password"] for stage in ("AWSCURRENT", "AWSPENDING")]
    assert not [password for password in passwords if password in outcome.shown]
    assert not [password for password in passwords if password.encode() in outcome.sent]
