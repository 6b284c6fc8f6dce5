"""The calls that only some rotations make (the superuser's secret, older versions, RDS), each failing in turn."""

import pytest
from botocore.retries.standard import ExponentialBackoff

from lab.secretsmanager import faults
from tests.fixtures.rotation import Application
from tests.rotation.faulted import heals, reach, stopped
from tests.rotation.rds import instance, managed_by_rds

KEY_DENIED = ("AccessDeniedException", "Access to KMS is not allowed")
Failure = tuple[str, str]


@pytest.fixture(autouse=True)
def impatient_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's own number of attempts, without the waits between them."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)


def fails(application: Application, operation: str, failure: Failure, about: str | None, *patterns: str) -> None:
    """Check that setSecret ends in one SecretStoreError while this call fails, and that all heals afterwards."""
    token = reach(application, "setSecret")
    code, message = failure
    with application.secret.cloud.faults.during(faults.error(operation, code, message, times=None, secret_arn=about)):
        outcome = application.step("setSecret", token)
    stopped(application, outcome, "SecretStoreError", operation, code, *patterns)
    heals(application, token)


@pytest.mark.parametrize(
    ("failure", "pattern"),
    [
        (("AccessDeniedException", ""), "role secretsmanager:GetSecretValue"),
        (KEY_DENIED, "role kms:Decrypt"),
        (("DecryptionFailure", ""), "role kms:Decrypt"),
        (("ThrottlingException", ""), "will try the rotation again"),
    ],
)
def test_the_superusers_secret(application: Application, failure: Failure, pattern: str) -> None:
    """The error names the superuser's secret, the secret that points to it, and the permission on that one."""
    superuser, secret = application.superuser_secret.arn, application.secret.arn
    fails(application, "GetSecretValue", failure, superuser, f"which masterarn of {secret}", superuser, pattern)


@pytest.mark.parametrize(
    ("operation", "failure", "pattern"),
    [
        ("DescribeSecret", ("AccessDeniedException", ""), "role secretsmanager:DescribeSecret"),
        ("DescribeDBInstances", ("AccessDenied", ""), "role rds:DescribeDBInstances"),
        ("DescribeDBInstances", ("Throttling", ""), "will try the rotation again"),
        ("DescribeDBInstances", ("InternalFailure", ""), "will try the rotation again"),
    ],
)
def test_a_superusers_secret_that_rds_manages(
    application: Application, operation: str, failure: Failure, pattern: str
) -> None:
    """To find its host takes one call of each service; the error names the one that fails."""
    database = instance(application.user)
    application.secret.cloud.databases.instances.append(database)
    managed_by_rds(application, "aws:rds:primaryDBInstanceArn", database.arn)
    about = application.superuser_secret.arn if operation == "DescribeSecret" else None
    fails(application, operation, failure, about, pattern)


def test_a_reader_that_rds_may_not_tell_of(application: Application) -> None:
    """Whether two hosts are one database is not guessed: the refused call is the error, and names its permission."""
    superuser = application.superuser_secret
    superuser.change(host="127.0.0.1")
    token = reach(application, "setSecret")
    with application.secret.cloud.faults.during(faults.error("DescribeDBInstances", "AccessDenied")):
        outcome = application.step("setSecret", token)
    stopped(application, outcome, "SecretStoreError", "role rds:DescribeDBInstances")
    superuser.change(host="localhost")
    heals(application, token)


@pytest.mark.parametrize("operation", ["ListSecretVersionIds", "GetSecretValue"])
@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServiceError"])
def test_older_versions_that_cannot_be_read_just_now(application: Application, operation: str, code: str) -> None:
    """Where only AWSPREVIOUS still logs in, and its read fails, nobody is told that no password is known."""
    assert application.rotate().succeeded
    application.user.set_password("changed-by-hand", application.credentials()[0])
    token = reach(application, "setSecret")
    arn, nth = application.secret.arn, 3 if operation == "GetSecretValue" else 1
    with application.secret.cloud.faults.during(faults.error(operation, code, nth=nth, times=None, secret_arn=arn)):
        outcome = application.step("setSecret", token)
    assert outcome.error_type == "SecretStoreError", outcome
    assert f"{operation} of {arn}" in str(outcome.error_message)
    assert "will try the rotation again" in str(outcome.error_message)
    heals(application, token)
