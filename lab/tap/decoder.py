"""What the decoders of both protocols have in common. They know no sockets: bytes go in, complete messages come out."""

from dataclasses import dataclass, field
from typing import Protocol

from lab.tap.message import Direction


class GarbageError(Exception):
    """The bytes are not of the protocol that they should be of."""


@dataclass(frozen=True)
class Frame:
    """A complete message.

    Attributes:
        data: all of its bytes, as they were sent.
        repeats: whether it is one of a kind that comes in runs; a run is one event.
        early_tls: not None where both sides begin TLS after this message: what of the sender's handshake came with it.
    """

    name: str
    data: bytes = field(repr=False)
    repeats: bool = False
    early_tls: bytes | None = field(default=None, repr=False)


class Decoder(Protocol):
    """Takes the bytes of both directions of one connection, in the order in which they come."""

    @property
    def username(self) -> str | None:
        """Who logs in, once the client has said it."""

    @property
    def has_ended(self) -> bool:
        """Whether either side has said that the connection ends here."""

    def feed(self, direction: Direction, data: bytes) -> list[Frame]:
        """Take bytes, and return the messages that they complete; after one that begins TLS nothing is in clear.

        Raises:
            GarbageError: they are not of this protocol.
        """


def terminated(data: bytes, start: int = 0) -> bytes:
    """The bytes from a position up to the next zero byte."""
    return data[start:].partition(b"\0")[0]
