"""What a rotation needs of a database engine: the contract that every engine keeps.

An engine turns Credentials into sessions and every failure of its driver into a DatabaseError. It calls nothing of
Secrets Manager and decides nothing by labels or steps; only its messages name them, for the operator who reads them.
tests/engines runs one suite against every engine.

Every method that changes something is idempotent: run again after any interruption it ends in the same state. It
commits before it returns; nothing is left half done that could log in.

Every method of a session may raise these, besides what it names itself:

    StatementFailedError      the server refused a statement; PermissionDeniedError, which is one: this user may not
    DatabaseUnreachableError  the connection broke, or no answer came in time, or one that could not be read
    RotationError             too little is left of the invocation's time to begin
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar, Protocol

from secret_rotation.credentials import Credentials, SecretFormat
from secret_rotation.deadline import Deadline
from secret_rotation.pairs import Holding, Pair
from secret_rotation.password import Password

STATEMENT_TIMEOUT_SECONDS = 10.0
"""For one statement, its waits for locks included: ALTER of a role takes milliseconds."""

MAX_REJECTED_LOGINS = 4
"""In one invocation: servers lock accounts after a number of failures, commonly five or more."""


@dataclass(frozen=True, slots=True)
class KnownPasswords:
    """The passwords of a secret, by which one knows its accounts.

    Attributes:
        new: the one that is to be set.
        valid: those with which one logs in until then. Of two that an account has, only the first of these stays valid,
            so AWSCURRENT's is the first.
        orphans: reads those that cancelled rotations may have left. Asked for only where nothing else explains what an
            account has.
    """

    new: Password
    valid: Sequence[Password]
    orphans: Callable[[], Iterable[Password]]


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session of a user.

    Attributes:
        number: by which the server knows it.
        address: of the client; None where it has none.
        program: what the client calls itself, where the server tells.
        since: when it began, as the server writes it, where it tells.
    """

    number: int
    address: str | None
    program: str | None
    since: str | None


@dataclass(frozen=True, slots=True)
class LoginAccount:
    """An account that may log in.

    Attributes:
        name: as the server writes it: "app"@"%", or the name of a role.
        method: how its password is kept; None where the superuser may not see that.
        has_password: whether it logs in by a password, as far as that can be seen.
        is_outdated: whether the server's makers advise against the method.
    """

    name: str
    username: str
    method: str | None
    has_password: bool
    is_outdated: bool


class OtherAccounts(Protocol):
    """Accounts of a user besides that which it logs in as, known to be the secret's."""

    def set_password(self) -> None:
        """Set the new password, where the account still has the one by which it is known; the old one stays valid.

        An account whose password cannot be set is logged: to stop would leave the user's own account changed and the
        rotation unfinished, for ever.

        Raises:
            StatementFailedError: a repeat may do better, and goes on with those that are not done.
        """


class Session(Protocol):
    """One authenticated connection."""

    def account(self) -> str:
        """The account that the session is logged in as, as messages call it."""

    def told_account(self) -> str | None:
        """The same, as far as the server tells it; None where `account` is a guess."""

    def verify_identity(self) -> None:
        """Run a query and check that the session acts as who it must be.

        Raises:
            UnsafeRotationError: logged in, but the session has not the identity that the user's settings give.
            LoginRefusedError: the password has expired, so that changing it is all that the session may do.
        """

    def verify_account(self) -> None:
        """Check that the server authenticated the login as the very user of the secret, and not as another account.

        It does not matter as whom the session acts after that. Nothing is asked where the password has expired.

        Raises:
            UnsafeRotationError: the login became another account.
        """

    def replication(self) -> str | None:
        """How far this server has come, in a sentence for a message, where it is a replica or a reader.

        Returns:
            None where it is neither.
        """

    def lock(self, username: str) -> bool:
        """Hold a lock that only one rotation of this user can hold, until the session ends.

        The server ends a session that stays idle for longer than the invocation lasts, so what a dead function held is
        free by then.

        Returns:
            Whether the lock had to be waited for, so that another rotation may have come past meanwhile.

        Raises:
            StatementFailedError: another session holds it, and for too long; the message says which, and how to end it.
        """

    def set_own_password(self, old: Password, new: Password) -> None:
        """Set the password of the user that is logged in, keeping `old` valid where the engine can.

        Whom the session acts as is checked first: a login that testSecret would refuse must not end a password that
        works.

        Raises:
            UnsafeRotationError: as `verify_identity`, or nobody could log in by what would be stored; nothing was
                changed.
            NotPrimaryPasswordError: `old` logs in, but is not the password that a change would replace.
            PermissionDeniedError: this user may not change its own password; a superuser may.
        """

    def check_own_change(self) -> None:
        """Find out what would stop `set_own_password`, as far as the server tells before the fact. Nothing is changed.

        Raises:
            UnsafeRotationError: as `set_own_password`.
            LoginRefusedError: as `verify_identity`.
        """

    def overwrite_own_password(self, new: Password, known: Iterable[Password]) -> None:
        """Set the primary password, whatever it is now. The secondary one, which this session logged in with, stays.

        `known` are passwords that the primary one may be; read only as far as needed.

        Raises:
            PermissionDeniedError: this user may not change its own password.
            RotationError: whatever reading `known` raises.
        """

    def discard_old_password(self) -> None:
        """End the validity of the password that `set_own_password` kept.

        Does nothing on engines that keep none, nor where the user may not: then it could not keep one either.
        """

    def other_sessions(self) -> list[OpenSession]:
        """The other open sessions of the user that is logged in, the oldest first."""

    def end_session(self, one: OpenSession) -> bool:
        """End another session of the user that is logged in.

        Returns:
            Whether it has ended.
        """


class SuperuserSession(Session, Protocol):
    """A session of the superuser, which may create users and set the passwords of others."""

    def set_password(self, username: str, password: Password) -> None:
        """Set the password of an existing user; on MySQL both passwords that it had end.

        Nothing is kept: where the superuser has to step in, what was valid may be a password that somebody else set.

        Raises:
            UnsafeRotationError: there is no such user that logs in by password, or the superuser may not change it, and
                the message has the statement that lets it.
        """

    def other_accounts(self, username: str, own: str | None, passwords: KnownPasswords) -> OtherAccounts | None:
        """Find out which accounts of a user, besides its `own`, are the secret's. Nothing is changed.

        It is those that have one of the secret's passwords: an account of the same name may be somebody else's. What
        will be left alone is logged. Where it is not known which is its own, that is among them, and is left alone once
        its password has changed.

        Returns:
            None where there is nothing to set, as always where `has_accounts_by_host` is False.

        Raises:
            PermissionDeniedError: the superuser may not set their passwords; the message has the statement that lets
                it.
            RotationError: the invocation's time is used up.
        """

    def refuse_unusable(self, user: Credentials) -> None:
        """Stop where the server rejects this login for another reason than its password, which may well be right.

        Raises:
            UnsafeRotationError: another password would not help; the message has the cause, and what to do about it.
        """

    def refuse_privileged(self, username: str) -> None:
        """Stop unless the user is an ordinary one: nothing that it may do reaches beyond the objects of a database.

        Raises:
            UnsafeRotationError: the user is missing, is the superuser itself, or has a power over the whole server or
                over other users, by itself or through any role.
        """

    def login_accounts(self) -> list[LoginAccount]:
        """The accounts that may log in, but for those of the server itself and of RDS.

        Raises:
            PermissionDeniedError: the superuser may not see them; the message has the statement that lets it.
        """

    def exists(self, username: str) -> bool:
        """Whether there is an account of this name (on MySQL: on any host)."""

    def holding(self, pair: Pair) -> Holding | None:
        """What is recorded of a pair; None where no rotation has made or adopted it.

        Raises:
            UnsafeRotationError: the record is not as a rotation wrote it, or the session cannot tell whose it is.
        """

    def hand_over(self, pair: Pair, secret: str) -> str:
        """The statement with which an administrator gives a pair to another secret; `secret` is its name.

        Raises:
            UnsafeRotationError: as `holding`.
        """

    def mirror(self, pair: Pair, username: str, password: Password, secret: str) -> None:
        """Make the two users of a pair equal, create the clone if it is missing, then set the password of `username`.

        From now on the pair is recorded as that of `secret`. Whether it may be is the strategy's to find out before.
        The password comes last, or in the same transaction: a half-made clone can never log in.

        Raises:
            UnsafeRotationError: the two cannot be made equal; the message says what was changed, which is nothing that
                could log in, and has the remedy.
        """

    def check_mirror(self, pair: Pair, username: str, secret: str) -> None:
        """Find out what would stop `mirror`, as far as the server tells before the fact. Nothing stays changed.

        Raises:
            UnsafeRotationError: as `mirror`.
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
    has_accounts_by_host: ClassVar[bool]
    """Whether one user name may be several accounts, each with a password of its own (MySQL: one for each host)."""

    @staticmethod
    def username_length(username: str) -> int:
        """The length of a user name as the server counts it: bytes or characters."""

    def connect(self, credentials: Credentials, deadline: Deadline) -> AbstractContextManager[Session]:
        """Log in, over verified TLS unless the secret itself says otherwise.

        Raises:
            LoginRejectedError: the server rejected user name and password.
            LoginRefusedError: the account or database cannot be used, whatever the password.
            DatabaseUnreachableError: everything else.
            RotationError: too little is left of the invocation's time to begin.
        """

    def connect_superuser(
        self, credentials: Credentials, deadline: Deadline
    ) -> AbstractContextManager[SuperuserSession]:
        """Log in as the superuser, with all of its roles active.

        Raises:
            DatabaseError: as `connect`; StatementFailedError where the roles cannot be made active.
        """
