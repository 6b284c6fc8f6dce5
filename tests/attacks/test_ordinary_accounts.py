"""RESET_WITH_SUPERUSER is for ordinary accounts: none with a power over the server or others, however it has it."""

import time
from collections.abc import Callable

import pytest

from lab.engines.mysql import MySQLServer, start_mysql
from lab.engines.postgresql import PostgresServer
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.errors import UnsafeRotationError
from tests.engines.conftest import Subject
from tests.engines.mysql_users import User
from tests.fixtures.databases import MakeUser

MakeName = Callable[..., str]

POWERS_IN_POSTGRESQL = {
    "{group} .* has CREATEROLE": "ALTER ROLE {group} CREATEROLE",
    "{group} .* has CREATEDB": "ALTER ROLE {group} CREATEDB",
    "{group} .* has REPLICATION": "ALTER ROLE {group} REPLICATION",
    "{group} .* has BYPASSRLS": "ALTER ROLE {group} BYPASSRLS",
    "{group} .* is a superuser": "ALTER ROLE {group} SUPERUSER",
    "{group} .* has ADMIN OPTION on {other}": "GRANT {other} TO {group} WITH ADMIN OPTION",
    "{group} .* owns the database {other}": "ALTER DATABASE {other} OWNER TO {group}",
    "{group} .* server parameter": "GRANT SET ON PARAMETER log_min_duration_statement TO {group}",
    "pg_read_all_data .* server's own": "GRANT pg_read_all_data TO {group}",
    "rds_superuser .* server's own": "GRANT rds_superuser TO {group}",
}
"""What makes a role more than an ordinary one, by what the error says of it."""
POWERS_IN_MYSQL = (
    "GRANT SELECT ON *.* TO {0}",
    "GRANT FILE ON *.* TO {0}",
    "GRANT PROCESS ON *.* TO {0}",
    "GRANT CONNECTION_ADMIN ON *.* TO {0}",
    "GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {0} WITH GRANT OPTION",
    "GRANT SELECT ON {1}.* TO {0} WITH GRANT OPTION",
    "GRANT SELECT ON mysql.db TO {0}",
    "GRANT SELECT ON `s_s`.* TO {0}",
    "GRANT SELECT ON `%%_%FORMATION%\\_SCHEM_`.* TO {0}",
    "GRANT SELECT ON performance_schema.* TO {0}",
    "GRANT EXECUTE ON FUNCTION sys.format_bytes TO {0}",
    "GRANT {0}_role TO {0} WITH ADMIN OPTION",
    "GRANT {0}_role TO {0}; GRANT RELOAD ON *.* TO {0}_role",
    "GRANT {0}_role TO {0}; GRANT {0}_deep TO {0}_role; GRANT RELOAD ON *.* TO {0}_deep",
    "GRANT {0}_role TO {0}; GRANT {0}_deep TO {0}_role WITH ADMIN OPTION",
    "CREATE ROLE IF NOT EXISTS AWS_LAMBDA_ACCESS; GRANT AWS_LAMBDA_ACCESS TO {0}",
    "GRANT PROXY ON {0}_role TO {0}",
)


@pytest.fixture
def on_postgres(newest_postgres: PostgresServer, make_user: MakeUser) -> Subject:
    """A user on the newest PostgreSQL, which has all of the powers."""
    return Subject(PostgreSQL(newest_postgres.ca_bundle), make_user(newest_postgres))


@pytest.fixture
def on_mysql(mysql: MySQLServer, unique_name: MakeName) -> User:
    """A user on MySQL, and two roles for it."""
    user = User.create(mysql, unique_name())
    user.admin(f"CREATE ROLE {user.name}_role, {user.name}_deep", f"GRANT ALL ON {user.db}.* TO {user.name}_role")
    return user


@pytest.mark.parametrize(("error", "sql"), POWERS_IN_POSTGRESQL.items(), ids=POWERS_IN_POSTGRESQL)
def test_a_power_in_postgresql_is_refused(on_postgres: Subject, unique_name: MakeName, error: str, sql: str) -> None:
    """Whoever has a power through a role of a role is not reset; the error says which power, and through whom."""
    username, near = on_postgres.user.username, unique_name("near")
    names = {"group": unique_name("group"), "other": unique_name("other")}
    on_postgres.user.administrate(
        f"CREATE ROLE {near} ROLE {username}",
        f"CREATE ROLE {names['group']} ROLE {near}",
        f"CREATE ROLE {names['other']}",
        *([f"CREATE DATABASE {names['other']}"] if "DATABASE" in sql else []),
        sql.format(**names),
    )
    with (
        on_postgres.superuser_session() as session,
        pytest.raises(UnsafeRotationError, match=error.format(**names)) as raised,
    ):
        session.refuse_privileged(username)
    assert username in str(raised.value)


def test_an_application_in_postgresql_is_ordinary(on_postgres: Subject, unique_name: MakeName) -> None:
    """Tables and a schema of one's own, rights in a database, ordinary roles and rds_password are no powers."""
    app, group = on_postgres.user.username, unique_name("group")
    on_postgres.user.administrate(
        f"CREATE SCHEMA {group} AUTHORIZATION {app}",
        f"CREATE ROLE {group}",
        f"GRANT {group}, rds_password TO {app}",
        f"GRANT CREATE ON SCHEMA {group} TO {group} WITH GRANT OPTION",
    )
    with on_postgres.superuser_session() as session:
        session.refuse_privileged(app)


@pytest.mark.parametrize("sql", POWERS_IN_MYSQL)
def test_a_power_in_mysql_is_refused(on_mysql: User, sql: str) -> None:
    """Whoever has a power, itself or through roles of roles, is not reset."""
    on_mysql.admin(*sql.format(on_mysql.name, on_mysql.db).split("; "))
    with on_mysql.superuser() as session, pytest.raises(UnsafeRotationError, match=on_mysql.name):
        session.refuse_privileged(on_mysql.name)


@pytest.mark.parametrize("pattern", ["%" * 60 + "Z", "%_" * 8 + "%" * 40 + "Z"])
def test_wildcards_in_mysql_are_read_in_time(on_mysql: User, pattern: str) -> None:
    """A user with a right on a pattern of very many wildcards is judged at once, as any other."""
    on_mysql.admin(f"GRANT SELECT ON `{pattern}`.* TO {on_mysql.name}")
    start = time.process_time()
    with on_mysql.superuser() as session:
        session.refuse_privileged(on_mysql.name)
    assert time.process_time() - start < 1


def test_powers_that_only_a_servers_settings_bring_are_refused(unique_name: MakeName) -> None:
    """A partial revoke makes no global right ordinary, and a role that everybody has counts as well."""
    with start_mysql(partial_revokes="ON") as server:
        restricted, everybody, role = (User.create(server, unique_name()) for _ in range(3))
        restricted.admin(
            f"GRANT INSERT ON *.* TO {restricted.name}", f"REVOKE INSERT ON mysql.* FROM {restricted.name}"
        )
        with restricted.superuser() as session:
            session.refuse_privileged(everybody.name)
            with pytest.raises(UnsafeRotationError, match="INSERT ON"):
                session.refuse_privileged(restricted.name)
            role.admin(f"GRANT FILE ON *.* TO {role.name}", f"SET GLOBAL mandatory_roles = 'nobody, {role.name}'")
            with pytest.raises(UnsafeRotationError, match=f"FILE ON .* through role `{role.name}`"):
                session.refuse_privileged(everybody.name)


def test_an_application_in_mysql_is_ordinary(on_mysql: User) -> None:
    """Everything in its own database, a role for that, and the right to keep its own old password are no powers."""
    on_mysql.admin(
        f"GRANT ALL ON {on_mysql.db}.* TO {on_mysql.name}",
        f"GRANT {on_mysql.name}_role TO {on_mysql.name}",
        f"GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {on_mysql.name}",
    )
    with on_mysql.superuser() as session:
        session.refuse_privileged(on_mysql.name)
