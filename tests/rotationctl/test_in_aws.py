"""What is known of a fleet in AWS where AWS does not answer to the end: all that was seen, and nothing that was not."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from rotationctl.causes import Cause, cause_of
from rotationctl.secret import Secret
from rotationctl.waves.in_aws import RunInAws
from rotationctl.waves.machine import HandedOver, Machine
from rotationctl.waves.result import Outcome
from tests.rotationctl.metadata import NOW, secret

if TYPE_CHECKING:
    from rotationctl.waves.calls import Calls
    from rotationctl.waves.causes import Causes

EXPIRED_CODE = "ExpiredTokenException"
EXPIRED = ClientError({"Error": {"Code": EXPIRED_CODE, "Message": "The token has expired."}}, "DescribeSecret")
FLEET = {
    name: secret(ARN=f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{name}") for name in ("a", "b", "c")
}


class Answers:
    """Secrets as they are now, or what is raised in place of an answer."""

    def __init__(self, now: Mapping[str, Secret | Exception]) -> None:
        self.now = now

    def read(self, asked: Secret) -> Secret:
        """The answer."""
        answer = self.now[asked.arn.rpartition(":")[2]]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def cause(self, error: Exception) -> Cause:
        """What it means."""
        return cause_of(error, ())


class NoLog:
    """Functions that have logged nothing."""

    def find(self, _: object) -> dict[str, Cause]:
        """Nothing."""
        return {}


class StateMachine:
    """One that takes so many secrets, comes to the end of the first ones, and then ends in this way."""

    def __init__(self, takes: int, end: Callable[[], None] = lambda: None, *, is_done_with: int = 0) -> None:
        self.takes = takes
        self.end = end
        self.is_done_with = is_done_with

    def run(self, secrets: Sequence[Secret], _: object, handed_over: HandedOver) -> None:
        """Take them, and end."""
        arns = [one.arn for one in secrets][: self.takes]
        handed_over.begun.update(arns)
        handed_over.gone_through.update(arns[: self.is_done_with])
        self.end()
        handed_over.gone_through.update(arns)


def outcomes(machine: StateMachine, **now: Secret | Exception) -> tuple[list[tuple[Outcome, str]], list[str]]:
    """The outcomes of the fleet with the kinds of their causes, and what is said meanwhile."""
    said: list[str] = []
    run = RunInAws(
        cast("Machine", machine), cast("Calls", Answers(now)), cast("Causes", NoLog()), list(FLEET.values()), None,
        lambda _: None, said.append,
    )  # fmt: skip
    return [(result.outcome, result.cause.error if result.cause else "") for result in run.go()], said


def raising(error: BaseException) -> Callable[[], Any]:
    """What raises it."""

    def end() -> None:
        raise error

    return end


def test_a_secret_that_cannot_be_read_at_the_end() -> None:
    """It takes nothing from what is known of the others, and is said to be under way."""
    rotated = secret(ARN=FLEET["b"].arn, LastRotatedDate=NOW)
    found, _ = outcomes(StateMachine(3), a=EXPIRED, b=rotated, c=FLEET["c"])
    expected = [(Outcome.UNDER_WAY, EXPIRED_CODE), (Outcome.DONE, ""), (Outcome.FAILED, "given up")]
    assert found == expected


def test_nobody_may_look_on_any_more() -> None:
    """What was begun is said to be under way, the rest not to be started, and why nothing more is known."""
    found, said = outcomes(StateMachine(2, raising(EXPIRED)))
    assert found == [(Outcome.UNDER_WAY, ""), (Outcome.UNDER_WAY, ""), (Outcome.NOT_STARTED, "")]
    assert "ExpiredTokenException" in said[0]


def test_what_was_seen_before_nobody_may_look_on() -> None:
    """An execution that has ended before is told as it ended, of the next one nothing is known."""
    rotated = secret(ARN=FLEET["a"].arn, LastRotatedDate=NOW)
    found, _ = outcomes(StateMachine(2, raising(EXPIRED), is_done_with=1), a=rotated)
    assert found == [(Outcome.DONE, ""), (Outcome.UNDER_WAY, ""), (Outcome.NOT_STARTED, "")]


def test_ctrl_c_after_an_execution() -> None:
    """What was not read is not guessed, and what is over is not said to go on."""
    found, _ = outcomes(StateMachine(2, raising(KeyboardInterrupt()), is_done_with=1))
    assert [outcome for outcome, _ in found] == [Outcome.UNDER_WAY, Outcome.UNDER_WAY, Outcome.NOT_STARTED]


def test_a_secret_that_cannot_be_read_and_was_not_begun() -> None:
    """It is not said to be under way."""
    found, _ = outcomes(StateMachine(1), a=FLEET["a"], b=EXPIRED, c=FLEET["c"])
    expected = [(Outcome.FAILED, "given up"), (Outcome.NOT_STARTED, EXPIRED_CODE), (Outcome.NOT_STARTED, "")]
    assert found == expected


def test_a_machine_that_stops_before_its_end() -> None:
    """Nobody knows of a secret that did not rotate whether it was its turn: it is not called a failure."""
    found, _ = outcomes(StateMachine(0), **FLEET)
    assert found == [(Outcome.NOT_STARTED, "")] * 3


@pytest.mark.parametrize("error", [EXPIRED, ZeroDivisionError()])
def test_nothing_was_begun(error: Exception) -> None:
    """Then there is nothing to report but the error."""
    with pytest.raises(type(error)):
        outcomes(StateMachine(0, raising(error)))
