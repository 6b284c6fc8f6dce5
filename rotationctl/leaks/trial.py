"""What is left of a leaked password in the database, as it is seen from here: sessions, and whether it still logs in.

Nobody's rights are used but those of the secret's own users, of whom each sees and ends its own sessions.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from rotationctl.exits import Exit, Failure
from rotationctl.leaks.leak import Leak
from rotationctl.local.database import Database, database_of
from rotationctl.local.option import Local
from rotationctl.local.values import NoValueError, Values
from rotationctl.secret import Secret
from rotationctl.text import printable
from secret_rotation.credentials import Credentials
from secret_rotation.engine import OpenSession
from secret_rotation.errors import LoginRejectedError, RotationError
from secret_rotation.labels import AWSCURRENT, AWSPREVIOUS


class Proof(StrEnum):
    """What became of the one login with the leaked password."""

    DEAD = "dead"
    ALIVE = "alive"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Found:
    """A session that was open under one of the secret's names.

    Attributes:
        ended: whether it was ended; None where nobody asked for that.
    """

    username: str
    session: OpenSession
    ended: bool | None


@dataclass(frozen=True, slots=True)
class Trial:
    """The leaked login, which was read before anything was rotated, and is nowhere but in memory.

    Attributes:
        values: reads the secret's other versions.
    """

    values: Values
    database: Database
    leaked: Credentials = field(repr=False)

    @classmethod
    def of(cls, leak: Leak, values: Values, local: Local) -> Self:
        """Read the leaked version.

        Raises:
            Failure: it holds no value, or none that logs in anywhere.
        """
        name = values.name(leak.version)
        text = _text(values, leak.version, "so that none can have leaked")
        database = database_of(text, name, local)
        return cls(values, database, database.read(text, name))

    def sessions(self, secret: Secret, *, end: bool) -> Iterator[Found]:
        """The sessions that are open under the names of the secret's users, and those that were ended.

        Raises:
            Failure: a user cannot be asked.
        """
        for user in self._users(secret):
            try:
                with self.database.connect(user) as session:
                    for one in session.other_sessions():
                        yield Found(user.username, one, session.end_session(one) if end else None)
            except RotationError as error:
                sentence = printable(f"Sessions of {user.username} cannot be seen. {error}")
                raise Failure(sentence, Exit.NOT_FINE) from None

    def proof(self, secret: Secret) -> tuple[Proof, str]:
        """Log in with the leaked password: once, and only where the user's own password has just logged in.

        Returns:
            What that proves, and the same in a sentence.
        """
        name = printable(self.leaked.username)
        current = next(self._users(secret), None)
        if current is None or not current.same_server(self.leaked):
            return Proof.UNKNOWN, f"The leaked version of {name} is for another server, so it was not tried."
        try:
            with self.database.connect(replace(self.leaked, tlsname=current.tlsname)):
                return Proof.ALIVE, f"The leaked password still logs in as {name}."
        except LoginRejectedError:
            return Proof.DEAD, f"The leaked password is dead: the database rejected it for {name}."
        except RotationError as error:
            return Proof.UNKNOWN, printable(f"Whether the leaked password logs in as {name} is unknown. {error}")

    def _users(self, secret: Secret) -> Iterator[Credentials]:
        """One login for each user that the secret has now: that of AWSCURRENT, and where users alternate the other.

        Raises:
            Failure: a version holds no value, or none that logs in anywhere.
        """
        names: set[str] = set()
        for label in (AWSCURRENT, AWSPREVIOUS):
            version = secret.labels.holder(label)
            if version is None:
                continue
            text = _text(self.values, version, "so that its user is not known")
            user = self.database.read(text, self.values.name(version))
            if user.username not in names and (not names or user.same_server(self.leaked)):
                names.add(user.username)
                yield user


def _text(values: Values, version: str, so: str) -> str:
    """What a version holds; `so` says what follows where it holds nothing."""
    try:
        return values.text(version)
    except NoValueError:
        raise Failure(f"{values.name(version)} holds no value, {so}.", Exit.NOT_FINE) from None
