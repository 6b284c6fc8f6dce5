"""The dry run on PostgreSQL: the statements of a rotation, undone."""

import pytest

from lab.engines.postgresql import PostgresServer
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, Application, MakeApplication
from tests.rotation.dry_runs import dry_run, stops_as_the_rotation
from tests.rotation.faulted import new_superuser, rotates

_ROLES = """
    SELECT to_jsonb(pg_authid)::text, shobj_description(oid, 'pg_authid'),
        (SELECT string_agg(to_jsonb(pg_auth_members)::text, ' ') FROM pg_auth_members WHERE member = pg_authid.oid),
        (SELECT string_agg(setconfig::text, ' ') FROM pg_db_role_setting WHERE setrole = pg_authid.oid)
    FROM pg_authid WHERE rolname LIKE '{}%' ORDER BY rolname"""


@pytest.fixture
def application(newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application whose two users alternate."""
    return make_application(make_user(newest_postgres), ALTERNATING_USERS)


def _roles(application: Application) -> object:
    return application.user.administrate(_ROLES.format(application.user.username))


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_the_roles_are_as_before(application: Application, rotations: int) -> None:
    """Attributes, verifiers, comments, memberships and settings of the pair: nothing of them is changed."""
    rotates(application, rotations)
    application.user.administrate(f"ALTER ROLE {application.user.username} SET work_mem = '8MB'")
    before = _roles(application)
    assert dry_run(application).succeeded
    assert _roles(application) == before
    rotates(application)


def test_a_superuser_without_createrole(application: Application) -> None:
    """The dry run has the statement that gives the right, as the rotation has."""
    boss = new_superuser(application, application.user.username)
    application.user.administrate(f"ALTER ROLE {boss} NOCREATEROLE")
    assert "CREATEROLE;" in stops_as_the_rotation(application, "UnsafeRotationError")


def test_a_superuser_without_admin_option(application: Application) -> None:
    """From PostgreSQL 16 on the dry run says on which role ADMIN OPTION is missing."""
    new_superuser(application)
    assert "WITH ADMIN OPTION" in stops_as_the_rotation(application, "UnsafeRotationError")


def test_a_setting_that_is_not_the_superusers_to_make(application: Application) -> None:
    """What only the server itself knows is found out by the statement: a setting that takes an administrator."""
    application.user.administrate(f"ALTER ROLE {application.user.username} SET log_statement = 'none'")
    assert "log_statement" in stops_as_the_rotation(application, "UnsafeRotationError")


def test_an_original_that_may_not_log_in(application: Application) -> None:
    """The other of the pair is NOLOGIN, which no login as AWSCURRENT shows."""
    rotates(application)
    application.user.administrate(f"ALTER ROLE {application.user.username} NOLOGIN")
    assert "NOLOGIN" in stops_as_the_rotation(application, "UnsafeRotationError")


def test_an_original_that_is_gone(application: Application) -> None:
    """The twin of the clone that is in use was dropped, so that the clone acts as itself: the dry run names the two."""
    rotates(application)
    application.user.administrate(*application.user.kit.drop(application.user.username))
    outcome = dry_run(application).steps[-1].invocation
    assert outcome.error_type == "UnsafeRotationError", outcome
    assert f"acts as {application.user.username}_clone instead of" in str(outcome.error_message)
