"""Bad input: a clear error that names secret and key, before anything is written or connected to."""

import json
import re

import pytest

from lab.secretsmanager.faults import error as fault
from tests.fixtures.cloud import new_token
from tests.fixtures.databases import MYSQL, ApplicationUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, STEPS, STRATEGIES, Application, MakeApplication

CANARY = "hunter2-canary"
WRITES = {"PutSecretValue", "UpdateSecretVersionStage"}


def refused(application: Application, step: str, token: str, error: str) -> str:
    """The message of a step that must fail without writing, connecting, or telling a value of the secret."""
    application.user.relay.connections = 0
    application.secret.cloud.calls.clear()
    outcome = application.step(step, token)
    assert outcome.error_type == error, outcome
    assert not WRITES & set(application.secret.operations())
    assert application.user.relay.connections == 0
    everything = f"{outcome.error_message} {application.stdout.getvalue()} {outcome.log}"
    assert CANARY not in everything
    assert application.user.password not in everything
    return str(outcome.error_message)


@pytest.mark.parametrize("step", STEPS)
def test_a_token_that_the_secret_does_not_know(
    user: ApplicationUser, step: str, make_application: MakeApplication
) -> None:
    """An unknown token is a label conflict that says how to start a rotation."""
    message = refused(make_application(user, SINGLE_USER), step, new_token(), "LabelConflictError")
    assert "rotate-secret" in message


@pytest.mark.parametrize("step", STEPS)
def test_a_token_that_is_not_pending(user: ApplicationUser, step: str, make_application: MakeApplication) -> None:
    """A version that carries another label is a conflict that names the label."""
    application = make_application(user, SINGLE_USER)
    version = application.secret.put({"a": CANARY}, stages=("MINE",))
    assert "MINE, not AWSPENDING" in refused(application, step, version, "LabelConflictError")


@pytest.mark.parametrize("step", ["setSecret", "testSecret"])
def test_a_pending_version_without_a_value(user: ApplicationUser, step: str, make_application: MakeApplication) -> None:
    """A token whose createSecret never succeeded is a conflict that says so."""
    application = make_application(user, SINGLE_USER)
    message = refused(application, step, application.begin(), "LabelConflictError")
    assert "createSecret has not succeeded" in message


def test_rotation_that_is_not_enabled(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A secret whose rotation was cancelled is refused with the command that enables it."""
    application = make_application(user, SINGLE_USER)
    token = application.begin()
    application.secret.client.cancel_rotate_secret(SecretId=application.secret.arn)
    assert "--rotation-lambda-arn" in refused(application, "createSecret", token, "InvalidSecretError")


@pytest.mark.parametrize(
    "event", [{}, {"Step": "createSecret"}, {"Step": "x", "SecretId": "y", "ClientRequestToken": "z"}]
)
def test_an_event_that_is_none(
    user: ApplicationUser, event: dict[str, object], make_application: MakeApplication
) -> None:
    """An event that names no step, secret or token is refused before any call."""
    application = make_application(user, SINGLE_USER)
    application.secret.cloud.calls.clear()
    assert application.function.invoke(event).error_type == "InvalidEventError"
    assert application.secret.operations() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"engine": "oracle"}, "'engine'"),
        ({"engine": None}, "'engine'.*missing"),
        ({"host": None}, "'host'.*missing"),
        ({"host": "db.proxy-abc.eu-west-1.rds.amazonaws.com"}, "RDS Proxy"),
        ({"username": None}, "'username'.*missing"),
        ({"username": 5}, "'username'.*not a string"),
        ({"password": None}, "'password'.*missing"),
        ({"port": 0}, "'port'.*between"),
        ({"port": CANARY}, "'port'.*whole number"),
        ({"ssl": CANARY}, "'ssl'"),
        ({"masterarn": CANARY}, "'masterarn'.*not the ARN"),
    ],
)
def test_a_wrong_key(
    user: ApplicationUser, changes: dict[str, object], words: str, make_application: MakeApplication
) -> None:
    """A key that is missing or wrong is named together with the secret, in createSecret already."""
    application = make_application(user, SINGLE_USER, environ=None, **changes)
    message = refused(application, "createSecret", application.begin(), "InvalidSecretError")
    assert application.secret.arn in message
    assert re.search(words, message)


@pytest.mark.parametrize("value", [CANARY, f'["{CANARY}"]', f'"{CANARY}"', "{", ""])
def test_a_value_that_is_no_json_object(user: ApplicationUser, value: str, make_application: MakeApplication) -> None:
    """A value that is no JSON object is refused without a word of it."""
    application = make_application(user, SINGLE_USER)
    application.secret.put(value or " ")
    refused(application, "createSecret", application.begin(), "InvalidSecretError")


def test_a_binary_value(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A binary secret is refused, and told to be text."""
    application = make_application(user, SINGLE_USER)
    application.secret.client.put_secret_value(SecretId=application.secret.arn, SecretBinary=CANARY.encode())
    assert "binary" in refused(application, "createSecret", application.begin(), "InvalidSecretError")


@pytest.mark.parametrize("masterarn", ["", "itself"])
def test_alternating_users_without_a_superuser(
    user: ApplicationUser, masterarn: str, make_application: MakeApplication
) -> None:
    """Alternating users need the ARN of another secret in masterarn; createSecret says so."""
    application = make_application(user, ALTERNATING_USERS, masterarn=None)
    if masterarn:
        application.secret.put({**application.secret.value(), "masterarn": application.secret.arn})
    message = refused(application, "createSecret", application.begin(), "InvalidSecretError")
    assert "masterarn" in message


def test_a_user_name_that_has_no_room_for_the_suffix(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A name too long for _clone is refused with the limit; multi-byte names count as the server counts."""
    limit = 32 if user.engine == MYSQL else 63
    application = make_application(user, ALTERNATING_USERS, username="x" * (limit - 5))
    message = refused(application, "createSecret", application.begin(), "InvalidSecretError")
    assert f"{limit + 1}, and {limit} is the most" in message
    fits = "\u00e9" * (limit - 6)
    application = make_application(user, ALTERNATING_USERS, username=fits)
    outcome = application.step("createSecret", application.begin())
    assert outcome.failed == (user.engine != MYSQL)


def test_a_limit_of_user_names_can_be_lowered(user: ApplicationUser, make_application: MakeApplication) -> None:
    """USERNAME_CHARACTER_LIMIT lowers the engine's limit."""
    application = make_application(user, ALTERNATING_USERS, environ={"USERNAME_CHARACTER_LIMIT": "10"})
    assert "10 is the most" in refused(application, "createSecret", application.begin(), "InvalidSecretError")


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("change", [{"host": "127.0.0.1"}, {"port": 1}, {"username": "postgres"}])
def test_a_pending_version_for_elsewhere(
    user: ApplicationUser, strategy: str, change: dict[str, object], make_application: MakeApplication
) -> None:
    """AWSPENDING with another host, port or user than the strategy expects is refused before any connection."""
    application = make_application(user, strategy)
    token = application.begin()
    pending = {**application.secret.value(), "password": CANARY}
    if strategy == ALTERNATING_USERS:
        pending["username"] += "_clone"
    application.secret.put({**pending, **change}, stages=("AWSPENDING",), token=token)
    message = refused(application, "setSecret", token, "UnsafeRotationError")
    assert f"--remove-from-version-id {token}" in message


def test_a_malformed_pending_version(user: ApplicationUser, make_application: MakeApplication) -> None:
    """AWSPENDING that is no secret's JSON is refused and named; once its label is removed, rotation goes on."""
    application = make_application(user, SINGLE_USER)
    token = application.begin()
    application.secret.put(f"<{CANARY}>", stages=("AWSPENDING",), token=token)
    assert "AWSPENDING" in refused(application, "setSecret", token, "InvalidSecretError")
    application.cancel()
    assert application.rotate().succeeded
    assert application.works()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"username": "admin"}, "'password'.*missing"),
        ({"username": "admin", "password": CANARY}, "no key 'host'"),
        (CANARY, "not JSON"),
        ({"engine": "oracle", "username": "admin", "password": CANARY, "host": "localhost"}, "'engine'"),
    ],
)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_superuser_secret_that_is_incomplete(
    user: ApplicationUser,
    strategy: str,
    value: dict[str, object] | str,
    words: str,
    make_application: MakeApplication,
) -> None:
    """A superuser's secret that lacks something is refused in setSecret before any connection."""
    application = make_application(user, strategy)
    application.secret.put({**application.secret.value(), "masterarn": application.superuser_secret.arn})
    token = application.begin()
    assert not application.steps(token, "createSecret").failed
    application.superuser_secret.put(value)
    message = refused(application, "setSecret", token, "InvalidSecretError")
    assert application.superuser_secret.arn in message
    assert re.search(words, message)


def test_a_superuser_secret_that_is_missing(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A superuser's secret that does not exist is named, with the secret that points to it."""
    application = make_application(user, ALTERNATING_USERS)
    gone = application.superuser_secret.arn[:-6] + "gone42"
    application.secret.put({**application.secret.value(), "masterarn": gone})
    token = application.begin()
    assert not application.steps(token, "createSecret").failed
    message = refused(application, "setSecret", token, "VersionUnavailableError")
    assert gone in message
    assert application.secret.arn in message


def test_a_superuser_secret_that_may_not_be_read(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A superuser's secret that the role may not read is an error that names the permission."""
    application = make_application(user, ALTERNATING_USERS)
    token = application.begin()
    assert not application.steps(token, "createSecret").failed
    denied = fault("GetSecretValue", "AccessDeniedException", secret_arn=application.superuser_secret.arn)
    application.secret.cloud.faults.add(denied)
    message = refused(application, "setSecret", token, "SecretStoreError")
    assert "secretsmanager:GetSecretValue" in message


def test_a_huge_secret(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A secret that fills the 65,536 bytes is refused before a call that could only fail."""
    application = make_application(user, ALTERNATING_USERS, environ={"PASSWORD_LENGTH": "100"})
    value = application.secret.value()
    room = 65_536 - len(json.dumps({**value, "note": ""}))
    application.secret.put({**value, "note": "x" * room})
    message = refused(application, "createSecret", application.begin(), "InvalidSecretError")
    assert "65536 bytes" in message
