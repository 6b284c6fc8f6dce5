"""Whole rotations on real servers: the new password logs in, the old one does what it should."""

from typing import Any

import pytest

from lab.pairing import Pairing, StrategyName
from lab.servers import DatabaseServer
from secret_rotation import aws
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication
from tests.rotation.faulted import completes, rotates

CALLS = {
    "createSecret": ["DescribeSecret", "GetSecretValue", "PutSecretValue"],
    "setSecret": ["GetSecretValue", "GetSecretValue"],
    "testSecret": ["GetSecretValue"],
    "finishSecret": ["DescribeSecret", "UpdateSecretVersionStage"],
}


def test_rotations_follow_each_other(any_application: Application) -> None:
    """Each of four rotations leads to a password that logs in and works, and AWSPREVIOUS is what was current."""
    seen = {any_application.credentials()}
    for _ in range(4):
        before = any_application.credentials()
        rotates(any_application)
        assert any_application.credentials("AWSPREVIOUS") == before
        seen.add(any_application.credentials())
    assert len(seen) == 5


def test_the_single_user_stays_the_same(
    database: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Single user changes the password of its user and nothing else of the secret."""
    application = make_application(make_user(database), SINGLE_USER, team="payments")
    before = application.secret.value()
    assert application.rotate().succeeded
    assert application.secret.value() == {**before, "password": application.secret.value()["password"]}


def test_the_old_password_after_a_single_user_rotation(
    database: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """AWSPREVIOUS still logs in where the engine keeps two passwords, and no longer where it keeps one."""
    application = make_application(make_user(database), SINGLE_USER)
    assert application.rotate().succeeded
    assert application.logs_in("AWSPREVIOUS") == application.user.kit.engine.keeps_old_password


def test_alternating_users_take_turns(
    database: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """The user of AWSCURRENT is app and app_clone in turn, and AWSPREVIOUS goes on working."""
    user = make_user(database)
    application = make_application(user, ALTERNATING_USERS)
    expected = [user.username, f"{user.username}_clone"] * 2
    for username in expected[1:]:
        assert application.rotate().succeeded
        assert application.credentials()[0] == username
        assert application.works("AWSPREVIOUS")


def test_the_current_password_works_before_finish(
    database: DatabaseServer, strategy: str, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Up to finishSecret AWSCURRENT logs in, but in the one gap: a single user with one password, after setSecret."""
    application = make_application(make_user(database), strategy)
    has_gap = Pairing(application.user.kit, StrategyName(strategy)).has_gap
    token = application.begin()
    for step in ("createSecret", "setSecret", "testSecret"):
        assert not application.steps(token, step).failed
        assert application.logs_in() != (has_gap and step != "createSecret")
    assert not application.steps(token, "finishSecret").failed
    assert application.works()


def test_a_rotation_keeps_its_budget(any_application: Application) -> None:
    """A rotation makes 8 calls, 2 connections and no failed login; a superuser adds one call and one connection."""
    user = any_application.user
    with_superuser = "masterarn" in any_application.secret.value()
    for _ in range(2):
        any_application.secret.cloud.calls.clear()
        user.relay.connections = 0
        assert any_application.rotate().succeeded
        assert any_application.secret.operations() == [call for calls in CALLS.values() for call in calls]
        assert any_application.superuser_secret.operations() == ["GetSecretValue"] * with_superuser
        assert user.relay.connections == 2 + with_superuser
        assert user.rejected_logins() == 0


def test_sessions_of_the_application_survive(any_application: Application) -> None:
    """A session that was open before goes on working through two rotations."""
    with any_application.user.session() as work:
        for _ in range(2):
            assert any_application.rotate().succeeded
            assert work()


def test_one_client_of_aws_serves_all_invocations(
    any_database: DatabaseServer,
    make_user: MakeUser,
    make_application: MakeApplication,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A Lambda environment makes its client once, at init, however often it is invoked."""
    made: list[str] = []

    def client(service: str, *arguments: object) -> object:
        made.append(service)
        return make_client(service, *arguments)

    make_client: Any = aws.client
    monkeypatch.setattr(aws, "client", client)
    application = make_application(make_user(any_database), ALTERNATING_USERS)
    for _ in range(2):
        assert application.rotate().succeeded
    assert made == ["secretsmanager"]


def test_a_password_that_fails_its_test_is_not_promoted(
    database: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """The new user cannot log in: testSecret says so, AWSCURRENT stays, and the same token completes once it can."""
    user = make_user(database)
    application = make_application(user, ALTERNATING_USERS)
    token, clone = application.begin(), f"{user.username}_clone"
    assert not application.steps(token, "createSecret", "setSecret").failed
    user.as_superuser(user.kit.lock_out(clone))
    assert application.step("testSecret", token).error_type == "LoginRefusedError"
    assert application.secret.version_with("AWSCURRENT") != token
    assert application.works()
    user.as_superuser(user.kit.let_in(clone))
    completes(application, token)
