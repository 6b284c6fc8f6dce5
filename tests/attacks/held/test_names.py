"""Names that are words of SQL, or hold what SQL is made of, are names and nothing else."""

import secrets

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.engines.mysql import MySQLServer
from secret_rotation.pairs import CLONE_SUFFIX
from tests.attacks.accounts import create_any_user, run
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, Application, MakeApplication

NAMES = ["GRANT", "TO", "a b", "ON *.* TO `a`", "'a'@'%' \"", "é語 %s{}\\"]
each_name = pytest.mark.parametrize("name", NAMES)


def assert_rotates_both_ways(application: Application) -> None:
    """Rotate to the clone and back."""
    for _ in range(2):
        rotation = application.rotate()
        assert rotation.succeeded, rotation.outcome
        assert application.logs_in()


@each_name
def test_a_users_name(user: ApplicationUser, make_application: MakeApplication, name: str) -> None:
    """A user of any name rotates, and the name does not grow into a statement."""
    own = create_any_user(user, f"{name} {secrets.token_hex(3)}")
    assert_rotates_both_ways(make_application(own, ALTERNATING_USERS))


def grant_role(user: ApplicationUser, name: str) -> str:
    """Create a role of any name, and grant it to a user with ADMIN OPTION; as SQL names it."""
    role = user.kit.account(f"{name} {secrets.token_hex(3)}")
    user.as_superuser(f"CREATE ROLE {role}", f"GRANT {role} TO {user.username} WITH ADMIN OPTION")
    return role


def assert_both_have(role: str, application: Application) -> None:
    """After two rotations the original and the clone may act as the role, and hand it on."""
    assert_rotates_both_ways(application)
    user = application.user
    for stage in ("AWSCURRENT", "AWSPREVIOUS"):
        username, password = application.credentials(stage)
        grant = f"GRANT {role} TO {user.server.superuser.username}"
        run(user, username, password, f"SET ROLE {role}", "SET ROLE NONE", grant)


@each_name
def test_a_roles_name(user: ApplicationUser, make_application: MakeApplication, name: str) -> None:
    """A role of any name, with ADMIN OPTION, is the clone's as it is the original's."""
    assert_both_have(grant_role(user, name), make_application(user, ALTERNATING_USERS))


@each_name
def test_a_default_roles_name(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, name: str
) -> None:
    """On MySQL such a role may be a default role, too, which is active from the login on."""
    user = make_user(mysql)
    role = grant_role(user, name)
    user.as_superuser(f"SET DEFAULT ROLE {role} TO {user.username}")
    assert_both_have(role, make_application(user, ALTERNATING_USERS))


@each_name
def test_names_of_a_mysql_database_table_and_column(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, name: str
) -> None:
    """Rights on databases, tables and columns of any name reach the clone, and go from it once they are revoked."""
    user = make_user(mysql)
    quoted = name.replace("`", "``")
    column, database, table = f"`{quoted}`", *(f"`{quoted} {secrets.token_hex(3)}`" for _ in range(2))
    rights = [f"SELECT ({column}), UPDATE ({column}) ON {database}.{table}", f"EXECUTE, CREATE VIEW ON {database}.*"]
    user.administrate(
        f"CREATE DATABASE {database}",
        f"CREATE TABLE {database}.{table} ({column} INT)",
        *(f"GRANT {right} TO {user.username}" for right in rights),
    )
    application = make_application(user, ALTERNATING_USERS)
    assert_rotates_both_ways(application)
    clone = application.credentials("AWSPREVIOUS")
    assert run(user, *clone, f"SELECT {column} FROM {database}.{table}") == []  # noqa: S608 - names of our own
    assert grants(user, clone[0]) == grants(user, user.username)
    user.administrate(*(f"REVOKE {right} FROM {user.username}" for right in rights))
    assert application.rotate().succeeded
    assert database not in "".join(grants(user, clone[0]))


def grants(user: ApplicationUser, username: str) -> list[str]:
    """SHOW GRANTS of one of a pair, in terms of the original."""
    rows = user.administrate(f"SHOW GRANTS FOR {username}")
    return sorted(str(row[0]).replace(f"`{user.username}{CLONE_SUFFIX}`@", f"`{user.username}`@") for row in rows)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], max_codepoint=0xFFFF), max_size=12))
def test_any_users_name(user: ApplicationUser, make_application: MakeApplication, name: str) -> None:
    """Whatever else a user is called."""
    own = create_any_user(user, f"x{name}{secrets.token_hex(4)}")
    assert_rotates_both_ways(make_application(own, ALTERNATING_USERS))
