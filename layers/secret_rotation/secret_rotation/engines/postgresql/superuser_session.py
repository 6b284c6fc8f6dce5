"""A session of the superuser: sets the passwords of ordinary users, and keeps pairs of users equal."""

from psycopg2.sql import SQL, Literal

from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.engine import KnownPasswords, LoginAccount
from secret_rotation.engines.postgresql import logins
from secret_rotation.engines.postgresql.advisory_lock import take_lock
from secret_rotation.engines.postgresql.connection import Connection
from secret_rotation.engines.postgresql.grants import Connect
from secret_rotation.engines.postgresql.mirror import Turn, mirror, rehearse
from secret_rotation.engines.postgresql.passwords import Encryption
from secret_rotation.engines.postgresql.privileged import refuse_privileged
from secret_rotation.engines.postgresql.rejections import refuse_unusable
from secret_rotation.engines.postgresql.roles import (
    Roles,
    administration_query,
    hand_over,
    holding_of,
    read_roles,
    require_administration,
)
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.errors import PermissionDeniedError
from secret_rotation.pairs import Holding, Pair
from secret_rotation.password import Password

_EXISTS = SQL("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = {})")


class PostgreSQLSuperuserSession(PostgreSQLSession):
    """A session of a CREATEROLE role, which on RDS is no superuser in PostgreSQL's own sense."""

    def __init__(
        self,
        connection: Connection,
        credentials: Credentials,
        deadline: Deadline,
        encryption: Encryption,
        connect: Connect,
    ) -> None:
        super().__init__(connection, credentials, deadline, encryption)
        self._connect = connect
        self._proven: Roles | None = None

    def lock(self, username: str) -> bool:
        """Hold an advisory lock of this database until the session ends. See Session.

        Returns:
            Whether it had to be waited for.

        Raises:
            StatementFailedError: another session holds it, and for too long.
        """
        return take_lock(self, username, self._credentials.secret)

    def set_password(self, username: str, password: Password) -> None:
        """Set the password of an existing role.

        Raises:
            UnsafeRotationError: the superuser may not; the message has the statement that lets it.
            StatementFailedError: the server refused for another reason.
        """
        try:
            self.change_password(username, password)
        except PermissionDeniedError:
            require_administration(self, self.ask(administration_query(username)))
            raise

    def other_accounts(self, username: str, own: str | None, passwords: KnownPasswords) -> None:
        """There are none: a role is one account."""

    def refuse_unusable(self, user: Credentials) -> None:
        """Stop where the login is rejected for another reason than its password. See SuperuserSession.

        Raises:
            UnsafeRotationError: it is, or there is no such role.
        """
        refuse_unusable(self, user)

    def refuse_privileged(self, username: str) -> None:
        """Stop where a reset password would open more than an application's user. See SuperuserSession.

        Raises:
            UnsafeRotationError: it would, or there is no such role.
        """
        refuse_privileged(self, username)

    def login_accounts(self) -> list[LoginAccount]:
        """The roles that may log in. See SuperuserSession."""
        (may_read,) = self.row(logins.MAY_READ, "The query of the superuser's rights", bool)
        query = logins.ROLES_WITH_METHODS if may_read else logins.ROLES
        return list(map(logins.account_of, self.rows(query, "The query of the roles", *logins.KINDS)))

    def exists(self, username: str) -> bool:
        """Whether there is such a role."""
        (exists,) = self.row(_EXISTS.format(Literal(username)), "The query of the roles", bool)
        return bool(exists)

    def holding(self, pair: Pair) -> Holding | None:
        """What the comments of the two roles say. See SuperuserSession.

        Whoever asks goes on to prove whose the roles are, so it is them that `mirror` changes, and no others.

        Raises:
            UnsafeRotationError: the session cannot tell which roles these names are.
        """
        self._proven = read_roles(self, pair)
        return holding_of(*self._proven)

    def hand_over(self, pair: Pair, secret: str) -> str:
        """The statement that gives a pair to another secret. See SuperuserSession.

        Raises:
            UnsafeRotationError: the session cannot tell which roles these names are.
        """
        return hand_over(self, pair, secret)

    def mirror(self, pair: Pair, username: str, password: Password, secret: str) -> None:
        """Make the two roles one principal and set the password of one of them, all in one transaction.

        Raises:
            UnsafeRotationError: the two cannot be made equal; nothing was changed, unless a clone that needs
                REPLICATION was created, without a password.
        """
        mirror(self, self._connect, Turn(pair, username, secret, self._proven), password)
        self._proven = None  # the clone may be a new one by now

    def check_mirror(self, pair: Pair, username: str, secret: str) -> None:
        """Run the statements of `mirror` in a transaction that is undone. No password is set, nor sent.

        Raises:
            UnsafeRotationError: as `mirror`.
        """
        rehearse(self, Turn(pair, username, secret, self._proven))
