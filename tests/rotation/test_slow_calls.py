"""Secrets Manager that is slow or hangs: each step ends before its invocation does, says what was slow, and heals."""

from dataclasses import dataclass, replace
from threading import Event

import pytest
from botocore.retries.standard import ExponentialBackoff

from lab.lambda_environment import InProcessContext
from lab.secretsmanager import faults
from lab.secretsmanager.faults import ANY_OPERATION
from secret_rotation.deadline import RESERVE_SECONDS, SLOW_SECONDS
from secret_rotation.patience import PATIENCE, Patience
from tests.fixtures.rotation import Application
from tests.rotation.conftest import in_turn
from tests.rotation.faulted import CALLS, Call, heals, reach, stopped

HANGING_SECONDS = 120
ENOUGH_SECONDS = 30
"""A step that does not look at what is left of its invocation takes longer."""


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Patience:
    """As deployed, but for the waits between attempts, and for an answer: it is what is left that ends an attempt."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    return replace(PATIENCE, aws_answer_seconds=2 * ENOUGH_SECONDS)


@dataclass
class Left:
    """What an invocation has left for its work: as the test has it, and not by how slow this machine is."""

    seconds: float = ENOUGH_SECONDS

    def in_millis(self) -> int:
        """What Lambda says then."""
        return int((self.seconds + RESERVE_SECONDS) * 1000)


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> Left:
    """The same for all invocations."""
    left = Left()
    monkeypatch.setattr(InProcessContext, "get_remaining_time_in_millis", left.in_millis)
    return left


@in_turn("seconds_hanging, call", {"hangs": HANGING_SECONDS}, CALLS)
def test_a_call_that_hangs(application: Application, left: Left, seconds_hanging: float, call: Call) -> None:
    """An attempt has what is left, not its usual time, and there is no other one."""
    token, released = reach(application, call.step), Event()
    left.seconds = 2

    def hang() -> None:
        left.seconds = 0
        released.wait(seconds_hanging)

    hangs = faults.call(call.operation, hang, nth=call.nth, times=None, secret_arn=application.secret.arn)
    with application.secret.cloud.faults.during(hangs):
        outcome = application.step(call.step, token)
    released.set()
    assert outcome.duration_ms < ENOUGH_SECONDS * 1000
    stopped(application, outcome, "SecretStoreError", call.operation, application.secret.arn, "time is used up")
    left.seconds = ENOUGH_SECONDS
    heals(application, token)


@in_turn("seconds_slow, step", {"slow": SLOW_SECONDS + 1}, {"createSecret": "createSecret"})
def test_calls_that_are_all_slow(application: Application, left: Left, seconds_slow: float, step: str) -> None:
    """None of them is slow enough to fail; together they are, and the message names each."""
    token, released = reach(application, step), Event()
    after_each = iter([ENOUGH_SECONDS / 2, seconds_slow])

    def answer_slowly() -> None:
        left.seconds = next(after_each, 0)
        released.wait(seconds_slow if left.seconds else HANGING_SECONDS)

    slow = faults.call(ANY_OPERATION, answer_slowly, times=None)
    with application.secret.cloud.faults.during(slow):
        outcome = application.step(step, token)
    released.set()
    assert outcome.duration_ms < ENOUGH_SECONDS * 1000
    took = r"took \d+\.\d s"
    stopped(
        application, outcome, "SecretStoreError", "^PutSecretValue", rf"DescribeSecret {took}, GetSecretValue {took}"
    )
    left.seconds = ENOUGH_SECONDS
    heals(application, token)
