"""The socket of a connection, which libpq keeps to itself: how much came in by it, and how to shut it."""

import errno
import os
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from threading import Lock

_CHUNK_BYTES = 65_536
_MARKS = count(60_000)
_BYTES_RECEIVED = struct.Struct("=128xQ")
"""tcpi_bytes_received in the kernel's struct tcp_info. Source: Linux, include/uapi/linux/tcp.h, since version 4.1."""


class OwnSocket:
    """The socket of one connection, found by a timeout that no other connection of this process has.

    That works from the moment on in which libpq makes it, long before a login is done; and it costs nothing where
    nobody has to look.
    """

    def __init__(self) -> None:
        self._mark = next(_MARKS)
        self._finding = Lock()
        self._found: socket.socket | None = None

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameter of libpq that marks the socket: after so many milliseconds without an ACK it is given up."""
        return {"tcp_user_timeout": str(self._mark)}

    def bytes_received(self) -> int:
        """How many bytes came from the other side, whether or not somebody has read them.

        Returns:
            0 where there is no socket.
        """
        found = self._find()
        if found is None:
            return 0
        info = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_RECEIVED.size)
        (received,) = _BYTES_RECEIVED.unpack(info)
        return int(received)

    def shut(self) -> None:
        """End the connection in both directions: whoever waits for it is woken up, and finds nothing more to read."""
        with suppress(OSError):  # it has ended already, is empty, or cannot be looked for
            found = self._find()
            if found is not None:
                found.shutdown(socket.SHUT_RDWR)
                while found.recv(_CHUNK_BYTES, socket.MSG_DONTWAIT):
                    pass
        self.close()

    def close(self) -> None:
        """Let go of it. libpq closes its own."""
        if self._found is not None:
            self._found.close()

    def _find(self) -> socket.socket | None:
        with self._finding:  # two threads look for it, and only one duplicate is kept
            if self._found is None:
                descriptors = (int(name) for name in os.listdir("/proc/self/fd"))  # noqa: PTH208 - names only
                self._found = next(filter(None, map(self._duplicate_if_marked, descriptors)), None)
            return self._found

    def _duplicate_if_marked(self, descriptor: int) -> socket.socket | None:
        """A duplicate, so that the number stays this socket's when libpq has closed its own."""
        try:
            duplicate = os.dup(descriptor)
        except OSError as error:
            if error.errno != errno.EBADF:  # closed since it was listed
                raise
            return None
        try:
            found = socket.socket(fileno=duplicate)
        except OSError:  # no socket
            os.close(duplicate)
            return None
        with suppress(OSError):  # no TCP
            if found.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == self._mark:
                return found
        found.close()
        return None
