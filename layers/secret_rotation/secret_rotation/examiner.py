"""What the doctor needs of an engine besides what a rotation needs: to look, and to change nothing.

No method tries another password than that of the credentials, and none writes anything.
"""

import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, Self

from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.doctor.findings import Finding
from secret_rotation.engine import Engine, Session
from secret_rotation.pairs import Pair
from secret_rotation.settings import Settings


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose login is examined.

    Attributes:
        secret_arn: the secret that rotates.
        pair: where the function lets two users alternate; else None.
    """

    secret_arn: str
    pair: Pair | None


@dataclass(frozen=True, slots=True)
class OpenSessions:
    """The open sessions of one user from one address, without the one that asks.

    Attributes:
        address: of the client; None where this user may not see it.
    """

    username: str
    address: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who is logged in.

    Attributes:
        unseen: the names of those whose sessions this user may not see.
    """

    sessions: list[OpenSessions]
    unseen: list[str]


class ExaminedSession(Session, Protocol):
    """A session of the user of a secret, which looks at its own account.

    Methods raise what those of `Session` raise.
    """

    def checks(self, subject: Subject) -> Mapping[str, Callable[[], Finding]]:
        """The checks of the account, and of its pair, by their names in the catalogue, in their order."""

    def attendance(self, usernames: Iterable[str]) -> Attendance:
        """Who is logged in under these names."""


class Examiner(Protocol):
    """An engine, as the doctor uses it."""

    @property
    def engine(self) -> Engine:
        """The engine of rotations: what its secrets look like, and what user names it takes."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The engine as the deployer set it up."""

    def begin_tls(self, connection: socket.socket, user: Credentials, end: float) -> None:
        """Ask the server on a fresh connection for TLS, until `end`; what follows is the handshake.

        Nothing is sent that names the user; messages do.

        Raises:
            DatabaseUnreachableError: it offers no TLS, is no server of this engine, or lets nobody in; the message
                begins in lower case, to follow a colon.
            OSError: the connection broke, or no answer came in time.
        """

    def connect(self, credentials: Credentials, deadline: Deadline) -> AbstractContextManager[ExaminedSession]:
        """Log in as `Engine.connect` does.

        Raises:
            DatabaseError: as `Engine.connect`.
            RotationError: as `Engine.connect`.
        """
