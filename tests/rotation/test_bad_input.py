"""Bad input: a clear error that names secret and key, before anything is written or connected to."""

import json
import re

import pytest

from lab.application import new_token
from lab.secretsmanager.faults import error as fault
from tests.fixtures.databases import ApplicationUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, STEPS, Application, MakeApplication
from tests.rotation.faulted import reach, rotates

CANARY = "hunter2-canary"
WRITES = {"PutSecretValue", "UpdateSecretVersionStage"}


@pytest.fixture
def application(user: ApplicationUser, make_application: MakeApplication) -> Application:
    """An application of a single user on each engine."""
    return make_application(user, SINGLE_USER)


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
def test_a_token_that_the_secret_does_not_know(application: Application, step: str) -> None:
    """An unknown token is a label conflict that says how to start a rotation."""
    message = refused(application, step, new_token(), "LabelConflictError")
    assert "rotate-secret" in message


@pytest.mark.parametrize("step", STEPS)
def test_a_token_that_is_not_pending(application: Application, step: str) -> None:
    """A version that carries another label is a conflict that names the label."""
    version = application.secret.put({"a": CANARY}, stages=("MINE",))
    assert "MINE, not AWSPENDING" in refused(application, step, version, "LabelConflictError")


@pytest.mark.parametrize("step", ["setSecret", "testSecret"])
def test_a_pending_version_without_a_value(application: Application, step: str) -> None:
    """A token whose createSecret never succeeded is a conflict that says so."""
    message = refused(application, step, application.begin(), "LabelConflictError")
    assert "createSecret has not succeeded" in message


def test_rotation_that_is_not_enabled(application: Application) -> None:
    """A secret whose rotation was cancelled is refused with the command that enables it."""
    token = application.begin()
    application.secret.client.cancel_rotate_secret(SecretId=application.secret.arn)
    assert "--rotation-lambda-arn" in refused(application, "createSecret", token, "InvalidSecretError")


@pytest.mark.parametrize(
    "event", [{}, {"Step": "createSecret"}, {"Step": "x", "SecretId": "y", "ClientRequestToken": "z"}]
)
def test_an_event_that_is_none(application: Application, event: dict[str, object]) -> None:
    """An event that names no step, secret or token is refused before any call."""
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
def test_a_value_that_is_no_json_object(application: Application, value: str) -> None:
    """A value that is no JSON object is refused without a word of it."""
    application.secret.put(value or " ")
    refused(application, "createSecret", application.begin(), "InvalidSecretError")


def test_a_binary_value(application: Application) -> None:
    """A binary secret is refused, and told to be text."""
    application.secret.client.put_secret_value(SecretId=application.secret.arn, SecretBinary=CANARY.encode())
    assert "binary" in refused(application, "createSecret", application.begin(), "InvalidSecretError")


@pytest.mark.parametrize("masterarn", ["", "itself"])
def test_alternating_users_without_a_superuser(
    user: ApplicationUser, masterarn: str, make_application: MakeApplication
) -> None:
    """Alternating users need the ARN of another secret in masterarn; createSecret says so."""
    application = make_application(user, ALTERNATING_USERS, masterarn=None)
    if masterarn:
        application.secret.change(masterarn=application.secret.arn)
    message = refused(application, "createSecret", application.begin(), "InvalidSecretError")
    assert "masterarn" in message


def test_a_user_name_that_has_no_room_for_the_suffix(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A name too long for _clone is refused with the limit. How multi-byte names count is the engine's own affair."""
    limit = user.kit.engine.max_username_length
    application = make_application(user, ALTERNATING_USERS, username="x" * (limit - 5))
    message = refused(application, "createSecret", application.begin(), "InvalidSecretError")
    assert f"{limit + 1}, and {limit} is the most" in message


def test_a_limit_of_user_names_can_be_lowered(user: ApplicationUser, make_application: MakeApplication) -> None:
    """USERNAME_CHARACTER_LIMIT lowers the engine's limit."""
    application = make_application(user, ALTERNATING_USERS, environ={"USERNAME_CHARACTER_LIMIT": "10"})
    assert "10 is the most" in refused(application, "createSecret", application.begin(), "InvalidSecretError")


@pytest.mark.parametrize("change", [{"host": "127.0.0.1"}, {"port": 1}, {"username": "somebody"}])
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


def test_a_malformed_pending_version(application: Application) -> None:
    """AWSPENDING that is no secret's JSON is refused and named; once its label is removed, rotation goes on."""
    token = application.begin()
    application.secret.put(f"<{CANARY}>", stages=("AWSPENDING",), token=token)
    assert "AWSPENDING" in refused(application, "setSecret", token, "InvalidSecretError")
    application.secret.remove_pending()
    rotates(application)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"username": "admin"}, "'password'.*missing"),
        ({"username": "admin", "password": CANARY}, "no key 'host'"),
        (CANARY, "not JSON"),
        ({"engine": "oracle", "username": "admin", "password": CANARY, "host": "localhost"}, "'engine'"),
    ],
)
def test_a_superuser_secret_that_is_incomplete(
    user: ApplicationUser, strategy: str, value: dict[str, object] | str, words: str, make_application: MakeApplication
) -> None:
    """A superuser's secret that lacks something is refused in setSecret before any connection."""
    application = make_application(user, strategy)
    application.secret.change(masterarn=application.superuser_secret.arn)
    token = reach(application, "setSecret")
    application.superuser_secret.put(value)
    message = refused(application, "setSecret", token, "InvalidSecretError")
    assert application.superuser_secret.arn in message
    assert re.search(words, message)


def test_a_binary_superuser_secret(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A binary superuser's secret is refused in setSecret, and told from the secret itself."""
    application = make_application(user, ALTERNATING_USERS)
    token, superuser = reach(application, "setSecret"), application.superuser_secret
    superuser.client.put_secret_value(SecretId=superuser.arn, SecretBinary=CANARY.encode())
    message = refused(application, "setSecret", token, "InvalidSecretError")
    assert re.search("superuser's secret cannot be used: .*binary", message)


def test_a_superuser_secret_that_is_missing(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A superuser's secret that does not exist is named, with the secret that points to it."""
    application = make_application(user, ALTERNATING_USERS)
    gone = application.superuser_secret.arn[:-6] + "gone42"
    application.secret.change(masterarn=gone)
    token = reach(application, "setSecret")
    message = refused(application, "setSecret", token, "InvalidSecretError")
    assert "Key 'masterarn'" in message
    assert gone in message
    assert application.secret.arn in message


def test_a_superuser_secret_that_may_not_be_read(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A superuser's secret that the role may not read is an error that names the permission."""
    application = make_application(user, ALTERNATING_USERS)
    token = reach(application, "setSecret")
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


def test_a_secret_as_scripts_write_it(user: ApplicationUser, strategy: str, make_application: MakeApplication) -> None:
    """Empty keys, blanks around a port, and words for TLS are what AWS's functions take, and survive a rotation."""
    application = make_application(user, strategy, port=f" {user.relay.port} ", ssl="require")
    odd = {"note": ""} if "masterarn" in application.secret.value() else {"note": "", "masterarn": ""}
    application.secret.change(**odd)
    before = application.secret.value()
    rotates(application, 2)
    after = application.secret.value()
    assert {**after, "password": ""} == {**before, "password": ""}


def test_a_copy_of_current_is_never_rotated(
    user: ApplicationUser, strategy: str, make_application: MakeApplication
) -> None:
    """AWSPENDING as a dry run leaves it that was cut off passes its test, and is no rotation but a conflict."""
    application = make_application(user, strategy)
    token = application.begin()
    application.secret.put(application.secret.value(), stages=("AWSPENDING",), token=token)
    assert not application.step("testSecret", token).failed
    for step in ("createSecret", "setSecret"):
        outcome = application.step(step, token)
        assert outcome.error_type == "LabelConflictError", outcome
        assert "update-secret-version-stage" in str(outcome.error_message)
        assert token in str(outcome.error_message)
        assert application.works()
    application.secret.remove_pending()
    rotates(application)
