"""The local rotation service behaves as AWS's; sources in lab/secretsmanager/README.md."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from mypy_boto3_secretsmanager import SecretsManagerClient

from lab.application import Secret, new_token
from lab.lambda_environment import InProcessFunction, Invocation
from lab.secretsmanager import LocalSecretsManager
from tests.fixtures.cloud import MakeSecret, refused
from tests.lab.helpers import PATIENCE_SECONDS

STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]


@dataclass
class Rotator:
    """A rotation function without a database, that keeps the events and fails where it is told to."""

    client: SecretsManagerClient
    fail_at: str | None = None
    failures: int = 1000
    pause_at: str | None = None
    events: list[Mapping[str, object]] = field(default_factory=list)
    paused: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    @property
    def steps(self) -> list[object]:
        return [event["Step"] for event in self.events]

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        self.events.append(event)
        if event["Step"] == self.pause_at:
            self.paused.set()
            self.go_on.wait(PATIENCE_SECONDS)
        step = {key: str(value) for key, value in event.items()}
        return InProcessFunction(lambda _event, _context: self._step(**step)).invoke(event)

    def _step(self, Step: str, SecretId: str, ClientRequestToken: str, **token: str) -> None:  # noqa: N803 - the event's keys
        if self.fail_at == Step and self.failures:
            self.failures -= 1
            raise ValueError("no luck")
        if Step == "createSecret":
            self.client.put_secret_value(
                SecretId=SecretId,
                ClientRequestToken=ClientRequestToken,
                SecretString="new",
                VersionStages=["AWSPENDING"],
                **token,
            )
        if Step == "finishSecret":
            versions = self.client.describe_secret(SecretId=SecretId)["VersionIdsToStages"]
            self.client.update_secret_version_stage(
                SecretId=SecretId,
                VersionStage="AWSCURRENT",
                MoveToVersionId=ClientRequestToken,
                RemoveFromVersionId=next(i for i, labels in versions.items() if "AWSCURRENT" in labels),
            )


@pytest.fixture
def rotator(client: SecretsManagerClient) -> Rotator:
    """A rotation function."""
    return Rotator(client)


@pytest.fixture
def secret(make_rotating_secret: MakeSecret, rotator: Rotator) -> Secret:
    """A secret that the rotator rotates."""
    return make_rotating_secret("old", rotator)


@contextmanager
def paused(secret: Secret, rotator: Rotator, step: str, **parameters: Any) -> Iterator[str]:  # noqa: ANN401 - boto3's
    """While a rotation of the secret is in this step; its token, where it is no dry run."""
    rotator.pause_at = step
    answer = secret.client.rotate_secret(SecretId=secret.arn, **parameters)
    assert rotator.paused.wait(PATIENCE_SECONDS)
    yield answer.get("VersionId", "")
    rotator.go_on.set()
    secret.cloud.wait_for_rotation(secret.arn)


def names(secret: Secret) -> list[str]:
    """The names of the secret's CloudTrail events."""
    return [event.name for event in secret.cloud.events(secret.arn)]


def test_four_steps(secret: Secret, rotator: Rotator) -> None:
    """A rotation invokes the four steps in order, with the secret's ARN and the token, and nothing else."""
    token = new_token()
    run = secret.rotate(ClientRequestToken=token)
    assert run.succeeded
    assert rotator.events == [{"Step": step, "SecretId": secret.arn, "ClientRequestToken": token} for step in STEPS]
    assert names(secret) == ["RotationStarted", "RotationSucceeded"]
    assert "LastRotatedDate" in secret.client.describe_secret(SecretId=secret.arn)


def test_rotate_secret_is_asynchronous(secret: Secret, rotator: Rotator) -> None:
    """RotateSecret answers while the first step runs; the token is AWSPENDING without a value until it is put."""
    with paused(secret, rotator, "createSecret") as token:
        assert secret.labels()[token] == {"AWSPENDING"}
        with refused("ResourceNotFoundException"):
            secret.client.get_secret_value(SecretId=secret.arn, VersionId=token, VersionStage="AWSPENDING")
    assert secret.cloud.wait_for_rotation(secret.arn).succeeded


def test_an_empty_version_is_not_listed(secret: Secret) -> None:
    """ListSecretVersionIds has only versions with a value."""
    token = secret.begin()
    listed = secret.client.list_secret_version_ids(SecretId=secret.arn, IncludeDeprecated=True)["Versions"]
    assert token not in [version["VersionId"] for version in listed]


def test_an_empty_version_cannot_become_current(secret: Secret) -> None:
    """AWSCURRENT does not move to a version without a value."""
    first, token = str(secret.version_with("AWSCURRENT")), secret.begin()
    with refused("InvalidRequestException", "no value"):
        secret.client.update_secret_version_stage(
            SecretId=secret.arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=first
        )


def test_retries_with_the_same_token(secret: Secret, rotator: Rotator) -> None:
    """A rotation that failed is attempted again from its first step, with the same token."""
    rotator.fail_at, rotator.failures = "setSecret", 1
    run = secret.rotate()
    assert run.succeeded
    assert rotator.steps == ["createSecret", "setSecret", *STEPS]
    assert {event["ClientRequestToken"] for event in rotator.events} == {run.token}
    assert names(secret) == ["RotationStarted", "RotationFailed", "RotationStarted", "RotationSucceeded"]


def test_failure_names_the_step(secret: Secret, rotator: Rotator) -> None:
    """A rotation stops at the step that fails, and its event says which it was and why."""
    rotator.fail_at = "testSecret"
    run = secret.rotate()
    assert run.outcome is not None
    assert run.outcome.error_message == "testSecret failed: ValueError: no luck"
    assert "finishSecret" not in rotator.steps
    assert secret.labels()[run.token] == {"AWSPENDING"}


def test_next_rotation_is_refused_and_reattempts(secret: Secret, rotator: Rotator) -> None:
    """While AWSPENDING is elsewhere than AWSCURRENT, RotateSecret is refused and the old token is tried again."""
    rotator.fail_at = "setSecret"
    failed = secret.rotate()
    rotator.fail_at = None
    told = "^.*A previous rotation isn't complete. That rotation will be reattempted.$"
    with refused("InvalidRequestException", told):
        secret.client.rotate_secret(SecretId=secret.arn)
    run = secret.cloud.wait_for_rotation(secret.arn)
    assert (run.succeeded, run.token) == (True, failed.token)


def test_pending_on_the_current_version_is_complete(secret: Secret) -> None:
    """A leftover AWSPENDING on the AWSCURRENT version does not stand in the way of the next rotation."""
    first = secret.rotate()
    assert secret.labels()[first.token] == {"AWSCURRENT", "AWSPENDING"}
    second = secret.rotate()
    assert secret.labels() == {first.token: {"AWSPREVIOUS"}, second.token: {"AWSCURRENT", "AWSPENDING"}}


def test_finish_without_effect_is_a_failure(make_rotating_secret: MakeSecret) -> None:
    """A function that reports success but leaves AWSPENDING beside AWSCURRENT has failed."""
    secret = make_rotating_secret("old", InProcessFunction(lambda _event, _context: None))
    run = secret.rotate()
    assert run.outcome is not None
    assert "still carries AWSPENDING" in str(run.outcome.error_message)


def test_the_same_request_twice(secret: Secret, rotator: Rotator) -> None:
    """RotateSecret with the token of a rotation that began already begins no second one."""
    token = new_token()
    secret.rotate(ClientRequestToken=token)
    secret.rotate(ClientRequestToken=token)
    assert rotator.steps == STEPS


def test_dry_run(secret: Secret, rotator: Rotator) -> None:
    """RotateImmediately=false invokes testSecret only, on a copy of AWSCURRENT as it is now, which it then removes."""
    secret.put("changed since its creation")
    before = secret.labels()
    with paused(secret, rotator, "testSecret", RotateImmediately=False):
        pending = secret.client.get_secret_value(SecretId=secret.arn, VersionStage="AWSPENDING")
        assert (pending["SecretString"], pending["VersionStages"]) == ("changed since its creation", ["AWSPENDING"])
        assert pending["VersionId"] not in before
    assert secret.cloud.wait_for_rotation(secret.arn).succeeded
    assert (secret.labels(), rotator.steps) == (before, ["testSecret"])
    assert names(secret) == ["TestRotationStarted", "TestRotationSucceeded"]


def test_failed_dry_run(secret: Secret, rotator: Rotator) -> None:
    """A dry run that fails says so, is not repeated, and leaves no version behind."""
    rotator.fail_at, before = "testSecret", secret.labels()
    run = secret.rotate(RotateImmediately=False)
    assert not run.succeeded
    assert (secret.labels(), rotator.steps) == (before, ["testSecret"])
    assert names(secret) == ["TestRotationStarted", "TestRotationFailed"]


@pytest.mark.parametrize("operation", ["put_secret_value", "update_secret"])
def test_manual_value_abandons_the_rotation(secret: Secret, rotator: Rotator, operation: str) -> None:
    """A value put by hand in the middle of a rotation takes AWSPENDING away and ends the rotation."""
    with paused(secret, rotator, "setSecret"):
        token = getattr(secret.client, operation)(SecretId=secret.arn, SecretString="by hand")["VersionId"]
        assert secret.version_with("AWSPENDING") is None
    assert secret.version_with("AWSCURRENT") == token
    assert rotator.steps == ["createSecret", "setSecret"]
    assert names(secret) == ["RotationStarted", "RotationAbandoned"]


def test_pending_removed_by_hand_abandons_the_rotation(secret: Secret, rotator: Rotator) -> None:
    """Taking AWSPENDING off a failed rotation's version unsticks the secret: the next rotation has a new token."""
    rotator.fail_at = "setSecret"
    failed = secret.rotate()
    secret.remove_pending()
    assert names(secret)[-1] == "RotationAbandoned"
    rotator.fail_at = None
    run = secret.rotate()
    assert run.succeeded
    assert run.token != failed.token


def test_cancel(secret: Secret, rotator: Rotator) -> None:
    """CancelRotateSecret turns rotation off, invokes no further step, and leaves the labels as they are."""
    with paused(secret, rotator, "setSecret") as token:
        secret.client.cancel_rotate_secret(SecretId=secret.arn)
    assert rotator.steps == ["createSecret", "setSecret"]
    assert secret.labels()[token] == {"AWSPENDING"}
    assert secret.client.describe_secret(SecretId=secret.arn)["RotationEnabled"] is False


def test_cancel_without_rotation(make_secret: MakeSecret) -> None:
    """CancelRotateSecret is refused where rotation was never configured."""
    secret = make_secret("value")
    with refused("InvalidRequestException"):
        secret.client.cancel_rotate_secret(SecretId=secret.arn)


def test_rotation_token(secret: Secret, rotator: Rotator) -> None:
    """A secret that requires it is rotated by events with a RotationToken, which PutSecretValue must then carry."""
    secret.cloud.require_rotation_token(secret.arn)
    assert secret.rotate().succeeded
    assert all(len(str(event["RotationToken"])) >= 36 for event in rotator.events)


@pytest.mark.parametrize("token", [{}, {"RotationToken": "0" * 36}], ids=["missing", "wrong"])
def test_rotation_token_is_checked(secret: Secret, token: dict[str, str]) -> None:
    """Without the rotation's own RotationToken, PutSecretValue is refused where it is required."""
    secret.cloud.require_rotation_token(secret.arn)
    version = secret.begin()
    with refused("AccessDeniedException", "RotationToken"):
        secret.client.put_secret_value(
            SecretId=secret.arn, ClientRequestToken=version, SecretString="x", VersionStages=["AWSPENDING"], **token
        )


def test_unknown_function(make_secret: MakeSecret) -> None:
    """RotateSecret is refused without a function, and with one that Secrets Manager cannot invoke."""
    secret = make_secret("value")
    with refused("InvalidRequestException", "No Lambda rotation function ARN"):
        secret.client.rotate_secret(SecretId=secret.arn)
    with refused("AccessDeniedException", "cannot invoke the specified Lambda function"):
        secret.client.rotate_secret(SecretId=secret.arn, RotationLambdaARN="arn:aws:lambda:us-east-1:1:function:none")
    assert "RotationEnabled" not in secret.client.describe_secret(SecretId=secret.arn)


def test_configuration_is_described(secret: Secret) -> None:
    """DescribeSecret shows the function, the schedule as it was given, and the next date."""
    rules = {"ScheduleExpression": "rate(10 days)", "Duration": "3h"}
    secret.rotate(RotationRules=rules)
    described = secret.client.describe_secret(SecretId=secret.arn)
    assert (described["RotationEnabled"], described["RotationRules"]) == (True, rules)
    assert described["NextRotationDate"] > described["LastRotatedDate"]


def test_steps_are_recorded(secret: Secret) -> None:
    """A run tells for each step what the function answered and how the labels moved."""
    run = secret.rotate()
    assert [(record.step, record.invocation.failed) for record in run.steps] == [(step, False) for step in STEPS]
    assert run.steps[-1].labels_before[run.token] == {"AWSPENDING"}
    assert run.steps[-1].labels_after[run.token] == {"AWSCURRENT", "AWSPENDING"}


def test_waiting_for_no_rotation(secret: Secret, cloud: LocalSecretsManager) -> None:
    """Waiting for a rotation that nobody began is an error, not an endless wait."""
    with pytest.raises(LookupError, match="never rotated"):
        cloud.wait_for_rotation(secret.arn)
