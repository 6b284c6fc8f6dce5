"""Secrets Manager throttled, silent, cut off, forbidden, behind the times; and what becomes of a rotation.

Each kind of fault strikes each call. See test_failing_calls for refusals that come once.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial

import pytest
from botocore.retries.standard import ExponentialBackoff

from lab.cloud import ConnectionDroppedError
from lab.secretsmanager import faults
from lab.secretsmanager.faults import Fault, When
from secret_rotation.patience import Patience
from tests.fixtures.rotation import STEPS, Application
from tests.rotation.conftest import every_pairing, in_turn
from tests.rotation.faulted import CALLS, Call, heals, keeps_its_promises, reach, rotates, stopped

READ_TIMEOUT_SECONDS = 1.0
SILENT_SECONDS = 60

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


@dataclass(frozen=True)
class Kind:
    """A kind of fault, before or after the call took effect, and what the error says where it lasts."""

    make: Callable[..., Fault]
    pattern: str
    after_effect: bool = False

    def at(self, call: Call, application: Application, times: int | None = 1) -> Fault:
        """The fault at a call about the application's secret, so many times in a row; None for always."""
        when = When(nth=call.nth, times=times, secret_arn=application.secret.arn, after_effect=self.after_effect)
        return self.make(call.operation, **when)


class Silence:
    """Attempts without an answer: one goes on once the next comes, as its client has given up then; the last never."""

    def __init__(self) -> None:
        self._goes_on: Future[bool] = Future()

    def fall(self) -> None:
        """Hold an attempt back."""
        self._leave(goes_on=True)
        if not self._goes_on.result(SILENT_SECONDS):
            raise ConnectionDroppedError

    def end(self) -> None:
        """Hold nothing back any more."""
        self._leave(goes_on=False)

    def _leave(self, *, goes_on: bool) -> None:
        former, self._goes_on = self._goes_on, Future()
        former.set_result(goes_on)


SILENCE = Silence()
UNANSWERED = r"got no answer \((ReadTimeout|ConnectionClosed)Error\).*interface endpoint"
OUTAGES = {
    "throttled": Kind(
        partial(faults.error, code="ThrottlingException"), "ThrottlingException.*will try the rotation again"
    ),
    "silent": Kind(partial(faults.call, function=SILENCE.fall), UNANSWERED),
    "cut": Kind(faults.drop, UNANSWERED),
}
AFTER_EFFECT = {
    "late": replace(OUTAGES["silent"], after_effect=True),
    "cut-after-effect": replace(OUTAGES["cut"], after_effect=True),
}
KEY_DENIED = Kind(
    partial(faults.error, code="AccessDeniedException", message="Access to KMS is not allowed"),
    "role kms:Decrypt and kms:GenerateDataKey on the secret's key",
)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[Patience]:
    """All attempts of the SDK, in a fraction of the time; in the end nobody is left without an answer."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    yield Patience(aws_answer_seconds=READ_TIMEOUT_SECONDS)
    SILENCE.end()


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
def test_a_read_that_lags(application: Application, read: Call, lag_seconds: float) -> None:
    """A read that is behind, right after another rotation, is repeated until it agrees with the event."""
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
def test_a_read_of_awscurrent_that_lags(application: Application, step: str) -> None:
    """AWSCURRENT as it was before another rotation, for a second: the service completes, and no password is lost."""
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
    calls = application.secret.cloud.calls.all(operation=operation, secret_arn=application.secret.arn)
    refusals = {call.result for call in calls if call.result != "OK"}
    # The same refusal twice where the other run took longer than the client waits for an answer: it asked again.
    assert refusals == {{"createSecret": "ResourceExistsException"}.get(step, "InvalidParameterException")}
    keeps_its_promises(application)
    rotates(application)
