"""Drift of users and rights: dropped, renamed, revoked, and a superuser that is another one now."""

import re
import secrets

import pytest

from lab.secretsmanager import faults
from tests.fixtures.databases import MYSQL, ApplicationUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication
from tests.rotation.faulted import heals, reach, rotates, stopped


@pytest.fixture
def application(user: ApplicationUser, make_application: MakeApplication) -> Application:
    """An application of each engine whose two users alternate; its original is current."""
    return make_application(user, ALTERNATING_USERS)


def drop(user: ApplicationUser, username: str) -> None:
    """Drop a user; what it owns on PostgreSQL goes to the administrator."""
    if user.engine == MYSQL:
        user.administrate(f"DROP USER '{username}'@'%'")
    else:
        user.administrate(
            f"REASSIGN OWNED BY {username} TO rdsadmin", f"DROP OWNED BY {username}", f"DROP ROLE {username}"
        )


def rename(user: ApplicationUser, before: str, after: str) -> None:
    """Give a user another name."""
    user.administrate(
        f"RENAME USER '{before}'@'%' TO '{after}'@'%'"
        if user.engine == MYSQL
        else f'ALTER ROLE "{before}" RENAME TO "{after}"'
    )


def accounts(user: ApplicationUser) -> set[str]:
    """The users whose names begin like this one's."""
    table = "mysql.user" if user.engine == MYSQL else "pg_roles"
    column = "user" if user.engine == MYSQL else "rolname"
    rows = user.administrate(f"SELECT {column} FROM {table} WHERE {column} LIKE '{user.username}%'")  # noqa: S608
    return {row[0] for row in rows}


@pytest.mark.parametrize("rotations", [1, 2])
def test_the_clone_is_dropped(application: Application, rotations: int) -> None:
    """In use or not, the clone comes back by itself: its original, whose version is known, carries the rotation."""
    for _ in range(rotations):
        rotates(application)
    drop(application.user, f"{application.user.username}_clone")
    rotates(application)
    rotates(application)
    assert application.works("AWSPREVIOUS")


def has_no_original(application: Application) -> str:
    """Check that setSecret of a new rotation stops, naming the role that is missing; its token."""
    token = reach(application, "setSecret")
    outcome = application.step("setSecret", token)
    assert outcome.error_type == "UnsafeRotationError", outcome
    assert re.search(
        f"no (role|user) {application.user.username}, .*renamed, give it its old name", str(outcome.error_message)
    )
    return token


@pytest.mark.parametrize("rotations", [1, 2])
def test_the_original_is_dropped(application: Application, rotations: int) -> None:
    """On MySQL the clone gives back all that it shared; on PostgreSQL nothing is its own, so the role is asked for."""
    user = application.user
    for _ in range(rotations):
        rotates(application)
    drop(user, user.username)
    if user.engine != MYSQL:
        token = has_no_original(application)
        user.as_superuser(f"CREATE ROLE {user.username} LOGIN", f"GRANT {user.username} TO {user.username}_clone")
        user.administrate(f"ALTER TABLE notes_{user.username} OWNER TO {user.username}")
        heals(application, token)
    rotates(application)
    rotates(application)


@pytest.mark.parametrize("rotations", [1, 2])
def test_the_original_is_renamed(application: Application, rotations: int) -> None:
    """On MySQL the clone gives its rights to a new user of the old name; on PostgreSQL the error asks for that name."""
    user = application.user
    for _ in range(rotations):
        rotates(application)
    rename(user, user.username, f"{user.username}_new")
    if user.engine != MYSQL:
        token = has_no_original(application)
        rename(user, f"{user.username}_new", user.username)
        heals(application, token)
    rotates(application)
    rotates(application)


def test_the_single_user_is_renamed(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A name that the server does not know is rejected like a wrong password; the error says that it may be that."""
    application = make_application(user, SINGLE_USER)
    rename(user, user.username, f"{user.username}_new")
    token = reach(application, "setSecret")
    outcome = application.step("setSecret", token)
    assert outcome.error_type == "LoginRejectedError", outcome
    assert re.search("role does not exist|no such account", str(outcome.error_message))
    rename(user, f"{user.username}_new", user.username)
    heals(application, token)


@pytest.mark.parametrize("from_clone", [False, True])
def test_a_right_revoked_from_one_of_the_pair(application: Application, from_clone: bool) -> None:
    """On MySQL a right revoked from either is gone from both after a rotation, and does not come back."""
    user = application.user
    if user.engine != MYSQL:
        pytest.skip("the clone has no rights of its own: see test_the_clone_is_no_member_any_more")
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


@pytest.mark.parametrize("rotations", [1, 2])
def test_the_clone_is_no_member_any_more(application: Application, rotations: int) -> None:
    """On PostgreSQL a clone that lost its original's rights has them back after the next rotation, at either's turn."""
    user = application.user
    if user.engine == MYSQL:
        pytest.skip("the clone is no member of anything")
    for _ in range(rotations):
        rotates(application)
    user.as_superuser(f"REVOKE {user.username} FROM {user.username}_clone")
    rotates(application)
    assert application.works("AWSPREVIOUS")
    rotates(application)


def new_superuser(application: Application, *, entitled: bool) -> str:
    """Let masterarn's secret name another superuser; with or without the rights over the application's users."""
    user, name, password = application.user, f"boss_{secrets.token_hex(4)}", secrets.token_urlsafe()
    if user.engine == MYSQL:
        user.administrate(
            f"CREATE USER '{name}'@'%' IDENTIFIED BY '{password}'",
            *[f"GRANT rds_superuser_role TO '{name}'@'%'"] * entitled,
        )
    else:
        user.administrate(
            f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD '{password}'",
            *[f"GRANT {one} TO {name} WITH ADMIN OPTION" for one in accounts(user)] * entitled,
        )
    put_superuser(application, name, password)
    return name


def put_superuser(application: Application, username: str, password: str) -> None:
    """Put a login into the secret that masterarn names."""
    secret = application.superuser_secret
    secret.put({**secret.value(), "username": username, "password": password})


def test_a_new_superuser_without_rights(application: Application) -> None:
    """Another superuser that may not change the pair: the error has what to grant, and once granted all goes on."""
    rotates(application)
    user, name = application.user, new_superuser(application, entitled=False)
    token = reach(application, "setSecret")
    if user.engine == MYSQL:
        stopped(application, application.step("setSecret", token), "PermissionDeniedError", name, "lacks a privilege")
        user.administrate(f"GRANT rds_superuser_role TO '{name}'@'%'")
    else:
        for _ in range(2):  # one role of the pair at a time
            outcome = application.step("setSecret", token)
            stopped(application, outcome, "UnsafeRotationError", name, "ADMIN OPTION")
            user.administrate(re.findall(r"GRANT .*;", str(outcome.error_message))[0])
    heals(application, token)


def test_a_superuser_whose_password_was_just_rotated(application: Application) -> None:
    """Its secret is rotated between the read and the login: an error that says so, and the next attempt succeeds."""
    rotates(application)
    user, name = application.user, new_superuser(application, entitled=True)

    def rotate_superuser() -> None:
        password = secrets.token_urlsafe()
        user.administrate(
            f"ALTER USER '{name}'@'%' IDENTIFIED BY '{password}'"
            if user.engine == MYSQL
            else f"ALTER ROLE {name} PASSWORD '{password}'"
        )
        put_superuser(application, name, password)

    about = application.superuser_secret.arn
    between = faults.call("GetSecretValue", rotate_superuser, after_effect=True, secret_arn=about)
    application.secret.cloud.faults.add(between)
    run = application.rotate()
    assert run.succeeded, run.outcome
    failed = [record.invocation for record in run.steps if record.invocation.failed]
    assert [invocation.error_type for invocation in failed] == ["SuperuserRejectedError"]
    stopped(application, failed[0], "SuperuserRejectedError", about, "the next attempt succeeds")
    rotates(application)
