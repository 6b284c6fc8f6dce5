"""Changes that are not made, but held against what the superuser may do: MySQL has no transaction for accounts.

Only what is certain to be refused is refused here. Which rights a superuser hands on the server decides by rules that
have grown for decades; where its own SHOW GRANTS does not tell, the change counts as allowed.
Source: MySQL Reference Manual, "GRANT Statement", "CREATE USER Statement", "Using Roles".
"""

from secret_rotation.engines.mysql.accounts import rights_of_session
from secret_rotation.engines.mysql.changes import Change, Changes
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.failures import ACCESS_DENIED, READ_ONLY
from secret_rotation.engines.mysql.levels import covers
from secret_rotation.engines.mysql.privileges import denied
from secret_rotation.engines.mysql.read_only import refuses_changes
from secret_rotation.engines.mysql.rights import ALL, GLOBAL, GRANT_OPTION, PROXY, ROLE, Right, Rights

_CHANGES_ACCOUNTS = (Right("CREATE USER", GLOBAL), Right(ALL, GLOBAL))
_WRITES_GRANT_TABLES = frozenset({"INSERT", "UPDATE", "DELETE"})
"""On the database `mysql`, each does for a statement about accounts what CREATE USER does for all of them."""
_HANDS_ON_ROLES = (Right("ROLE_ADMIN", GLOBAL), Right("SUPER", GLOBAL))


class Rehearsal(Changes):
    """The changes of a run that changes nothing."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._own = rights_of_session(connection)
        self._is_read_only = refuses_changes(connection)

    def run(self, *changes: Change) -> None:
        """Look whether the superuser may make these changes.

        Raises:
            PermissionDeniedError: it may not, in the words in which the server's refusal is told.
            StatementFailedError: the server is read-only.
        """
        for change in changes:
            if not self._may_make(change):
                raise denied(self._connection, change.needed, str(ACCESS_DENIED))
            if self._is_read_only:
                raise self._connection.refusal(READ_ONLY, change.sql)

    def take_back(self) -> str:
        """There is nothing to undo. See Changes."""
        return "Nothing was changed."

    def _may_make(self, change: Change) -> bool:
        if change.rights:
            return all(may_hand_on(self._own, right) for right in change.rights)
        return any(right in self._own.held for right in _CHANGES_ACCOUNTS) or any(
            right.privilege in _WRITES_GRANT_TABLES and covers(right.level, "`mysql`.*") for right in self._own.held
        )


def may_hand_on(own: Rights, right: Right) -> bool:
    """Whether somebody with these rights may give this one to others, and take it."""
    if right.level == ROLE:
        return Right(right.privilege, ROLE, option=True) in own.held or any(r in own.held for r in _HANDS_ON_ROLES)
    if right.privilege == PROXY:
        return any(held.privilege == PROXY and held.option for held in own.held)
    if right.is_dynamic:
        return Right(right.privilege, GLOBAL, option=True) in own.held
    near = {
        held.privilege
        for held in own.held
        if held.column in ("", right.column) and covers(held.level, right.level) and not _leaves_out(own, held, right)
    }
    # The parts that ALL PRIVILEGES stands for are looked at one by one.
    return GRANT_OPTION in near and (right.privilege == ALL or ALL in near or right.privilege in near)


def _leaves_out(own: Rights, held: Right, right: Right) -> bool:
    """Whether a global right leaves out the database that another one is for."""
    return held.level == GLOBAL and any(covers(left_out.level, right.level) for left_out in own.restricts(held))
