"""Which accounts the superuser must leave alone: those whose password is a way to more than an application's data.

Whoever may write a secret could name any user in it. The superuser resets ordinary users only: nothing that they may do
concerns the whole server, its own databases or other accounts. A partial revoke makes no global right ordinary.
Source: MySQL Reference Manual, "Privileges Provided by MySQL", "Using Roles".
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from secret_rotation.engines.mysql.accounts import Account, rights_of
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.levels import database_of
from secret_rotation.engines.mysql.patterns import is_like
from secret_rotation.engines.mysql.rights import GLOBAL, GRANT_OPTION, PROXY, ROLE, Right
from secret_rotation.engines.mysql.sql import Sql, account_name
from secret_rotation.errors import UnsafeRotationError

_OWN_PASSWORD = Right("APPLICATION_PASSWORD_ADMIN", GLOBAL)
"""What a single user needs to keep its old password: it concerns the second password of the account itself alone."""
_SYSTEM_DATABASES = ("mysql", "sys", "performance_schema", "information_schema")
"""What everybody may read there is in no SHOW GRANTS."""
_ROLE_OF_THE_SERVICE = re.compile(r"`(rds|aws)_", re.IGNORECASE)


def refuse_privileged(connection: Connection, username: str, accounts: Sequence[Account]) -> None:
    """Stop unless the user is an ordinary one on every host, by itself and through all roles that it can take.

    Raises:
        UnsafeRotationError: it is not, or there is no such user.
    """
    if username == connection.credentials.username:
        raise UnsafeRotationError(f"User {username} is the superuser itself, which must not set its own password.")
    if not accounts:
        raise UnsafeRotationError(f"There is no user {username} in the database. Create it, or correct the secret.")
    for account in accounts:
        for power in powers(connection, account.sql):
            raise UnsafeRotationError(
                f"Account {account.sql} has {power}, so whoever resets its password gains more than an ordinary user "
                "has. The superuser sets no such password. As an administrator, if it is not to have that: "
                f"{power.revocation().typed()}; or else {_new_password(account.sql)}; and put that password into the "
                "secret. Then rotate again."
            )


@dataclass(frozen=True, slots=True)
class Power:
    """A right that no ordinary account has. `holder` is the role that gives it to the account, or the account."""

    right: Right
    holder: str
    account: str

    def __str__(self) -> str:
        kind, option = ("role ", "ADMIN") if self.right.level == ROLE else ("", "GRANT")
        handed_on = f" WITH {option} OPTION" if self.right.option else ""
        through = "" if self.holder == self.account else f" through role {self.holder}"
        return f"{kind}{self._what()}{handed_on}{through}"

    def revocation(self) -> Sql:
        """The statement that takes it away."""
        return Sql("REVOKE {} FROM {}").format(Sql(self._what()), Sql(self.holder))

    def _what(self) -> str:
        return self.right.privilege if self.right.level == ROLE else f"{self.right.privilege} ON {self.right.level}"


def _new_password(account: Sql) -> str:
    return Sql("ALTER USER {} IDENTIFIED BY {}").format(account, "<a new password>").typed()


def powers(connection: Connection, account: Sql) -> Iterator[Power]:
    """What the account may do beyond its data, itself and through its roles, the roles of these, and mandatory ones."""
    seen: set[str] = set()
    waiting = [str(account), *_mandatory_roles(connection)]
    while waiting:
        holder = waiting.pop(0)
        if holder in seen:
            continue
        seen.add(holder)
        held = sorted(rights_of(connection, Sql(holder)).held)
        yield from (Power(right, holder, str(account)) for right in held if _is_power(right))
        waiting += [right.privilege for right in held if right.level == ROLE]


def _mandatory_roles(connection: Connection) -> Iterable[str]:
    """The roles that every account has. The server itself reads its variable, which knows many ways of quoting."""
    if not connection.value(Sql("SELECT COALESCE(@@mandatory_roles, '')"), str):
        return []
    query = "SELECT ROLE_NAME, ROLE_HOST FROM information_schema.APPLICABLE_ROLES WHERE IS_MANDATORY = 'YES'"
    return [str(account_name(*row)) for row in connection.run(Sql(query))]


def _is_power(right: Right) -> bool:
    if right.level == ROLE:
        return right.option or bool(_ROLE_OF_THE_SERVICE.match(right.privilege))
    is_global = right.level == GLOBAL and right != _OWN_PASSWORD
    hands_on = right.option or right.privilege in (GRANT_OPTION, PROXY)
    return is_global or hands_on or _is_on_system_database(right.level)


def _is_on_system_database(level: str) -> bool:
    database = database_of(level)
    return database is not None and any(is_like(database, name) for name in _SYSTEM_DATABASES)
