"""Secrets Manager throttled, silent, cut off, forbidden, behind the times; and what becomes of a rotation.

Each kind of fault strikes each call. See test_failing_calls for refusals that come once.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from botocore.config import Config
from botocore.retries.standard import ExponentialBackoff

from lab.secretsmanager import faults
from lab.secretsmanager.faults import Fault, When
from secret_rotation import aws, rotation
from tests.fixtures.rotation import STEPS, Application
from tests.rotation.conftest import every_pairing, in_turn
from tests.rotation.faulted import heals, keeps_its_promises, reach, rotates, stopped

SETTLE_DELAYS_SECONDS = rotation.SETTLE_DELAYS_SECONDS
READ_TIMEOUT_SECONDS = 0.25
TOO_LATE_SECONDS = 0.4


@dataclass(frozen=True)
class Call:
    """One of the calls of a rotation: the nth of its operation in its step."""

    step: str
    operation: str
    nth: int = 1


CALLS = {
    "-".join((call.step, call.operation, str(call.nth))): call
    for call in (
        Call("createSecret", "DescribeSecret"),
        Call("createSecret", "GetSecretValue"),
        Call("createSecret", "PutSecretValue"),
        Call("setSecret", "GetSecretValue"),
        Call("setSecret", "GetSecretValue", 2),
        Call("testSecret", "GetSecretValue"),
        Call("finishSecret", "DescribeSecret"),
        Call("finishSecret", "UpdateSecretVersionStage"),
    )
}
WRITES = {name: call for name, call in CALLS.items() if call.operation.startswith(("Put", "Update"))}
KEY_USERS = {name: call for name, call in CALLS.items() if call.operation in ("GetSecretValue", "PutSecretValue")}
READS = {
    name: CALLS[name]
    for name in (
        "createSecret-DescribeSecret-1",
        "setSecret-GetSecretValue-1",
        "testSecret-GetSecretValue-1",
        "finishSecret-DescribeSecret-1",
    )
}


def _throttled(operation: str, when: When) -> Fault:
    return faults.error(operation, "ThrottlingException", **when)


def _silent(operation: str, when: When) -> Fault:
    return faults.delay(operation, TOO_LATE_SECONDS, **when)


def _cut(operation: str, when: When) -> Fault:
    return faults.drop(operation, **when)


def _without_key(operation: str, when: When) -> Fault:
    return faults.error(operation, "AccessDeniedException", "Access to KMS is not allowed", **when)


@dataclass(frozen=True)
class Kind:
    """A kind of fault, before or after the call took effect, and what the error says where it lasts."""

    make: Callable[[str, When], Fault]
    pattern: str
    after_effect: bool = False

    def at(self, call: Call, application: Application, times: int | None = 1) -> Fault:
        """The fault at a call about the application's secret, so many times in a row; None for always."""
        when = When(nth=call.nth, times=times, secret_arn=application.secret.arn, after_effect=self.after_effect)
        return self.make(call.operation, when)


UNANSWERED = r"got no answer \((ReadTimeout|ConnectionClosed)Error\).*interface endpoint"
OUTAGES = {
    "throttled": Kind(_throttled, "ThrottlingException.*will try the rotation again"),
    "silent": Kind(_silent, UNANSWERED),
    "cut": Kind(_cut, UNANSWERED),
}
AFTER_EFFECT = {
    "late": Kind(_silent, UNANSWERED, after_effect=True),
    "cut-after-effect": Kind(_cut, UNANSWERED, after_effect=True),
}
KEY_DENIED = Kind(_without_key, "role kms:Decrypt and kms:GenerateDataKey on the secret's key")


@pytest.fixture(autouse=True)
def impatient_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's own number of attempts, in a fraction of the time."""
    config = Config(read_timeout=READ_TIMEOUT_SECONDS, retries={"mode": "standard", "total_max_attempts": 3})
    monkeypatch.setattr(aws, "_CONFIG", config)
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)


@in_turn("outage, call", OUTAGES, CALLS)
def test_an_outage_that_lasts(application: Application, outage: Kind, call: Call) -> None:
    """All attempts of the SDK fail: one error that names operation, secret and remedy; the next attempt completes."""
    token = reach(application, call.step)
    with application.secret.cloud.faults.during(outage.at(call, application, None)):
        outcome = application.step(call.step, token)
    stopped(application, outcome, "SecretStoreError", call.operation, application.secret.arn, outage.pattern)
    heals(application, token)


@in_turn("outage, call", AFTER_EFFECT, WRITES)
def test_answers_that_are_lost_for_good(application: Application, outage: Kind, call: Call) -> None:
    """The call took effect, and no attempt has an answer: an error, or none where a further look shows the effect."""
    token = reach(application, call.step)
    with application.secret.cloud.faults.during(outage.at(call, application, None)):
        outcome = application.step(call.step, token)
    if call.operation == "PutSecretValue":
        stopped(application, outcome, "SecretStoreError", call.operation, outage.pattern)
    else:
        assert not outcome.failed, outcome
    heals(application, token)


@in_turn("outage, call", OUTAGES | AFTER_EFFECT, WRITES)
def test_an_outage_that_passes(application: Application, outage: Kind, call: Call) -> None:
    """Two attempts of the SDK fail and the third does not: nobody notices, and the call took effect once."""
    token = reach(application, call.step)
    application.secret.cloud.faults.add(outage.at(call, application, 2))
    assert not application.steps(token, *STEPS[STEPS.index(call.step) :]).failed
    application.secret.cloud.faults.clear()
    assert application.secret.version_with("AWSCURRENT") == token
    keeps_its_promises(application)
    rotates(application)


@in_turn("denial, call", {"key-denied": KEY_DENIED}, KEY_USERS)
def test_a_key_that_is_denied(application: Application, denial: Kind, call: Call) -> None:
    """What KMS denies comes as the AccessDeniedException of Secrets Manager; the error names the key's permissions."""
    token = reach(application, call.step)
    with application.secret.cloud.faults.during(denial.at(call, application)):
        outcome = application.step(call.step, token)
    stopped(application, outcome, "SecretStoreError", call.operation, denial.pattern)
    assert "role secretsmanager:" not in str(outcome.error_message)
    heals(application, token)


@in_turn("read, lag_seconds", READS, {"a-second": 1.0})
def test_a_read_that_lags(
    application: Application, read: Call, lag_seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read that is behind, right after another rotation, is repeated until it agrees with the event."""
    monkeypatch.setattr(rotation, "SETTLE_DELAYS_SECONDS", SETTLE_DELAYS_SECONDS)
    time.sleep(lag_seconds)  # so that the secret was there a second ago, before the other rotation
    rotates(application)
    token = reach(application, read.step)
    lag = faults.lag(read.operation, lag_seconds, nth=read.nth, secret_arn=application.secret.arn)
    with application.secret.cloud.faults.during(lag):
        outcome = application.step(read.step, token)
    assert not outcome.failed, outcome
    keeps_its_promises(application)
    heals(application, token)


@every_pairing
@pytest.mark.parametrize("step", ["createSecret", "setSecret"])
def test_a_read_of_awscurrent_that_lags(application: Application, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWSCURRENT as it was before another rotation, for a second: the service completes, and no password is lost."""
    monkeypatch.setattr(rotation, "SETTLE_DELAYS_SECONDS", SETTLE_DELAYS_SECONDS)
    time.sleep(1)
    rotates(application)
    token = reach(application, step)
    behind = faults.lag(
        "GetSecretValue", 1.0, nth=1 if step == "createSecret" else 2, secret_arn=application.secret.arn
    )
    with application.secret.cloud.faults.during(behind):
        application.step(step, token)
    keeps_its_promises(application)
    heals(application, token)


@every_pairing
@pytest.mark.parametrize("step", ["createSecret", "finishSecret"])
def test_an_overlapping_run_of_the_same_step(application: Application, step: str) -> None:
    """A delivery of the same event that is faster than this one: both succeed, and one password is the secret's."""
    operation = {"createSecret": "PutSecretValue", "finishSecret": "UpdateSecretVersionStage"}[step]
    token = reach(application, step)
    failed: list[bool] = []
    overlap = faults.call(
        operation, lambda: failed.append(application.step(step, token).failed), secret_arn=application.secret.arn
    )
    application.secret.cloud.faults.add(overlap)
    assert not application.steps(token, *STEPS[STEPS.index(step) :]).failed
    assert failed == [False]
    refusals = [call.result for call in application.secret.cloud.calls.all(operation=operation) if call.result != "OK"]
    assert refusals == [{"createSecret": "ResourceExistsException"}.get(step, "InvalidParameterException")]
    keeps_its_promises(application)
    rotates(application)
