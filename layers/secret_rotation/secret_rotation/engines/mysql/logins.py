"""Who may log in to a server, and by which plugin.

Source: MySQL Reference Manual, "Grant Tables", "Reserved Accounts", "Native Pluggable Authentication" (deprecated, off
by default in 8.4, gone in 9.0).
"""

from secret_rotation.engine import LoginAccount
from secret_rotation.engines.mysql.accounts import PASSWORD_PLUGINS
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.privileges import READ_ACCOUNTS, permitted
from secret_rotation.engines.mysql.sql import Sql, account_name

_ACCOUNTS = Sql("SELECT User, Host, plugin FROM mysql.user WHERE account_locked = 'N' ORDER BY User, Host")
_OF_THE_SERVER = frozenset({"mysql.infoschema", "mysql.session", "mysql.sys"})
_OF_RDS = frozenset({"rdsadmin", "rdsrepladmin", "rdsproxyadmin"})
_OUTDATED = "mysql_native_password"


def login_accounts(connection: Connection) -> list[LoginAccount]:
    """The accounts that are not locked, but for those of the server and of RDS."""
    return [
        LoginAccount(
            str(account_name(user, host)),
            user,
            plugin,
            has_password=plugin in PASSWORD_PLUGINS,
            is_outdated=plugin == _OUTDATED,
        )
        for user, host, plugin in permitted(connection, _ACCOUNTS, READ_ACCOUNTS)
        if user not in _OF_THE_SERVER | _OF_RDS
    ]
