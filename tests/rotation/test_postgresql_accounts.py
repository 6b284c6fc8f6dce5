"""Roles of PostgreSQL: a clone is a member of its original; what a superuser needs, and how long a name may be."""

import re

import pytest

from lab.engines.postgresql import PostgresServer
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, Application, MakeApplication
from tests.rotation.faulted import heals, new_superuser, reach, rotates, stopped


@pytest.fixture
def application(newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application whose two users alternate; its original is current."""
    return make_application(make_user(newest_postgres), ALTERNATING_USERS)


def has_no_original(application: Application) -> str:
    """Check that setSecret of a new rotation stops, naming the role that is missing; its token."""
    token = reach(application, "setSecret")
    outcome = application.step("setSecret", token)
    assert outcome.error_type == "UnsafeRotationError", outcome
    pattern = f"no (role|user) {application.user.username}, .*renamed, give it its old name"
    assert re.search(pattern, str(outcome.error_message))
    return token


@pytest.mark.parametrize("rotations", [1, 2])
def test_the_original_is_dropped(application: Application, rotations: int) -> None:
    """Nothing is the clone's own that it could give back, so the role is asked for."""
    user = application.user
    rotates(application, rotations)
    user.administrate(*user.kit.drop(user.username))
    token = has_no_original(application)
    passwords = dict(application.credentials(stage) for stage in ("AWSCURRENT", "AWSPREVIOUS"))
    user.as_superuser(f"CREATE ROLE {user.username} LOGIN PASSWORD '{passwords[user.username]}'")
    user.administrate(f"ALTER TABLE notes_{user.username} OWNER TO {user.username}")
    heals(application, token)
    rotates(application, 2)


@pytest.mark.parametrize("rotations", [1, 2])
def test_the_original_is_renamed(application: Application, rotations: int) -> None:
    """The error asks for the old name."""
    user = application.user
    rotates(application, rotations)
    user.administrate(user.kit.rename(user.username, f"{user.username}_new"))
    token = has_no_original(application)
    user.administrate(user.kit.rename(f"{user.username}_new", user.username))
    heals(application, token)
    rotates(application, 2)


@pytest.mark.parametrize("rotations", [1, 2])
def test_the_clone_is_no_member_any_more(application: Application, rotations: int) -> None:
    """A clone that lost its original's rights has them back after the next rotation, at either's turn."""
    user = application.user
    rotates(application, rotations)
    user.as_superuser(f"REVOKE {user.username} FROM {user.username}_clone")
    rotates(application)
    assert application.works("AWSPREVIOUS")
    rotates(application)


def test_a_new_superuser_without_rights(application: Application) -> None:
    """Another superuser that may not change the pair: the error has what to grant, and once granted all goes on."""
    rotates(application)
    name = new_superuser(application)
    application.user.administrate(f"ALTER ROLE {name} NOCREATEROLE")
    token = reach(application, "setSecret")
    for missing in ("CREATEROLE", "ADMIN OPTION", "ADMIN OPTION"):  # on one role of the pair at a time
        outcome = application.step("setSecret", token)
        stopped(application, outcome, "UnsafeRotationError", name, missing)
        application.user.administrate(re.findall(r"(?:ALTER ROLE|GRANT) .*;", str(outcome.error_message))[0])
    heals(application, token)


def test_a_user_name_counts_in_bytes(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Of a multi-byte name, 63 characters with its _clone are too long, and refused."""
    application = make_application(make_user(newest_postgres), ALTERNATING_USERS, username="\u00e9" * 57)
    assert application.step("createSecret", application.begin()).error_type == "InvalidSecretError"
