"""How a fleet is handed to the state machine: in executions that each take what an input may hold."""

import json
from typing import Any

import pytest

from rotationctl.secret import Secret
from rotationctl.watch import Clock
from rotationctl.waves.machine import HandedOver, Machine
from tests.rotationctl.metadata import NOW, secret

INPUT_LIMIT_BYTES = 256 * 1024


class StepFunctions:
    """Executions that have ended in this way as soon as they begin."""

    def __init__(self, status: str) -> None:
        self.status = status
        self.started: list[dict[str, str]] = []

    def start_execution(self, **request: str) -> dict[str, str]:
        """Take a note of it."""
        self.started.append(request)
        return {"executionArn": f"{request['stateMachineArn']}:{request['name']}"}

    def describe_execution(self, **_: str) -> dict[str, str]:
        """It is over."""
        return {"status": self.status}

    def list_map_runs(self, **_: str) -> dict[str, list[Any]]:
        """Nothing is known of it any more."""
        return {"mapRuns": []}


ARNS = [f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{'x' * 300}/{number}" for number in range(3000)]


def run(*secrets: Secret, status: str = "SUCCEEDED") -> list[dict[str, str]]:
    """The executions that are started for these secrets, where all end in this way."""
    client, handed_over = StepFunctions(status), HandedOver()
    machine = Machine(client, Clock(lambda: NOW, lambda _: None), "fleet")
    assert machine.run(secrets, lambda _: None, handed_over) is None
    given = {item["secret"] for execution in client.started for item in json.loads(execution["input"])["secrets"]}
    assert handed_over == HandedOver(given, given if status == "SUCCEEDED" else set())
    return client.started


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_after_an_execution_that_did_not_succeed_none_is_started(status: str) -> None:
    """Too many failed, or somebody ended it: whoever did that did not mean a third of the fleet."""
    assert len(run(*(secret(ARN=arn) for arn in ARNS), status=status)) == 1


def test_a_large_fleet_takes_several_executions() -> None:
    """Each secret is in one of them, and no input is larger than an input may be."""
    inputs = [started["input"] for started in run(*(secret(ARN=arn) for arn in ARNS))]
    assert all(len(text.encode()) <= INPUT_LIMIT_BYTES for text in inputs)
    assert len(inputs) > 1
    assert [item["secret"] for text in inputs for item in json.loads(text)["secrets"]] == ARNS


def test_where_it_is_and_what_it_is_told() -> None:
    """The machine is where the secrets are; a secret that has never rotated counts from the beginning of time."""
    (started,) = run(secret(), secret(LastRotatedDate=None))
    assert started["stateMachineArn"] == "arn:aws:states:eu-central-1:123456789012:stateMachine:fleet"
    since = [item["since"] for item in json.loads(started["input"])["secrets"]]
    assert since == ["2026-11-23T12:00:01Z", "1970-01-01T00:00:00Z"]
