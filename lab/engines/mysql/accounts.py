"""The accounts of a new RDS for MySQL instance.

The master user is not SUPER and has no SYSTEM_USER. What it may do comes through the role rds_superuser_role, which
lists every privilege that RDS documents; SET_USER_ID became SET_ANY_DEFINER and ALLOW_NONEXISTENT_DEFINER in MySQL 8.4.
RDS also makes the role a default role, and grants some privileges to the account itself; Aurora does only the first,
and an operator may have undone it. The lab takes the least of these: rights through the role alone, which is not active
at login. What works here works there.
Source: Amazon RDS User Guide, "Role-based privilege model for RDS for MySQL" and "Master user account privileges".
"""

import secrets
from pathlib import Path
from typing import NamedTuple

from lab.engines.mysql.server import MySQLServer
from lab.servers.local import CA_BUNDLE, LOG
from lab.servers.model import Instance, Login, ServerFacts

STATIC_PRIVILEGES = """
    SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES,
    CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW,
    CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER, CREATE ROLE, DROP ROLE
"""
DYNAMIC_PRIVILEGES = "APPLICATION_PASSWORD_ADMIN, ROLE_ADMIN, XA_RECOVER_ADMIN"
DEFINER_PRIVILEGES = "SET_USER_ID"
DEFINER_PRIVILEGES_FROM_8_4 = "SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER"


class Logins(NamedTuple):
    """The two accounts of a new server, with passwords of their own."""

    superuser: Login
    administrator: Login


def new_logins() -> Logins:
    """Return logins with new passwords."""
    return Logins(Login("dbmaster", secrets.token_urlsafe()), Login("rdsadmin", secrets.token_urlsafe()))


def mysql_server(instance: Instance, folder: Path, port: int, logins: Logins) -> MySQLServer:
    """The server of an instance as its clients see it, its version not asked yet."""
    facts = ServerFacts("mysql", "", "localhost", port, folder / CA_BUNDLE, *logins, folder / LOG)
    return MySQLServer(facts, instance)


def setup_statements(root: str, version: str, logins: Logins) -> list[str]:
    """The statements that turn a fresh server's root account (as SQL) into the accounts of RDS."""
    superuser, administrator = logins.superuser, logins.administrator
    new = tuple(map(int, version.split(".")[:2])) >= (8, 4)
    dynamic = f"{DYNAMIC_PRIVILEGES}, {DEFINER_PRIVILEGES_FROM_8_4 if new else DEFINER_PRIVILEGES}"
    return [
        f"RENAME USER {root} TO {administrator.username}@'%'",
        f"ALTER USER {administrator.username}@'%' IDENTIFIED BY '{administrator.password}'",
        "CREATE ROLE rds_superuser_role",
        f"GRANT {' '.join(STATIC_PRIVILEGES.split())} ON *.* TO rds_superuser_role WITH GRANT OPTION",
        f"GRANT {dynamic} ON *.* TO rds_superuser_role WITH GRANT OPTION",
        f"CREATE USER {superuser.username}@'%' IDENTIFIED BY '{superuser.password}'",
        f"GRANT rds_superuser_role TO {superuser.username}@'%' WITH ADMIN OPTION",
    ]
