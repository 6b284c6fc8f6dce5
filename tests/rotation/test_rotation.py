"""Whole rotations on real servers: the new password logs in, the old one does what it should."""

import pytest

from lab.servers import DatabaseServer
from secret_rotation import aws
from tests.fixtures.databases import MYSQL, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, STRATEGIES, MakeApplication

CALLS = {
    "createSecret": ["DescribeSecret", "GetSecretValue", "PutSecretValue"],
    "setSecret": ["GetSecretValue", "GetSecretValue"],
    "testSecret": ["GetSecretValue"],
    "finishSecret": ["DescribeSecret", "UpdateSecretVersionStage"],
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_rotations_follow_each_other(
    database: DatabaseServer, strategy: str, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Each of four rotations leads to a password that logs in and works, and AWSPREVIOUS is what was current."""
    application = make_application(make_user(database), strategy)
    seen = {application.credentials()}
    for _ in range(4):
        before = application.credentials()
        run = application.rotate()
        assert run.succeeded, run.outcome
        assert application.works()
        assert application.credentials("AWSPREVIOUS") == before
        seen.add(application.credentials())
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
    """AWSPREVIOUS still logs in on MySQL, which keeps two passwords, and no longer on PostgreSQL, which keeps one."""
    application = make_application(make_user(database), SINGLE_USER)
    assert application.rotate().succeeded
    assert application.logs_in("AWSPREVIOUS") == (database.engine == MYSQL)


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


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_current_password_works_before_finish(
    database: DatabaseServer, strategy: str, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Up to finishSecret AWSCURRENT logs in, but for the one gap: single user on PostgreSQL, after setSecret."""
    application = make_application(make_user(database), strategy)
    token = application.begin()
    for step in ("createSecret", "setSecret", "testSecret"):
        assert not application.steps(token, step).failed
        in_the_gap = step != "createSecret" and strategy == SINGLE_USER and database.engine != MYSQL
        assert application.logs_in() != in_the_gap
    assert not application.steps(token, "finishSecret").failed
    assert application.works()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_rotation_keeps_its_budget(
    database: DatabaseServer, strategy: str, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """A rotation makes 8 calls, 2 connections and no failed login; a superuser adds one call and one connection."""
    user = make_user(database)
    application = make_application(user, strategy)
    with_superuser = strategy == ALTERNATING_USERS
    for _ in range(2):
        application.secret.cloud.calls.clear()
        user.relay.connections = 0
        assert application.rotate().succeeded
        assert application.secret.operations() == [call for calls in CALLS.values() for call in calls]
        assert application.superuser_secret.operations() == ["GetSecretValue"] * with_superuser
        assert user.relay.connections == 2 + with_superuser
        assert user.rejected_logins() == 0


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_sessions_of_the_application_survive(
    database: DatabaseServer, strategy: str, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """A session that was open before goes on working through two rotations."""
    user = make_user(database)
    application = make_application(user, strategy)
    with user.session() as work:
        for _ in range(2):
            assert application.rotate().succeeded
            assert work()


def test_one_client_of_aws_serves_all_invocations(
    newest_postgres: DatabaseServer,
    make_user: MakeUser,
    make_application: MakeApplication,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A Lambda environment makes its client once, at init, however often it is invoked."""
    made: list[str] = []

    def client(service: str, endpoint_url: str | None = None) -> object:
        made.append(service)
        return make_client(service, endpoint_url)

    make_client = aws.client
    monkeypatch.setattr(aws, "client", client)
    application = make_application(make_user(newest_postgres), ALTERNATING_USERS)
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
    mysql = database.engine == MYSQL
    user.as_superuser(f"ALTER USER '{clone}'@'%' ACCOUNT LOCK" if mysql else f"ALTER ROLE {clone} NOLOGIN")
    assert application.step("testSecret", token).error_type == "LoginRefusedError"
    assert application.promote_nothing(token)
    assert application.works()
    user.as_superuser(f"ALTER USER '{clone}'@'%' ACCOUNT UNLOCK" if mysql else f"ALTER ROLE {clone} LOGIN")
    assert not application.steps(token, *CALLS).failed
    assert application.works()
