"""How a fleet is handed to the state machine: in executions that each take what an input may hold."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from rotationctl.secret import Secret
from rotationctl.watch import Clock
from rotationctl.waves.machine import HandedOver, Machine
from tests.rotationctl.metadata import NOW, secret

INPUT_LIMIT_BYTES = 256 * 1024
RUN = "arn:aws:states:eu-central-1:123456789012:mapRun:fleet/Rotations:1"


class StepFunctions:
    """Executions that have ended in this way as soon as they begin."""

    def __init__(self, status: str, counts: Mapping[str, int]) -> None:
        self.status = status
        self.counts = counts
        self.started: list[dict[str, str]] = []

    def start_execution(self, **request: str) -> dict[str, str]:
        """Take a note of it."""
        self.started.append(request)
        return {"executionArn": f"{request['stateMachineArn']}:{request['name']}"}

    def describe_execution(self, **_: str) -> dict[str, str]:
        """It is over."""
        return {"status": self.status}

    def list_map_runs(self, **_: str) -> dict[str, list[Any]]:
        """The one, where anything is known of it any more."""
        return {"mapRuns": [{"mapRunArn": RUN}] if self.counts else []}

    def describe_map_run(self, **_: str) -> dict[str, Any]:
        """How many ended how."""
        return {"itemCounts": self.counts}


ARNS = [f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{'x' * 300}/{number}" for number in range(3000)]


def run(*secrets: Secret, status: str = "SUCCEEDED", **counts: int) -> tuple[list[dict[str, str]], HandedOver]:
    """The executions that are started for these secrets, where all end in this way, and what is known in the end."""
    client, handed_over = StepFunctions(status, counts), HandedOver()
    machine = Machine(client, Clock(lambda: NOW, lambda _: None), "fleet")
    machine.run(secrets, lambda _: None, handed_over)
    given = {item["secret"] for execution in client.started for item in json.loads(execution["input"])["secrets"]}
    assert handed_over.begun == given
    return client.started, handed_over


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_after_an_execution_that_did_not_succeed_none_is_started(status: str) -> None:
    """Too many failed, or somebody ended it: whoever did that did not mean a third of the fleet."""
    started, handed_over = run(*(secret(ARN=arn) for arn in ARNS), status=status)
    assert (len(started), handed_over.gone_through) == (1, set())


@pytest.mark.parametrize(
    ("status", "counts", "is_over", "has_failed"),
    [
        ("SUCCEEDED", {"succeeded": 1}, True, False),
        ("SUCCEEDED", {"failed": 1}, True, True),
        ("FAILED", {"failed": 1}, True, True),
        ("FAILED", {"failed": 1, "aborted": 1}, False, True),
        ("FAILED", {"timedOut": 1}, True, False),
        ("ABORTED", {"pending": 1}, False, False),
    ],
)
def test_whose_turn_has_come(status: str, counts: dict[str, int], *, is_over: bool, has_failed: bool) -> None:
    """More failures than are tolerated end an execution as failed; all may have had their turn all the same."""
    _, handed_over = run(*(secret() for _ in range(sum(counts.values()))), status=status, **counts)
    assert bool(handed_over.gone_through) is is_over
    assert handed_over.failed_run == (RUN if has_failed else None)


@pytest.mark.parametrize(
    ("error", "is_begun"),
    [
        (ReadTimeoutError(endpoint_url="."), True),
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "StartExecution"), False),
        (ClientError({"Error": {"Code": "StateMachineDoesNotExist"}}, "StartExecution"), False),
    ],
    ids=["lost", "throttled", "refused"],
)
def test_an_execution_of_which_no_answer_tells(
    monkeypatch: pytest.MonkeyPatch, error: Exception, *, is_begun: bool
) -> None:
    """Whose answer is lost may run."""

    def fail(*_: object, **__: str) -> None:
        raise error

    monkeypatch.setattr(StepFunctions, "start_execution", fail)
    handed_over = HandedOver()
    machine = Machine(StepFunctions("", {}), Clock(lambda: NOW, lambda _: None), "fleet")
    with pytest.raises(type(error)):
        machine.run([secret()], lambda _: None, handed_over)
    assert bool(handed_over.begun) is is_begun


def test_a_large_fleet_takes_several_executions() -> None:
    """Each secret is in one of them, and no input is larger than an input may be."""
    inputs = [started["input"] for started in run(*(secret(ARN=arn) for arn in ARNS))[0]]
    assert all(len(text.encode()) <= INPUT_LIMIT_BYTES for text in inputs)
    assert len(inputs) > 1
    assert [item["secret"] for text in inputs for item in json.loads(text)["secrets"]] == ARNS


def test_where_it_is_and_what_it_is_told() -> None:
    """The machine is where the secrets are; a secret that has never rotated counts from the beginning of time."""
    (started,), _ = run(secret(), secret(LastRotatedDate=None))
    assert started["stateMachineArn"] == "arn:aws:states:eu-central-1:123456789012:stateMachine:fleet"
    since = [item["since"] for item in json.loads(started["input"])["secrets"]]
    assert since == ["2026-11-23T12:00:01Z", "1970-01-01T00:00:00Z"]
