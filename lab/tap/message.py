"""What whoever watches a tap gets to see, and what it may answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

CONNECT: Final = "Connect"
"""The name of the event that a client has opened a TCP connection; the server knows nothing of it yet."""
DISCONNECT: Final = "Disconnect"
"""The name of the event that one side has hung up without saying goodbye first."""


class Direction(Enum):
    """Where a message goes."""

    TO_DATABASE = "->"
    FROM_DATABASE = "<-"

    @property
    def opposite(self) -> "Direction":
        return FROM_DATABASE if self is TO_DATABASE else TO_DATABASE


TO_DATABASE: Final = Direction.TO_DATABASE
FROM_DATABASE: Final = Direction.FROM_DATABASE


class Verdict(Enum):
    """What becomes of a message.

    FORWARD passes it on. With DROP neither side gets it nor anything after it: both connections are closed at once.
    """

    FORWARD = auto()
    DROP = auto()


FORWARD: Final = Verdict.FORWARD
DROP: Final = Verdict.DROP


@dataclass(frozen=True)
class Message:
    """A message that is about to be forwarded, or a run of messages of one kind, such as the rows of a result.

    Attributes:
        connection: which one, counted from 1 since the tap's `connections` was last set to 0.
        name: the message's kind, in the protocol's own words, without a value: it is the same for every user.
        username: who logs in, once the client has said it.
    """

    direction: Direction
    connection: int
    name: str
    username: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.connection} {self.direction.value} {self.name}"


Observer = Callable[[Message], Verdict | None]
"""Called in the connection's thread before the message is forwarded; None means FORWARD. It may take its time."""
