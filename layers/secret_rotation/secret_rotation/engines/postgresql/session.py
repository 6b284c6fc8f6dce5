"""A session of the user that a secret names."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from psycopg2.sql import SQL, Composable, Identifier, Literal

from secret_rotation.deadline import Deadline
from secret_rotation.engine import STATEMENT_TIMEOUT_SECONDS
from secret_rotation.engines.postgresql.failures import quoted, statement_failure
from secret_rotation.engines.postgresql.login import ANSWER_SECONDS
from secret_rotation.engines.postgresql.verifier import verifier
from secret_rotation.engines.postgresql.wire import DRIVER_ERRORS, Row, Wire
from secret_rotation.errors import RotationError, UnsafeRotationError
from secret_rotation.model import Credentials, Password

# The role setting that a login takes, in PostgreSQL's own order of precedence.
_IDENTITY = SQL("""
    SELECT session_user, current_user, (
        SELECT substr(setting, length('role=') + 1)
        FROM pg_db_role_setting, unnest(setconfig) AS setting
        WHERE setting LIKE 'role=%'
          AND setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
          AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        ORDER BY setrole = 0, setdatabase = 0
        LIMIT 1
    )""")
_TRY_LOCK = SQL("SELECT pg_try_advisory_lock(hashtextextended({}, 0))")
_LOCK = SQL("SELECT pg_advisory_lock(hashtextextended({}, 0))")
_ENCRYPTION = SQL("SET ROLE NONE; SELECT current_setting('password_encryption')")


class PostgreSQLSession:
    """One connection, in autocommit mode."""

    def __init__(self, wire: Wire, credentials: Credentials, deadline: Deadline) -> None:
        self._wire = wire
        self._credentials = credentials
        self._deadline = deadline

    def verify_identity(self) -> None:
        """Check that the session acts as the role that the user's settings name.

        PostgreSQL only warns, and lets the session act as the user itself, where it cannot take the role at login.

        Raises:
            UnsafeRotationError: it acts as another.
        """
        ((session_user, current_user, setting),) = self.run(_IDENTITY, "The query of the session's identity")
        if session_user != self._credentials.username:
            raise UnsafeRotationError(
                f"The login as {self._credentials.username} became {session_user}: PostgreSQL cuts names of more than "
                "63 bytes. Put the name as the server has it into the secret."
            )
        expected = session_user if setting in (None, "none") else setting
        if current_user != expected:
            raise UnsafeRotationError(
                f"{session_user} logs in, but acts as {current_user} instead of {expected}, the role in its settings: "
                f"{expected} was renamed or dropped, or may not be taken any more. "
                f"GRANT {quoted(expected)} TO {quoted(session_user)} (from PostgreSQL 16 on WITH SET TRUE), "
                f"or name the right role with ALTER ROLE {quoted(session_user)} SET role = '...'. Then rotate again."
            )

    def lock(self, username: str) -> bool:
        """Hold an advisory lock of this database until the session ends. See Session."""
        key = Literal(f"secret_rotation {username}")
        ((is_free,),) = self.run(_TRY_LOCK.format(key), "The advisory lock on a rotation")
        if not is_free:
            self.run(_LOCK.format(key), f"The advisory lock on a rotation of {quoted(username)}")
        return not is_free

    def set_own_password(self, old: Password, new: Password) -> None:  # noqa: ARG002 - a role has one password
        """Set the password of the user that logged in, whichever role it acts as."""
        self.change_password(self._credentials.username, new)

    def overwrite_own_password(self, new: Password, known: Iterable[Password]) -> None:  # noqa: ARG002 - as above
        """Set the password: there is only one."""
        self.change_password(self._credentials.username, new)

    def discard_old_password(self) -> None:
        """Do nothing: the old password ended when the new one was set."""

    def change_password(self, username: str, password: Password) -> None:
        """Set a role's password, as a verifier."""
        ((algorithm,),) = self.run(_ENCRYPTION, "SET ROLE NONE")
        text = verifier(password, username, algorithm, self._wire.driver)
        statement = SQL("ALTER ROLE {} PASSWORD {}").format(Identifier(username), Literal(text))
        self.run(statement, f"ALTER ROLE {quoted(username)} PASSWORD")

    @property
    def username(self) -> str:
        """Who logged in."""
        return self._credentials.username

    @property
    def server_version(self) -> int:
        """As libpq has it: 160004 is 16.4."""
        return self._wire.driver.server_version

    def run(self, statements: Composable, doing: str) -> list[Row]:
        """Run statements; `doing` says what they do, without values, in the error that a failure becomes."""
        seconds = self._deadline.at_most(STATEMENT_TIMEOUT_SECONDS + ANSWER_SECONDS)
        try:
            return self._wire.execute(statements, seconds)
        except (*DRIVER_ERRORS, TimeoutError) as error:
            raise statement_failure(error, doing, self._credentials) from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.run(SQL("BEGIN"), "BEGIN")
        try:
            yield
        except BaseException:
            with suppress(RotationError):
                self.run(SQL("ROLLBACK"), "ROLLBACK")
            raise
        self.run(SQL("COMMIT"), "COMMIT")
