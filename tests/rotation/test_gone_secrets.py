"""Secrets that are being deleted, never had a value, or whose labels moved: the error ends with the command to type."""

import pytest

from lab.secretsmanager import faults
from lab.servers import DatabaseServer
from tests.fixtures.cloud import MakeSecret
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, STEPS, Application, MakeApplication
from tests.rotation.faulted import completes, reach


@pytest.fixture
def application(any_database: DatabaseServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application; what becomes of its secret does not depend on its database."""
    return make_application(make_user(any_database), SINGLE_USER)


def refused(application: Application, event: dict[str, object], error: str) -> str:
    """The message of a step that must fail by this error without connecting."""
    application.user.relay.connections = 0
    outcome = application.function.invoke(event)
    assert outcome.error_type == error, outcome
    assert application.user.relay.connections == 0
    return str(outcome.error_message)


@pytest.mark.parametrize("step", STEPS)
def test_a_secret_that_is_scheduled_for_deletion(application: Application, step: str) -> None:
    """Each step says so and how to restore it; the rotation then completes with the same token."""
    token, client, arn = reach(application, step), application.secret.client, application.secret.arn
    event = application.secret.event(step, token)
    client.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    message = refused(application, event, "SecretStoreError")
    assert message.endswith(f"scheduled for deletion. If it is still needed, restore it: {command('restore', arn)}")
    client.restore_secret(SecretId=arn)
    completes(application, token)


def test_a_secret_that_never_had_a_value(application: Application, make_secret: MakeSecret) -> None:
    """There is no label to put back: the secret needs a value, out of a file."""
    secret = make_secret(None)
    secret.enable_rotation(application.function)
    outcome = application.function.invoke(secret.event("createSecret", secret.begin()))
    assert outcome.error_type == "LabelConflictError", outcome
    value = f"aws secretsmanager put-secret-value --secret-id {secret.arn} --secret-string file://secret.json"
    assert str(outcome.error_message).endswith(value)


@pytest.mark.parametrize("value", ["<no JSON>", "binary", '{"engine": "toy"}'])
def test_a_pending_version_that_nobody_can_mend(application: Application, value: str) -> None:
    """A version's value stays what it is, so the way out is to take its label away; the command does it."""
    token, arn = application.begin(), application.secret.arn
    content = {"SecretBinary": b"binary"} if value == "binary" else {"SecretString": value}
    application.secret.client.put_secret_value(
        SecretId=arn, ClientRequestToken=token, VersionStages=["AWSPENDING"], **content
    )
    for step in ("setSecret", "testSecret"):
        message = refused(application, application.secret.event(step, token), "InvalidSecretError")
        assert f"--version-stage AWSPENDING --remove-from-version-id {token} && aws" in message
        assert message.endswith(command("rotate", arn))
    application.secret.remove_pending()
    assert application.rotate().succeeded


def test_current_that_moves_while_it_is_promoted(application: Application) -> None:
    """Where AWSCURRENT is not where it was, nothing is moved, and the error has the command that begins again."""
    token, secret = reach(application, "finishSecret"), application.secret
    moved = faults.error("UpdateSecretVersionStage", "InvalidRequestException", times=None, secret_arn=secret.arn)
    with secret.cloud.faults.during(moved):
        message = refused(application, secret.event("finishSecret", token), "LabelConflictError")
    assert message.endswith(f"nothing was moved. Rotate again: {command('rotate', secret.arn)}")
    completes(application, token)


def command(verb: str, arn: str) -> str:
    """The command that does this to the secret."""
    return f"aws secretsmanager {verb}-secret --secret-id {arn}"
