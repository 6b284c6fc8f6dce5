"""Secrets Manager that is slow or hangs: each step ends before its invocation does, says what was slow, and heals."""

from threading import Event

import pytest
from botocore.retries.standard import ExponentialBackoff

from lab.secretsmanager import faults
from lab.secretsmanager.faults import ANY_OPERATION
from secret_rotation.deadline import RESERVE_SECONDS, SLOW_SECONDS
from secret_rotation.patience import PATIENCE, Patience
from tests.fixtures.rotation import Application
from tests.rotation.conftest import in_turn
from tests.rotation.faulted import CALLS, Call, heals, reach, stopped

HANGING_SECONDS = 60


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Patience:
    """As deployed, but for the waits between attempts."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    return PATIENCE


def _warm(application: Application) -> None:
    """Have all loaded that is loaded once: on a busy machine that takes seconds, which the tests give to calls."""
    assert application.rotate().succeeded


def _give(application: Application, seconds: float) -> float:
    """Let the next invocations have so long for their work; how long they last."""
    application.function.timeout_seconds = seconds + RESERVE_SECONDS
    return application.function.timeout_seconds


@in_turn("seconds_hanging, call", {"hangs": HANGING_SECONDS}, CALLS)
def test_a_call_that_hangs(application: Application, seconds_hanging: float, call: Call) -> None:
    """An attempt has what is left, not its usual five seconds, and there is no other one."""
    _warm(application)
    token, released = reach(application, call.step), Event()
    seconds = _give(application, 2)

    def hang() -> None:
        released.wait(seconds_hanging)

    hangs = faults.call(call.operation, hang, nth=call.nth, times=None, secret_arn=application.secret.arn)
    with application.secret.cloud.faults.during(hangs):
        outcome = application.step(call.step, token)
    released.set()
    assert outcome.duration_ms < seconds * 1000
    stopped(application, outcome, "SecretStoreError", call.operation, application.secret.arn, "time is used up")
    _give(application, 30)
    heals(application, token)


@in_turn("seconds_slow, step", {"slow": SLOW_SECONDS + 1}, {"createSecret": "createSecret"})
def test_calls_that_are_all_slow(application: Application, seconds_slow: float, step: str) -> None:
    """None of them is slow enough to fail; together they are, and the message names each."""
    _warm(application)
    token = reach(application, step)
    seconds = _give(application, 2.8 * seconds_slow)
    with application.secret.cloud.faults.during(faults.delay(ANY_OPERATION, seconds_slow, times=None)):
        outcome = application.step(step, token)
    assert outcome.duration_ms < seconds * 1000
    took = r"took \d\.\d s"
    stopped(
        application, outcome, "SecretStoreError", "^PutSecretValue", rf"DescribeSecret {took}, GetSecretValue {took}"
    )
    _give(application, 30)
    heals(application, token)
