"""Accounts of MySQL: what the two of a pair share, what a superuser needs, and how long a name may be."""

import pytest

from lab.engines.mysql import MySQLServer
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, Application, MakeApplication
from tests.rotation.faulted import heals, new_superuser, reach, rotates, stopped


@pytest.fixture
def application(mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application whose two users alternate; its original is current."""
    return make_application(make_user(mysql), ALTERNATING_USERS)


@pytest.mark.parametrize("rotations", [1, 2])
@pytest.mark.parametrize("is_renamed", [False, True], ids=["dropped", "renamed"])
def test_the_original_is_gone(application: Application, is_renamed: bool, rotations: int) -> None:
    """Dropped or renamed: the clone gives all that it shared to a new user of the old name."""
    user = application.user
    rotates(application, rotations)
    kit, name = user.kit, user.username
    user.administrate(*([kit.rename(name, f"{name}_new")] if is_renamed else kit.drop(name)))
    rotates(application, 2)


@pytest.mark.parametrize("from_clone", [False, True])
def test_a_right_revoked_from_one_of_the_pair(application: Application, from_clone: bool) -> None:
    """A right revoked from either is gone from both after a rotation, and does not come back."""
    user = application.user
    rotates(application)
    user.administrate(f"GRANT DELETE ON {user.dbname}.* TO '{user.username}'@'%'")
    rotates(application)
    one = f"{user.username}_clone" if from_clone else user.username
    user.administrate(f"REVOKE DELETE ON {user.dbname}.* FROM '{one}'@'%'")
    for _ in range(3):
        rotates(application)
        for username in (user.username, f"{user.username}_clone"):
            grants = str(user.administrate(f"SHOW GRANTS FOR '{username}'@'%'"))
            assert "DELETE" not in grants
            assert "INSERT" in grants


def test_a_new_superuser_without_rights(application: Application) -> None:
    """Another superuser that may not change the pair: the error says what it lacks, and once granted all goes on."""
    rotates(application)
    name = new_superuser(application)
    token = reach(application, "setSecret")
    stopped(application, application.step("setSecret", token), "PermissionDeniedError", name, "lacks a privilege")
    application.user.administrate(f"GRANT rds_superuser_role TO '{name}'@'%'")
    heals(application, token)


def test_a_superuser_whose_password_has_expired(application: Application) -> None:
    """MySQL lets it log in and do nothing else: the error says so, and with a new password all goes on."""
    name, token = new_superuser(application, application.user.username), reach(application, "setSecret")
    application.user.administrate(f"ALTER USER '{name}'@'%' PASSWORD EXPIRE")
    stopped(application, application.step("setSecret", token), "LoginRefusedError", name, "expired")
    password = application.superuser_secret.value()["password"]
    application.user.administrate(f"ALTER USER '{name}'@'%' IDENTIFIED BY '{password}'")
    heals(application, token)


def test_a_user_name_counts_in_characters(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Of a multi-byte name, 32 characters with its _clone are accepted."""
    application = make_application(make_user(mysql), ALTERNATING_USERS, username="\u00e9" * 26)
    assert not application.step("createSecret", application.begin()).failed
