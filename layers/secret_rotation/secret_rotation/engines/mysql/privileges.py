"""What the superuser's statements take to be permitted, so that an error can say how to give it."""

from dataclasses import dataclass
from typing import Any

from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.failures import session_of
from secret_rotation.engines.mysql.rights import GLOBAL, Right, SqlSyntaxError, parse_grants
from secret_rotation.engines.mysql.sql import Sql
from secret_rotation.errors import PermissionDeniedError, RotationError

_NO_OPTION = Sql()


@dataclass(frozen=True, slots=True)
class Privilege:
    """One or more privileges on one level, or a role.

    Attributes:
        purpose: what it is for, to follow "may not".
        what: the privileges and the level as GRANT names them.
        option: the option that has to come with them.
    """

    purpose: str
    what: Sql
    option: Sql = _NO_OPTION

    def to(self, account: Sql) -> Sql:
        """The statement that gives it to an account."""
        return Sql("GRANT {} TO {}{}").format(self.what, account, self.option)


CREATE_USER = Privilege("create, change or drop users", Sql("CREATE USER ON *.*"))
READ_ACCOUNTS = Privilege("read the accounts and rights of others (mysql.user)", Sql("SELECT ON mysql.*"))
READ_HOST_CACHE = Privilege(
    "read the addresses of clients (performance_schema.host_cache)", Sql("SELECT ON performance_schema.host_cache")
)
KEEP_OLD_PASSWORD = Privilege("keep or discard the old one of its passwords", Sql("APPLICATION_PASSWORD_ADMIN ON *.*"))
TOUCH_SYSTEM_USERS = Privilege("change users that have SYSTEM_USER", Sql("SYSTEM_USER ON *.*"))


def permitted(connection: Connection, statement: Sql, needed: Privilege) -> list[tuple[Any, ...]]:
    """Run a statement of the superuser's, and return its rows.

    Only of the superuser's: its server is the deployer's own. What a user lacks on a server that may be anybody's is
    nothing that an administrator should be asked to give.

    Raises:
        PermissionDeniedError: the privilege is not held; the message has the statement that gives it.
        DatabaseError: as `Connection.run`.
    """
    try:
        return connection.run(statement)
    except PermissionDeniedError as error:
        raise denied(connection, needed, error.code) from None


def denied(connection: Connection, needed: Privilege, code: str) -> PermissionDeniedError:
    """That the superuser lacks a privilege; the message has the statement that gives it."""
    if needed == CREATE_USER and _may_create_users(connection):
        needed = TOUCH_SYSTEM_USERS
    session = session_of(connection.credentials)
    return PermissionDeniedError(
        f"{session[0].upper()}{session[1:]} lacks a privilege: it may not {needed.purpose}. As an "
        f"administrator: {needed.to(connection.account()).typed()}; then rotate again.",
        code=code,
    )


def _may_create_users(connection: Connection) -> bool:
    try:
        held = parse_grants(str(row) for (row,) in connection.run(Sql("SHOW GRANTS"))).held
    except (RotationError, SqlSyntaxError):
        return False
    return Right("CREATE USER", GLOBAL) in held
