"""`rotationctl rotate --in-aws`: the state machine of fleet/template.yaml, run by moto's interpreter against the lab.

The interpreter is LocalStack's, which moto has taken over, distributed map and map runs included. Where it differs from
AWS it is set right here: it hands on boto3's datetimes where AWS hands on ISO 8601, and wants the id of a request,
which the lab does not give. It takes ToleratedFailurePercentage and does nothing about it.
"""

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import moto.core.config
import pytest
import yaml
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_aws_sdk

from lab.secretsmanager import LocalSecretsManager, faults
from lab.secretsmanager.events import EventName
from rotationctl.app import run
from rotationctl.exits import Exit
from tests.docs.markdown import ROOT
from tests.docs.template import Loader
from tests.rotationctl.conftest import Account, Program
from tests.rotationctl.waves import outcomes

PARAMETERS = {
    "MaxConcurrency": "3",
    "ToleratedFailurePercentage": "50.0",
    "PollSeconds": "1",
    "PollsAtMost": "3",
    "AWS::Partition": "aws",
}


class AsInAws:
    """A client of the lab that answers as the SDK integrations of Step Functions do.

    It is asked for a secret only once the secret's rotation has ended, so that polls are counted alike on any machine.
    """

    def __init__(self, client: Any, cloud: LocalSecretsManager, looks: Counter[str]) -> None:  # noqa: ANN401 - boto3's
        self._client = client
        self._cloud = cloud
        self._looks = looks

    def __getattr__(self, operation: str) -> Any:  # noqa: ANN401 - as above
        def call(**parameters: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as above
            if operation == "describe_secret":
                self._looks[parameters["SecretId"]] += 1
                with suppress(LookupError):  # it has none yet
                    self._cloud.wait_for_rotation(parameters["SecretId"])
            try:
                answer = getattr(self._client, operation)(**parameters)
            except self._client.exceptions.ClientError as error:
                error.response["ResponseMetadata"].setdefault("RequestId", "lab")
                raise
            return dict(json.loads(json.dumps(answer, default=lambda moment: moment.isoformat())))

        return call


@pytest.fixture
def looks() -> Counter[str]:
    """How often the state machine has looked at each secret, by its ARN."""
    return Counter()


@pytest.fixture
def machine(account: Account, looks: Counter[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The state machine as it is deployed; its name."""
    clients = {"secretsmanager": AsInAws(account.cloud.clients.of("secretsmanager"), account.cloud, looks)}
    monkeypatch.setattr(state_task_service_aws_sdk, "boto_client_for", lambda service, **_: clients[service])
    monkeypatch.setitem(moto.core.config.default_user_config, "stepfunctions", {"execute_state_machine": True})
    monkeypatch.setattr("rotationctl.waves.machine.POLL_SECONDS", 0.1)
    states = account.cloud.clients.of("stepfunctions")
    role = "arn:aws:iam::123456789012:role/fleet"
    states.create_state_machine(name="secret-rotation-fleet", definition=definition(), roleArn=role)
    yield "secret-rotation-fleet"
    account.cloud.services.reset()


def definition() -> str:
    """The definition in the template, with values for its parameters."""
    template = yaml.load((ROOT / "fleet" / "template.yaml").read_text(), Loader)  # noqa: S506 - a SafeLoader
    text = str(template["Resources"]["StateMachine"]["Properties"]["DefinitionString"]["Sub"])
    for name, value in PARAMETERS.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def test_a_fleet_rotates_in_aws(account: Account, machine: str, looks: Counter[str], rotate: Program) -> None:
    """Each once; one that fails is told, and the command that is printed goes on with it once that is mended."""
    secrets = [account.add(f"app/{number}") for number in range(3)]
    fault = faults.error("PutSecretValue", "AccessDeniedException", secret_arn=secrets[1].arn, times=None)
    account.cloud.faults.add(fault)
    result = rotate("--all", "--in-aws", "--yes", "--json")
    expected = {f"app/{number}": "done" for number in range(3)} | {"app/1": "timed out"}
    assert (result.code, outcomes(result)) == (Exit.PARTLY, expected), result.err
    before_it_begins = 1
    assert looks[secrets[1].arn] == before_it_begins + int(PARAMETERS["PollsAtMost"])
    assert f"stateMachine:{machine}" not in result.err
    assert f":execution:{machine}:rotationctl-" in result.err
    assert "aws stepfunctions list-executions --map-run-arn" in result.err
    account.cloud.faults.remove(fault)
    again = next(line for line in result.err.splitlines() if line.startswith("rotationctl rotate"))
    assert "--in-aws" in again
    assert run(shlex.split(again)[1:]) == Exit.FINE
    assert all(not secret.is_stuck for secret in secrets)
    for secret in secrets:
        assert account.cloud.wait_for_rotation(secret.arn).succeeded
        assert [event.name for event in account.cloud.events(secret.arn)].count(EventName.ROTATION_SUCCEEDED) == 1


def test_a_rotation_that_aws_refuses(account: Account, machine: str, rotate: Program) -> None:
    """It has failed; it would not have been next."""
    refused = account.add("app/0")
    account.add("app/1")
    fault = faults.error("RotateSecret", "AccessDeniedException", secret_arn=refused.arn, times=None)
    account.cloud.faults.add(fault)
    result = rotate("--all", "--in-aws", "--state-machine", machine, "--yes", "--json")
    assert (result.code, outcomes(result)) == (Exit.PARTLY, {"app/0": "failed", "app/1": "done"}), result.err
    assert "--status-filter FAILED" in result.err


def test_a_state_machine_that_is_not_there(account: Account, rotate: Program) -> None:
    """It is said, and nothing rotates."""
    account.add("prod/shop")
    result = rotate("prod/shop", "--in-aws", "--state-machine", "nobodys")
    assert (result.code, account.cloud.events("prod/shop")) == (Exit.NOT_ASKED, [])
    assert "StateMachineDoesNotExist" in result.err
