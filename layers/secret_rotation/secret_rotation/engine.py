"""What a rotation needs of a database engine: the contract that every engine keeps.

An engine turns Credentials into sessions and every failure of its driver into a DatabaseError. It knows nothing of
Secrets Manager, of labels or of steps. tests/engines runs one suite against every engine.

Every method that changes something is idempotent: run again after any interruption it ends in the same state. It
commits before it returns; nothing is left half done that could log in.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar, Protocol

from secret_rotation.deadline import Deadline
from secret_rotation.model import Credentials, Password, SecretFormat

CONNECT_TIMEOUT_SECONDS = 20.0
"""An auto-paused Aurora cluster takes about 15 s to resume. Source: Aurora User Guide, "Scaling to zero ACUs"."""

STATEMENT_TIMEOUT_SECONDS = 10.0
"""For one statement, its waits for locks included: ALTER of a role takes milliseconds."""

CLONE_SUFFIX = "_clone"
"""What the second user of an alternating pair is called. Source: AWS's own rotation functions, which use the same."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The two users of one principal that alternate: `app` and `app_clone`."""

    original: str

    @classmethod
    def of(cls, username: str) -> "Pair":
        """The pair that a user belongs to, whichever of the two it is."""
        return cls(username.removesuffix(CLONE_SUFFIX))

    @property
    def clone(self) -> str:
        """The name of the second user."""
        return self.original + CLONE_SUFFIX

    def other(self, username: str) -> str:
        """The user that is not this one."""
        return self.original if username == self.clone else self.clone

    def __contains__(self, username: object) -> bool:
        return username in (self.original, self.clone)


class Session(Protocol):
    """One authenticated connection."""

    def verify_identity(self) -> None:
        """Run a query and check that the session acts as who it must be.

        Raises:
            UnsafeRotationError: logged in, but the session has not the identity that the user's settings give.
        """

    def lock(self, username: str) -> bool:
        """Hold, until the session ends, what only one rotation of this user can hold; whether it had to be waited for.

        The server ends a session that stays idle for longer than the invocation lasts, so what a dead function held is
        free by then.

        Raises:
            StatementFailedError: another session holds it, and for too long.
        """

    def set_own_password(self, old: Password, new: Password) -> None:
        """Set the password of the user that is logged in, keeping `old` valid where the engine can.

        Raises:
            NotPrimaryPasswordError: `old` logs in, but is not the password that a change would replace.
            StatementFailedError: the server refused.
        """

    def overwrite_own_password(self, new: Password, known: Iterable[Password]) -> None:
        """Set the primary password whatever it is now; the secondary one, which this session logged in with, stays.

        `known` are passwords that the primary one may be; read only as far as needed.
        """

    def discard_old_password(self) -> None:
        """End the validity of the password that `set_own_password` kept. Does nothing on engines that keep none."""


class SuperuserSession(Session, Protocol):
    """A session of the superuser, which may create users and set the passwords of others."""

    def set_password(self, username: str, password: Password) -> None:
        """Set the password of an existing user; on MySQL both passwords that it had end.

        Nothing is kept: where the superuser has to step in, what was valid may be a password that somebody else set.
        """

    def refuse_privileged(self, username: str) -> None:
        """Stop where a user could gain rights by having its password reset.

        Raises:
            UnsafeRotationError: the user is missing, is the superuser itself, or may create users or hand out rights.
        """

    def exists(self, username: str) -> bool:
        """Whether there is an account of this name (on MySQL: on any host)."""

    def is_pair(self, pair: Pair) -> bool:
        """Whether an earlier rotation left its mark on the clone, so that the two are known to be one principal."""

    def mirror(self, pair: Pair, username: str, password: Password) -> None:
        """Make the two users of a pair equal, create the clone if it is missing, then set the password of `username`.

        The password comes last, or in the same transaction: a half-made clone can never log in.

        Raises:
            UnsafeRotationError: the two cannot be made equal; nothing was changed, and the message has the remedy.
        """


class Engine(Protocol):
    """A kind of database server."""

    name: ClassVar[str]
    """For logs and metrics: "postgresql", "mysql"."""
    secret_format: ClassVar[SecretFormat]
    default_exclude_characters: ClassVar[str]
    """Never in a password unless EXCLUDE_CHARACTERS says otherwise; the same as AWS's own functions."""
    max_username_length: ClassVar[int]
    """In the unit in which `username_length` counts."""
    keeps_old_password: ClassVar[bool]
    """Whether `set_own_password` leaves the old password valid (MySQL's dual passwords)."""

    @staticmethod
    def username_length(username: str) -> int:
        """The length of a user name as the server counts it: bytes or characters."""

    def connect(self, credentials: Credentials, deadline: Deadline) -> AbstractContextManager[Session]:
        """Log in, over verified TLS unless the secret itself says otherwise.

        Raises:
            LoginRejectedError: the server rejected user name and password.
            LoginRefusedError: the account or database cannot be used, whatever the password.
            DatabaseUnreachableError: everything else.
        """

    def connect_superuser(
        self, credentials: Credentials, deadline: Deadline
    ) -> AbstractContextManager[SuperuserSession]:
        """Log in as the superuser, with all of its roles active."""
