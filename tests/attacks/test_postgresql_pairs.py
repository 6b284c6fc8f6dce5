"""Nobody gains on PostgreSQL by what is remembered of a pair: its users cannot write it."""

import json
from contextlib import closing

import pytest

from lab.engines.postgresql import PostgresServer
from lab.servers import Login
from secret_rotation.engines.postgresql.superuser_session import PostgreSQLSuperuserSession
from tests.attacks.pairs import (
    assert_a_login_adopts,
    assert_a_mark_does_not_adopt,
    assert_a_stranger_is_not_the_clone,
    assert_neither_can_run,
    assert_the_owner_of_a_clones_name_gains_nothing,
    attempt,
    names,
    passwords,
)
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, Application, MakeApplication
from tests.rotation.faulted import rotates


@pytest.fixture(scope="session")
def either_engine(newest_postgres: PostgresServer) -> PostgresServer:
    """No other engine."""
    return newest_postgres


@pytest.fixture
def on_each_version(postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """The same on PostgreSQL in each of its versions."""
    return make_application(make_user(postgres), ALTERNATING_USERS)


def squat(user: ApplicationUser, secret: str) -> None:
    """Make the clone before any rotation does, with the record that one would write on it."""
    name, password = f"mallory_{user.username}", "mallorys-own"
    # Somebody who may create roles, and from PostgreSQL 16 on administers no others than those.
    user.as_superuser(f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD '{password}'")
    original, clone = user.username, f"{user.username}_clone"
    ((oid,),) = user.administrate(f"SELECT '{original}'::regrole::oid::int")
    with closing(user.server.connect(Login(name, password), user.dbname)) as session:
        cursor = session.cursor()
        cursor.execute(f"CREATE ROLE {clone} LOGIN PASSWORD 'x'")
        cursor.execute(f"SELECT '{clone}'::regrole::oid::int")
        record = {"secret": secret, "original": oid, "clone": cursor.fetchone()[0], "is_kept": False}
        cursor.execute(f"COMMENT ON ROLE {clone} IS 'secret_rotation: {json.dumps(record)}'")
        attempt(cursor, f"GRANT {clone} TO {user.server.superuser.username} WITH ADMIN OPTION")
        assert not attempt(cursor, f"COMMENT ON ROLE {original} IS 'secret_rotation: {json.dumps(record)}'")


def forge(user: ApplicationUser, username: str, password: str) -> None:
    """All that an account can do to look like the clone of a pair."""
    with closing(user.server.connect(Login(username, password), user.dbname)) as session:
        other = username.removesuffix("_clone") if username.endswith("_clone") else f"{username}_clone"
        for statement in (
            f"GRANT {username} TO {other}",  # up to PostgreSQL 14 everybody may
            f"ALTER ROLE {username} SET role = '{other}'",
            f"COMMENT ON ROLE {username} IS 'secret_rotation: x'",
            f"COMMENT ON ROLE {other} IS 'secret_rotation: x'",
        ):
            attempt(session.cursor(), statement)


def forget(application: Application, comment: str = "NULL") -> None:
    """Make the pair one of a time before there were records: its clone is marked as rotations did it then."""
    original, clone = names(application)
    application.user.administrate(f"COMMENT ON ROLE {clone} IS {comment}", f"GRANT {original} TO {clone}")


def test_a_strangers_account_is_not_taken_for_the_clone(on_each_version: Application) -> None:
    """The rotation of `app` leaves `app_clone` alone, whatever the owners of both do to pass it off as a clone."""
    assert_a_stranger_is_not_the_clone(on_each_version, forge)


def test_the_owner_of_a_clones_name_takes_nothing_over(
    user: ApplicationUser, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """A secret of one's own for `shop_clone` gives no password of `shop`, and none of its rights."""
    assert_the_owner_of_a_clones_name_gains_nothing(user, make_user, make_application, forge)


def test_neither_user_can_write_the_record(on_each_version: Application) -> None:
    """What proves a pair stands where neither of its users can change it, nor take it away."""
    rotates(on_each_version)
    clone = names(on_each_version)[1]
    statements = [
        f"COMMENT ON ROLE {clone} IS 'secret_rotation: x'",
        f"COMMENT ON ROLE {clone} IS NULL",
        f"RESET ROLE; SET ROLE NONE; COMMENT ON ROLE {clone} IS NULL",
        "UPDATE pg_shdescription SET description = 'x'",
    ]
    assert_neither_can_run(on_each_version, statements)


@pytest.mark.parametrize("comment", ["NULL", "'secret_rotation: x'"], ids=["none", "damaged"])
def test_a_pair_without_a_record_is_adopted_by_a_login(application: Application, comment: str) -> None:
    """Where a version of the secret logs in as the user whose turn it is, the pair is put on record, and rotates on."""
    assert_a_login_adopts(application, lambda application: forget(application, comment))


def test_a_pair_of_an_earlier_version_is_not_adopted_by_its_mark(application: Application) -> None:
    """Where no version logs in as the user whose turn it is, a mark or a membership is no reason to touch it."""
    assert_a_mark_does_not_adopt(application, forget)


def test_who_creates_a_clone_gets_no_password_of_the_original(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """A record that somebody writes on a role of their own is none for the other one."""
    application = make_application(user, ALTERNATING_USERS, username=f"{user.username}_clone", password="x")
    squat(user, application.secret.arn[: -len("-AbCdEf")])
    application.refusal("UnsafeRotationError")
    assert user.can_log_in(user.username, user.password)


def test_a_clone_that_somebody_else_administers_is_not_adopted(application: Application) -> None:
    """A clone that waits for the first rotation, with that secret's own record on it, gets nothing of the user's."""
    user = application.user
    squat(user, application.secret.arn[: -len("-AbCdEf")])
    application.refusal("UnsafeRotationError")
    members = f"SELECT FROM pg_auth_members WHERE roleid = '{user.username}'::regrole AND NOT admin_option"
    assert user.administrate(members) == []
    assert application.logs_in()


@pytest.mark.parametrize("asked", ["holding", "exists"])
def test_a_clone_that_somebody_makes_while_a_rotation_runs_gets_nothing(
    application: Application, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """There was no clone when it was asked whose the pair is, so the role that is there now is a stranger's."""
    user, answer = application.user, getattr(PostgreSQLSuperuserSession, asked)
    with monkeypatch.context() as patch:

        def answered_and_late(*question: object) -> object:
            answered = answer(*question)
            squat(user, application.secret.name)
            return answered

        patch.setattr(PostgreSQLSuperuserSession, asked, answered_and_late)
        application.refusal("UnsafeRotationError")
    assert application.logs_in()
    user.administrate(f"ALTER ROLE {user.username}_clone LOGIN PASSWORD 'mallorys'")
    with closing(user.server.connect(Login(f"{user.username}_clone", "mallorys"), user.dbname)) as session:
        assert not attempt(session.cursor(), f"SET ROLE {user.username}")


def test_a_clone_does_not_leave_the_pair_by_itself(application: Application) -> None:
    """A clone that grants itself something and forgets whom it acts as is made equal all the same."""
    user, (original, clone) = application.user, names(application)
    rotates(application)
    user.server.run(
        Login(clone, passwords(application)[clone]),
        f"GRANT SELECT ON notes_{original} TO {clone}",
        "SET ROLE NONE",
        f"ALTER ROLE {clone} RESET role",
        dbname=user.dbname,
    )
    user.as_superuser(f"ALTER ROLE {original} CONNECTION LIMIT 7")
    rotates(application, 2)
    query = f"SELECT rolconnlimit, rolconfig FROM pg_roles WHERE rolname = '{clone}'"  # noqa: S608
    assert user.administrate(query) == [(7, [f"role={original}"])]


def test_what_a_pair_granted_itself_does_not_come_back(on_each_version: Application) -> None:
    """A role that the original handed to its clone is not the original's again once somebody has revoked it there."""
    application, user = on_each_version, on_each_version.user
    original, clone = names(application)
    group = f"group_{original}"
    rotates(application)
    user.as_superuser(f"CREATE ROLE {group}", f"GRANT {group} TO {original} WITH ADMIN OPTION")
    user.server.run(Login(original, passwords(application)[original]), f"GRANT {group} TO {clone}")
    user.as_superuser(f"REVOKE {group} FROM {original} CASCADE")
    rotates(application, 2)
    member = f"SELECT pg_has_role('{original}', '{group}', 'MEMBER')"
    assert user.administrate(member) == [(False,)]
