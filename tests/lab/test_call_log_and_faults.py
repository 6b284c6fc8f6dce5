"""What the local Secrets Manager shows of its calls, and what it lets go wrong."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from mypy_boto3_secretsmanager import SecretsManagerClient

from lab.application import Secret, new_token
from lab.secretsmanager import FUNCTION_CALLER, OPERATOR_CALLER, LocalSecretsManager, faults
from tests.fixtures.cloud import MakeSecret, refused
from tests.lab.helpers import wait_until

LAG_SECONDS = 0.8
HELD_SECONDS = 60
ONE_ATTEMPT = {"total_max_attempts": 1, "mode": "standard"}


@pytest.fixture
def secret(make_secret: MakeSecret) -> Secret:
    """A secret with one version."""
    return make_secret("value")


@pytest.fixture
def impatient(cloud: LocalSecretsManager) -> SecretsManagerClient:
    """A client that tries once, and waits for a second."""
    return cloud.client(Config(retries=ONE_ATTEMPT, read_timeout=1))  # type: ignore[arg-type]


@pytest.fixture
def one_attempt(cloud: LocalSecretsManager) -> SecretsManagerClient:
    """A client that tries once."""
    return cloud.client(Config(retries=ONE_ATTEMPT, read_timeout=30))  # type: ignore[arg-type]


class Clock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = time.monotonic()

    def monotonic(self) -> float:
        return self.now


def test_calls_are_logged(secret: Secret) -> None:
    """Each call is in the log with its operation, parameters, result, caller and secret."""
    with secret.cloud.calls.recorded() as calls:
        secret.client.describe_secret(SecretId=secret.name)
        with refused("ResourceNotFoundException"):
            secret.client.get_secret_value(SecretId=secret.name, VersionStage="NOPE")
    assert [(call.operation, call.result, call.caller, call.secret_arn) for call in calls] == [
        ("DescribeSecret", "OK", OPERATOR_CALLER, secret.arn),
        ("GetSecretValue", "ResourceNotFoundException", OPERATOR_CALLER, secret.arn),
    ]
    assert calls[1].parameters == {"SecretId": secret.name, "VersionStage": "NOPE"}
    assert calls[0].duration_ms > 0


def test_log_has_no_secret_values(secret: Secret) -> None:
    """Of SecretString, SecretBinary and RotationToken the log has only that they were sent."""
    token = new_token()
    secret.client.put_secret_value(SecretId=secret.arn, SecretString="hunter2", RotationToken=token)
    secret.client.put_secret_value(SecretId=secret.arn, SecretBinary=b"hunter2")
    log = repr(secret.cloud.calls.all())
    assert log.count("(present)") == 4  # with the one of CreateSecret
    assert "hunter2" not in log
    assert token not in log


def test_function_is_a_caller_of_its_own(cloud: LocalSecretsManager) -> None:
    """A process with the function's environment is told apart from the operator in the log."""
    assert cloud.environment["AWS_ACCESS_KEY_ID"] == FUNCTION_CALLER != OPERATOR_CALLER


def test_error_at_the_nth_call(secret: Secret) -> None:
    """An error strikes the calls that it was ordered for, and no other operation."""
    secret.cloud.faults.add(faults.error("DescribeSecret", "AccessDeniedException", nth=2))
    secret.version_with("AWSCURRENT")
    secret.client.describe_secret(SecretId=secret.arn)
    secret.client.get_secret_value(SecretId=secret.arn)
    with refused("AccessDeniedException", "Injected"):
        secret.client.describe_secret(SecretId=secret.arn)
    secret.client.describe_secret(SecretId=secret.arn)


def test_throttling_is_retried_by_the_client(secret: Secret) -> None:
    """Throttling is what boto3 retries by itself."""
    secret.cloud.faults.add(faults.error("DescribeSecret", "ThrottlingException"))
    secret.client.describe_secret(SecretId=secret.arn)
    results = [call.result for call in secret.cloud.calls.all(operation="DescribeSecret")]
    assert results == ["ThrottlingException", "OK"]


def test_fault_of_one_secret(secret: Secret, make_secret: MakeSecret) -> None:
    """A fault ordered for one secret spares all others."""
    other = make_secret("value")
    secret.cloud.faults.add(faults.error("*", "AccessDeniedException", secret_arn=secret.arn, times=None))
    other.client.describe_secret(SecretId=other.arn)
    with refused("AccessDeniedException"):
        secret.client.describe_secret(SecretId=secret.arn)


def test_error_before_and_after_the_effect(secret: Secret) -> None:
    """An error before the effect leaves the secret as it was, one after it only hides that the effect happened."""
    for after_effect in (False, True):
        fault = faults.error("PutSecretValue", "AccessDeniedException", after_effect=after_effect)
        token = new_token()
        with secret.cloud.faults.during(fault), refused("AccessDeniedException"):
            secret.put("new", stages=("AWSPENDING",), token=token)
        assert (token in secret.labels()) is after_effect


def test_connection_dropped_after_commit(secret: Secret, one_attempt: SecretsManagerClient) -> None:
    """A dropped connection after the effect is a lost answer to a write that was done."""
    secret.cloud.faults.add(faults.drop("PutSecretValue", after_effect=True))
    token = new_token()
    with pytest.raises(ConnectionClosedError):
        one_attempt.put_secret_value(SecretId=secret.arn, SecretString="new", ClientRequestToken=token)
    assert secret.version_with("AWSCURRENT") == token
    assert secret.cloud.calls.all()[-1].result == "ConnectionDropped"


def test_delay_is_a_timeout(secret: Secret, impatient: SecretsManagerClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delay longer than the client's patience is a timeout, and other calls are served meanwhile."""
    seen_enough = threading.Event()
    monkeypatch.setattr("lab.secretsmanager.faults.time", SimpleNamespace(sleep=seen_enough.wait))
    secret.cloud.faults.add(faults.delay("GetSecretValue", HELD_SECONDS))
    try:
        with pytest.raises(ReadTimeoutError):
            impatient.get_secret_value(SecretId=secret.arn)
        started = time.monotonic()
        secret.client.describe_secret(SecretId=secret.arn)
        assert time.monotonic() - started < HELD_SECONDS / 2
    finally:
        seen_enough.set()
    wait_until(lambda: bool(secret.cloud.calls.all(operation="GetSecretValue")))  # or a later test has it in its log


def test_reads_lag_a_write(secret: Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads that lag show the secret as it was, until the time has passed."""
    first, clock = str(secret.version_with("AWSCURRENT")), Clock()
    monkeypatch.setattr("lab.secretsmanager.backend.time", clock)
    clock.now += LAG_SECONDS
    secret.cloud.faults.add(faults.lag("*", LAG_SECONDS))
    token = secret.put("new")
    assert secret.client.get_secret_value(SecretId=secret.arn)["VersionId"] == first
    assert secret.client.describe_secret(SecretId=secret.arn)["VersionIdsToStages"] == {first: ["AWSCURRENT"]}
    clock.now += LAG_SECONDS
    assert secret.client.get_secret_value(SecretId=secret.arn)["VersionId"] == token


def test_call_of_the_tests_own(secret: Secret) -> None:
    """A fault can be any function, called between the effect and the answer."""
    seen: list[str | None] = []
    token = new_token()
    secret.cloud.faults.add(
        faults.call("PutSecretValue", lambda: seen.append(secret.version_with("AWSCURRENT")), after_effect=True)
    )
    secret.put("new", token=token)
    assert seen == [token]


def test_concurrent_puts(secret: Secret) -> None:
    """Of two overlapping PutSecretValue calls with one token and different values, exactly one wins."""
    token = new_token()

    def put(value: str) -> str:
        try:
            secret.put(value, stages=("AWSPENDING",), token=token)
        except secret.client.exceptions.ResourceExistsException:
            return "exists"
        return "OK"

    with ThreadPoolExecutor() as executor:
        assert sorted(executor.map(put, ("one", "two"))) == ["OK", "exists"]
