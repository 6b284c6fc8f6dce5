"""What a MySQL server says, byte for byte, for servers of a test's own that say it wrongly.

Source: MySQL Source Code Documentation, "Client/Server Protocol".
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

Script = Callable[[socket.socket], None]
SSL_CAPABILITY = 1 << 11
ALL_CAPABILITIES = 0xFFFF_FFFF
OK = b"\0\0\0\x02\0\0\0"
VAR_STRING, DECIMAL = 0xFD, 0xF6
END_OF_ROWS = b"\xfe\0\0\x02\0"


def packet(payload: bytes, number: int = 0) -> bytes:
    """A packet: length, number, payload."""
    return len(payload).to_bytes(3, "little") + bytes([number % 256]) + payload


def greeting(version: str = "9.7.4", *, plugin: bytes = b"caching_sha2_password", tls: bool = True) -> bytes:
    """The packet with which a server greets."""
    capabilities = ALL_CAPABILITIES if tls else ALL_CAPABILITIES & ~SSL_CAPABILITY
    payload = b"\x0a" + version.encode() + b"\0\x01\0\0\0" + b"12345678\0"
    payload += (
        (capabilities & 0xFFFF).to_bytes(2, "little") + b"\xff\x02\0" + (capabilities >> 16).to_bytes(2, "little")
    )
    return packet(payload + b"\x15" + bytes(10) + b"123456789012\0" + plugin + b"\0")


def column(name: bytes, kind: int = VAR_STRING) -> bytes:
    """The payload that describes a column."""
    texts = (b"def", b"", b"", b"", name, name)
    head = b"".join(bytes([len(text)]) + text for text in texts)
    return head + b"\x0c\xff\0\xff\0\0\0" + bytes([kind]) + bytes(5)


@contextmanager
def served(script: Script) -> Iterator[int]:
    """A server that runs the script for each connection, one after the other; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, script), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)  # ends a wait for the next connection
        thread.join(timeout=5)


def _serve(listener: socket.socket, script: Script) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            connection.settimeout(60)  # longer than any client waits
            with closing(connection), suppress(OSError):
                script(connection)
