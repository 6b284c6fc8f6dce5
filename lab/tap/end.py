"""One of the two ends of a tapped connection: a socket, in clear or with TLS.

TLS runs in memory, beside the socket: so one thread can wait for both ends, and what has been read too far, into the
other side's handshake, is not lost. Whatever breaks a connection means the same here: the other side has hung up.
"""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK_BYTES = 262_144


class End:
    """Reads all that has come, and writes without delay. What is sent to a side that has hung up is lost."""

    def __init__(self, end: socket.socket) -> None:
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = end
        self._has_hung_up = False
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()

    def fileno(self) -> int:
        """The socket, for select."""
        return self._socket.fileno()

    @property
    def is_ready(self) -> bool:
        """Whether there is something to receive of which the socket knows nothing."""
        return self._has_hung_up or self._incoming.pending > 0

    def start_tls(self, context: ssl.SSLContext, server_hostname: str | None = None, early: bytes = b"") -> None:
        """Shake hands: as the server, or as a client where the server's name is given.

        `early` is what of the other side's handshake has been received already.
        """
        is_server = server_hostname is None
        self._incoming.write(early)
        tls = context.wrap_bio(self._incoming, self._outgoing, is_server, server_hostname)
        with self._until_hung_up():
            while not self._shakes_hands(tls):
                self._incoming.write(self._read())
        self._tls = tls

    def receive(self) -> bytes | None:
        """What has come, in clear: b"" where that is less than a TLS record, None where the other side has hung up."""
        with self._until_hung_up():
            if not self._has_hung_up:
                return self._decrypted(self._tls) if self._tls else self._read()
        return None

    def send(self, data: bytes | bytearray) -> None:
        """Send all of it, in one write."""
        with self._until_hung_up():
            self._socket.sendall(self._encrypted(self._tls, data) if self._tls else data)

    def hang_up(self) -> None:
        """End the connection; whoever waits at this end, in whatever thread, learns of it."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.hang_up()
        self._socket.close()

    @contextmanager
    def _until_hung_up(self) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError):  # also what TLS raises
            self._has_hung_up = True

    def _read(self) -> bytes:
        data = self._socket.recv(CHUNK_BYTES)
        if not data:
            raise EOFError
        return data

    def _shakes_hands(self, tls: ssl.SSLObject) -> bool:
        """Go on with the handshake; whether it is complete."""
        is_complete = False
        with suppress(ssl.SSLWantReadError):
            tls.do_handshake()
            is_complete = True
        self._socket.sendall(self._outgoing.read())
        return is_complete

    def _decrypted(self, tls: ssl.SSLObject) -> bytes:
        if not self._incoming.pending:
            self._incoming.write(self._read())
        parts = []
        with suppress(ssl.SSLWantReadError):
            while part := tls.read(CHUNK_BYTES):
                parts.append(part)
            self._has_hung_up = True  # TLS says goodbye
        return b"".join(parts)

    def _encrypted(self, tls: ssl.SSLObject, data: bytes | bytearray) -> bytes:
        rest = memoryview(data)
        while rest:
            rest = rest[tls.write(rest) :]
        return self._outgoing.read()
