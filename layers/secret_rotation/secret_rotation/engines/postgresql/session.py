"""A session of the user that a secret names: whose it is, the lock on its rotation, and its own password."""

from collections.abc import Iterable

from psycopg2.sql import SQL, Identifier, Literal

from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.engine import OpenSession
from secret_rotation.engines.postgresql import own_sessions
from secret_rotation.engines.postgresql.advisory_lock import take_lock_and_ask
from secret_rotation.engines.postgresql.connection import Connection
from secret_rotation.engines.postgresql.expiry import warn_of_expiry
from secret_rotation.engines.postgresql.failures import READ_ONLY, refusal
from secret_rotation.engines.postgresql.identity import IDENTITY, LOGIN_TRIGGERS, Identity
from secret_rotation.engines.postgresql.passwords import (
    METHOD_KINDS,
    Encryption,
    preparation,
    require_accepted,
    verifier,
)
from secret_rotation.engines.postgresql.refusals import explain_refusal
from secret_rotation.engines.postgresql.sql import kinds_of, quoted
from secret_rotation.engines.postgresql.statements import Statements
from secret_rotation.errors import StatementFailedError, UnsafeRotationError
from secret_rotation.password import Password

_REPLICATION = SQL("SELECT pg_is_in_recovery(), pg_last_xact_replay_timestamp()::text")
_ACCOUNT = SQL("SELECT session_user")


class PostgreSQLSession(Statements):
    """One connection, in autocommit mode."""

    def __init__(
        self, connection: Connection, credentials: Credentials, deadline: Deadline, encryption: Encryption
    ) -> None:
        super().__init__(connection, credentials, deadline)
        self._encryption = encryption
        self._identity: Identity | None = None

    def account(self) -> str:
        """The role. See Session."""
        return quoted(self.username)

    def told_account(self) -> str:
        """The same: a role is one account. See Session."""
        return self.account()

    def verify_identity(self) -> None:
        """Check that the session acts as the role that the user's settings name.

        Raises:
            UnsafeRotationError: it acts as another.
        """
        self._require_identity()

    def verify_account(self) -> None:
        """Check that the session is the user's own, whichever role it acts as. See Session.

        Raises:
            UnsafeRotationError: the server has cut the name.
        """
        (session_user,) = self.row(_ACCOUNT, "The query of the session's user", str)
        self._require_account(session_user)

    def replication(self) -> str | None:
        """When the last transaction was made that has arrived at this replica. See Session."""
        is_replica, arrived = self.row(_REPLICATION, "The query of the server's state", bool, str | None)
        if not is_replica:
            return None
        # Aurora's readers share their storage with the writer, and replay nothing.
        return f"The last change that had arrived there was made at {arrived or 'a time that it does not tell'}."

    def lock(self, username: str) -> bool:
        """Hold an advisory lock of this database until the session ends. See Session.

        What `set_own_password` asks next comes in the same message.

        Returns:
            Whether it had to be waited for.

        Raises:
            StatementFailedError: another session holds it, and for too long.
        """
        had_to_wait, row = take_lock_and_ask(self, username, self._credentials.secret, IDENTITY, *kinds_of(Identity))
        self._identity = None if had_to_wait else Identity(*row)
        return had_to_wait

    def set_own_password(self, old: Password, new: Password) -> None:  # noqa: ARG002 - a role has one password
        """Set the password of the user that logged in, once it is known whom it acts as. See Session.

        Raises:
            UnsafeRotationError: it acts as another, or nobody could log in by the verifier; nothing was changed.
            StatementFailedError: the server refused.
        """
        identity = self._require_identity()
        if identity.expires_soon:
            warn_of_expiry(identity.valid_until, identity.session_user)
        if identity.current_user != identity.session_user:
            # Not in one message with the change: pgaudit writes all of a message with each of its statements, and
            # leaves out what follows PASSWORD where the statement is ALTER ROLE.
            self.run(SQL("SET ROLE NONE"), "SET ROLE NONE")
        self.change_password(self._credentials.username, new)

    def check_own_change(self) -> None:
        """Look whether the server takes changes, and whether the user could log in after this one. See Session.

        Raises:
            UnsafeRotationError: as `set_own_password`.
            StatementFailedError: the server is read-only.
        """
        self.verify_identity()
        self.check_change(self._credentials.username)

    def overwrite_own_password(self, new: Password, known: Iterable[Password]) -> None:  # noqa: ARG002 - as above
        """Set the password: there is only one.

        Raises:
            StatementFailedError: as for `set_own_password`, and the rest too.
        """
        self.set_own_password(new, new)

    def discard_old_password(self) -> None:
        """Do nothing: the old password ended when the new one was set."""

    def other_sessions(self) -> list[OpenSession]:
        """The other sessions of the role. See Session."""
        rows = self.rows(own_sessions.SESSIONS, "The query of the user's sessions", *own_sessions.KINDS)
        return [OpenSession(*row) for row in rows]

    def end_session(self, one: OpenSession) -> bool:
        """End one of them. See Session."""
        return all(ended for (ended,) in self.rows(own_sessions.end_of(one), "The end of a session", bool))

    def change_password(self, username: str, password: Password) -> None:
        """Set a role's password, as a verifier.

        Raises:
            UnsafeRotationError: nobody could log in by the verifier that is to be made; nothing was changed.
            StatementFailedError: no verifier can be made of the password, or the server refused.
        """
        self._prepare_change(username)
        text = verifier(password, username, self._encryption, self._connection)
        statement = SQL("ALTER ROLE {} PASSWORD {}").format(Identifier(username), Literal(text))
        try:
            self.run(statement, _setting_password(username))
        except StatementFailedError as error:
            raise error.told(after=explain_refusal(error.code, self.username)) from None

    def check_change(self, username: str) -> None:
        """Find out what would stop `change_password`, without a verifier.

        Raises:
            UnsafeRotationError: as `change_password`.
            StatementFailedError: the server is read-only.
        """
        self._prepare_change(username)
        if self.replication() is not None:
            raise refusal(READ_ONLY, _setting_password(username), self._credentials)

    def _prepare_change(self, username: str) -> None:
        statement = preparation(self._encryption, self._connection)
        if statement is not None:
            kinds = METHOD_KINDS if self._encryption is Encryption.MD5 else ()
            rows = self.rows(statement, "The preparation of a password", *kinds)
            require_accepted(rows, self._encryption, username, self._credentials)

    def _require_identity(self) -> Identity:
        identity = self._identity
        if identity is None:
            identity = Identity(*self.row(IDENTITY, "The query of the session's identity", *kinds_of(Identity)))
        self._require_account(identity.session_user)
        if not identity.is_as_expected:
            triggers = [name for (name,) in self.rows(LOGIN_TRIGGERS, "The query of the event triggers", str)]
            explained = identity.explain(triggers, self.server_version)
            raise UnsafeRotationError(f"{explained} This is about {self._credentials.secret}.")
        return identity

    def _require_account(self, session_user: str) -> None:
        if session_user != self._credentials.username:
            raise UnsafeRotationError(
                f"The login as {self._credentials.username} of {self._credentials.secret} became {session_user}: "
                "PostgreSQL cuts names of more than 63 bytes. Put the name as the server has it into the secret."
            )


def _setting_password(username: str) -> str:
    return f"ALTER ROLE {quoted(username)} PASSWORD"
