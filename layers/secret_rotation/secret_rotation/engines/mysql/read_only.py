"""Whether a server takes changes: replicas and Aurora's readers do not.

CONNECTION_ADMIN or SUPER is an exemption from read_only, and from no other setting.
Source: MySQL Reference Manual, "Server System Variables", read_only, super_read_only.
"""

from secret_rotation.engines.mysql.accounts import rights_of_session
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.rights import GLOBAL, Right
from secret_rotation.engines.mysql.sql import Sql

_FOR_EVERYBODY = Sql("SELECT @@GLOBAL.super_read_only OR @@GLOBAL.innodb_read_only")
_FOR_MOST = Sql("SELECT @@GLOBAL.read_only")
_EXEMPTIONS = frozenset({Right("CONNECTION_ADMIN", GLOBAL), Right("SUPER", GLOBAL)})


def is_read_only(connection: Connection) -> bool:
    """Whether the server takes no changes from an ordinary user."""
    return any(connection.value(question, int) for question in (_FOR_EVERYBODY, _FOR_MOST))


def refuses_changes(connection: Connection) -> bool:
    """Whether the server takes no changes from the user that is logged in."""
    if connection.value(_FOR_EVERYBODY, int):
        return True
    return bool(connection.value(_FOR_MOST, int)) and not _EXEMPTIONS & rights_of_session(connection).held
