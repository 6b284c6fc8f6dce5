"""Who may log in to a server, and how its passwords are kept, as far as a role may see that.

Source: PostgreSQL manual, "pg_roles", "pg_authid" (which only superusers read, so no role on RDS) and "Password
Authentication" (md5 is deprecated from version 18 on).
"""

from psycopg2.sql import SQL

from secret_rotation.engine import LoginAccount
from secret_rotation.engines.postgresql.sql import Kind, Row

_FOR_LOGIN = SQL("rolcanlogin AND rolname NOT IN ('rdsadmin', 'rdsrepladmin', 'rdsproxyadmin') ORDER BY rolname")
MAY_READ = SQL("SELECT has_column_privilege('pg_authid', 'rolpassword', 'SELECT')")
ROLES = SQL("SELECT rolname, NULL::text, true FROM pg_roles WHERE {}").format(_FOR_LOGIN)
ROLES_WITH_METHODS = SQL("""
    SELECT rolname,
           CASE WHEN rolpassword LIKE 'md5%' THEN 'md5'
                WHEN rolpassword LIKE 'SCRAM-SHA-256$%' THEN 'scram-sha-256'
                WHEN rolpassword IS NOT NULL THEN 'password' END,
           rolpassword IS NOT NULL
    FROM pg_authid WHERE {}""").format(_FOR_LOGIN)
KINDS: tuple[Kind, ...] = (str, str | None, bool)
_OUTDATED = "md5"


def account_of(row: Row) -> LoginAccount:
    """A role out of a row of either query."""
    name, method, has_password = row
    return LoginAccount(name, name, method, has_password=has_password, is_outdated=method == _OUTDATED)
