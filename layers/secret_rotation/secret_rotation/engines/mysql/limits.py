"""How long the answer to one question may take, and how much memory: that of MySQL, and that of TLS underneath.

PyMySQL waits for each piece of an answer anew, and holds whatever it is sent: a byte now and then, or bytes without
end, would keep the function until Lambda kills it without a word. OpenSSL on a socket of its own reads on for as long
as something comes that leads nowhere, such as records that ask for a new handshake in the middle of one. No timeout of
the socket ends that, and who sends it needs no certificate. So TLS goes piece by piece here: between any two pieces the
clock is looked at, and what came is counted.
"""

import io
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Result = TypeVar("Result")

LOGIN_BYTES = 64 * 1024
"""More than a server says until a user is logged in, which is less than 2 KiB."""

ANSWER_BYTES = 16 * 1024 * 1024
"""The answer to one statement. SHOW GRANTS of a user with ten thousand rights takes less than 4 MiB of it."""

_PIECE_BYTES = 16 * 1024
_FRUITLESS_BYTES = 128 * 1024
"""More than one step of TLS takes: OpenSSL reads certificates of 100 KiB, and a record has 16 KiB."""


class Awaited(Enum):
    """What is waited for, and what it means that it does not come."""

    CONNECTION = (
        "{address} takes no connection. Check the security groups, the subnets' routes, and whether the database runs."
    )
    GREETING = (
        "{address} takes the connection, but sends no greeting. Check 'port' in the secret, and whether the database "
        "hangs."
    )
    TLS = (
        "{address} does not complete the TLS handshake. Check whether the database hangs, and what stands between here "
        "and there."
    )
    LOGIN = (
        "{address} does not answer to user name and password. Check whether the database hangs, or delays logins "
        "(connection_control)."
    )
    STATEMENT = "check whether the database hangs."


_NO_SERVER = "Check 'host' and 'port' in the secret, and what stands between here and there."
_MANY_RIGHTS = "If a user does hold that many rights, GRANT them to a role, and the role to the user."


class WireError(Exception):
    """Why an answer was not waited for, or not read, any longer. The text may be shown."""


def excessive(remedy: str = _NO_SERVER) -> WireError:
    """That more came than is read."""
    return WireError(f"the server sends more than any MySQL server would. {remedy}")


class Limits:
    """What is left of the time and the memory for one answer."""

    def __init__(self, seconds: float, size: int, address: str, awaited: Awaited) -> None:
        self.awaited = awaited
        self._address = address
        self._end = time.monotonic() + seconds
        self._left = size

    def seconds(self) -> float:
        """The time that is left.

        Raises:
            WireError: none is.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.overdue()
        return left

    def take(self, size: int) -> None:
        """Use some of the memory.

        Raises:
            WireError: less is left.
        """
        self._left -= size
        if self._left < 0:
            raise excessive(_MANY_RIGHTS if self.awaited is Awaited.STATEMENT else _NO_SERVER)

    def overdue(self) -> WireError:
        """That the time is used up."""
        return WireError(f"no answer in time: {self.awaited.value.format(address=self._address)}")


@dataclass(frozen=True, slots=True)
class LimitedTls:
    """What PyMySQL takes for an SSLContext."""

    context: ssl.SSLContext

    def wrap_socket(self, plain: socket.socket, *, server_hostname: str) -> "EncryptedSocket":
        """Complete the TLS handshake in the time that the socket's timeout leaves.

        Raises:
            OSError: it fails; ssl.SSLError and TimeoutError are such.
            WireError: the other side sends more than any handshake takes.
        """
        encrypted = EncryptedSocket(plain, self.context, server_hostname)
        encrypted.do_handshake()
        return encrypted


class EncryptedSocket(io.RawIOBase):
    """As much of an SSLSocket as PyMySQL uses. A timeout is for all that follows, until the next one is set."""

    def __init__(self, plain: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._plain = plain
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._end = time.monotonic()
        self.settimeout(plain.gettimeout())

    def settimeout(self, seconds: float | None) -> None:
        """Limit what follows. None, which PyMySQL sets before each answer, leaves the limit as it is."""
        if seconds is not None:
            self._end = time.monotonic() + seconds

    def makefile(self, _mode: str) -> io.BufferedReader:
        """A reader that can peek."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read what has come, and wait for it where nothing has."""
        view = memoryview(buffer)
        data = self._step(partial(self._tls.read, len(view)))
        view[: len(data)] = data
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Write all of it."""
        view = memoryview(data)
        while view:
            view = view[self._step(partial(self._tls.write, view)) :]

    def do_handshake(self) -> None:
        """Agree on keys, and verify the server's certificate and host name."""
        self._step(self._tls.do_handshake)

    def close(self) -> None:
        """Close the connection, with what has not been read."""
        super().close()
        self._plain.close()

    def _step(self, step: Callable[[], Result]) -> Result:
        """Repeat a step of TLS with one piece more at a time, until it is done."""
        received = 0
        while received <= _FRUITLESS_BYTES:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._send()
                received += self._receive()
            except ssl.SSLError:
                with suppress(OSError):
                    self._send()  # the alert that says why
                raise
            else:
                self._send()
                return result
        raise excessive()

    def _send(self) -> None:
        if data := self._outgoing.read():
            self._plain.settimeout(self._seconds())
            self._plain.sendall(data)

    def _receive(self) -> int:
        self._plain.settimeout(self._seconds())
        piece = self._plain.recv(_PIECE_BYTES)
        if piece:
            self._incoming.write(piece)
        else:
            self._incoming.write_eof()
        return len(piece)

    def _seconds(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left
