"""A session of the superuser."""

from psycopg2.sql import SQL, Composable, Literal

from secret_rotation.deadline import Deadline
from secret_rotation.engine import Pair
from secret_rotation.engines.postgresql.grants import Connect
from secret_rotation.engines.postgresql.mirror import mirror
from secret_rotation.engines.postgresql.roles import require_administration
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.engines.postgresql.wire import Wire
from secret_rotation.errors import PermissionDeniedError, UnsafeRotationError
from secret_rotation.model import Credentials, Password

_EXISTS = SQL("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = {})")
_IS_MEMBER = SQL("""
    SELECT EXISTS (
        SELECT FROM pg_auth_members
        JOIN pg_roles AS groups ON groups.oid = roleid
        JOIN pg_roles AS members ON members.oid = member
        WHERE groups.rolname = {} AND members.rolname = {})""")

# A role can SET ROLE to every role that it is a member of, however far up, whatever it inherits.
_POWERS = SQL("""
    WITH RECURSIVE reachable AS (
        SELECT oid AS role FROM pg_roles WHERE rolname = {}
        UNION SELECT roleid FROM pg_auth_members JOIN reachable ON member = role)
    SELECT rolname, CASE
        WHEN rolname = session_user THEN 'is the superuser of masterarn'
        WHEN rolsuper OR rolname = 'rds_superuser' THEN 'is a superuser'
        WHEN rolcreaterole THEN 'has CREATEROLE'
        WHEN EXISTS (SELECT FROM pg_auth_members WHERE member = role AND admin_option) THEN 'has ADMIN OPTION on a role'
    END
    FROM reachable JOIN pg_roles ON oid = role""")


class PostgreSQLSuperuserSession(PostgreSQLSession):
    """A session of a CREATEROLE role, which on RDS is no superuser in PostgreSQL's own sense."""

    def __init__(self, wire: Wire, credentials: Credentials, deadline: Deadline, connect: Connect) -> None:
        super().__init__(wire, credentials, deadline)
        self._connect = connect

    def set_password(self, username: str, password: Password) -> None:
        """Set the password of an existing role.

        Raises:
            UnsafeRotationError: the superuser may not; the message has the statement that lets it.
            StatementFailedError: the server refused for another reason.
        """
        try:
            self.change_password(username, password)
        except PermissionDeniedError:
            require_administration(self, username)
            raise

    def refuse_privileged(self, username: str) -> None:
        """Stop where a reset password would open more than an application's user. See SuperuserSession."""
        rows = self.run(_POWERS.format(Literal(username)), "The query of the user's privileges")
        if not rows:
            raise UnsafeRotationError(
                f"There is no role {username}. Correct 'username' in the secret, or create the role."
            )
        for role, power in rows:
            if power:
                subject = username if role == username else f"{username} is a member of {role}, which"
                raise UnsafeRotationError(
                    f"{subject} {power}. The superuser does not reset the password of such a user, because whoever may "
                    "write the secret could take it over. Reset it by hand, and put the password into the secret."
                )

    def exists(self, username: str) -> bool:
        """Whether there is such a role."""
        return self._yes(_EXISTS.format(Literal(username)))

    def is_pair(self, pair: Pair) -> bool:
        """Whether the clone is a direct member of its original, as AWS's function and this one make it."""
        return self._yes(_IS_MEMBER.format(Literal(pair.original), Literal(pair.clone)))

    def mirror(self, pair: Pair, username: str, password: Password) -> None:
        """Make the two roles one principal and set the password of one of them, all in one transaction."""
        mirror(self, self._connect, pair, username, password)

    def _yes(self, query: Composable) -> bool:
        ((answer,),) = self.run(query, "The query of the roles")
        return bool(answer)
