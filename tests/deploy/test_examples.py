"""The other templates of the repository, beside the stack whose functions they name."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from lab.lambda_environment.code import REPOSITORY
from tests.deploy.account import Account
from tests.deploy.deployment import Deployment, deployed_example, nothing_left
from tests.deploy.differences import NEVER_ROTATED, UNKNOWN_TYPES
from tests.deploy.ministack import ACCOUNT, REGION, wait_until

SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/shop-AbCdEf"
PARAMETERS = {
    "examples/people.yaml": {"SecretArn": SECRET},
    "examples/single-user.yaml": {"SecurityGroupId": "sg-0123456789abcdef0"},
    "examples/alternating-users.yaml": {"SuperuserSecretArn": SECRET, "Host": "db.example.com"},
    "examples/consumers/redeploy-ecs-service.yaml": {"SecretArn": SECRET, "Cluster": "shop", "Service": "web"},
    "examples/consumers/reload-pool.yaml": {"SecretArn": SECRET, "PoolTag": "shop"},
    "fleet/template.yaml": {},
}
"""What each template needs to be told, beside the stack and the account's own subnets."""


def known_part(text: str) -> str:
    """The template without resources of the types that MiniStack does not know."""
    for kind in UNKNOWN_TYPES:
        text = re.sub(rf"(?ms)^  \w+:\n    Type: {kind}\n.*?(?=^  \w|^\w|\Z)", "", text)
    return text


def _surroundings(text: str, stack: Deployment, account: Account) -> dict[str, str]:
    """What a template asks for and the account has: the stack's name, and subnets of a network."""
    subnets = account.client("ec2").describe_subnets()["Subnets"]
    there = {"RotationStack": stack.name, "RotationStackName": stack.name}
    there["SubnetIds"] = ",".join(subnet["SubnetId"] for subnet in subnets)
    return {name: value for name, value in there.items() if f"\n  {name}:\n" in text}


def test_all_templates_are_deployed() -> None:
    """Whoever adds a template says with which parameters it is deployed."""
    found = [*REPOSITORY.glob("examples/**/*.yaml"), *REPOSITORY.glob("fleet/*.yaml")]
    assert {str(path.relative_to(REPOSITORY)) for path in found} == set(PARAMETERS)


@pytest.mark.parametrize("path", PARAMETERS)
def test_a_template_can_be_deployed_and_deleted(path: str, stack: Deployment, account: Account) -> None:
    """Beside the stack whose exports it imports, it is made whole, and deleting it leaves nothing."""
    text = known_part((REPOSITORY / path).read_text())
    parameters = PARAMETERS[path] | _surroundings(text, stack, account)
    with nothing_left(account), deployed_example(account, Path(path).stem, text, **parameters) as resources:
        declared = re.findall(r"(?m)^  (\w+):\n(?:    #.*\n)*    Type: AWS::", text)
        assert sorted(resources) == sorted(declared)


@pytest.mark.parametrize("kind", UNKNOWN_TYPES)
def test_what_is_left_out_is_unknown(kind: str, account: Account) -> None:
    """What `known_part` leaves out is refused: once it is not, that has to go."""
    body = json.dumps({"Resources": {"Some": {"Type": kind, "Properties": {}}}})
    with pytest.raises(ClientError, match=f"Unrecognized resource types: \\[{kind}\\]"):
        account.client("cloudformation").validate_template(TemplateBody=body)


def test_the_fleets_state_machine_runs(stack: Deployment, account: Account) -> None:
    """Step Functions takes the definition and goes through it: both secrets rotate, and the run has an end.

    It ends as if neither rotation had: it looks at LastRotatedDate (NEVER_ROTATED).
    """
    states = account.client("stepfunctions")
    text = (REPOSITORY / "fleet" / "template.yaml").read_text()
    given = {"RotationStackName": stack.name, "PollSeconds": "1", "PollsAtMost": "1"}
    function = stack.outputs["PostgresqlSingleUserFunctionArn"]
    with (
        nothing_left(account),
        deployed_example(account, "fleet", text, **given) as resources,
        attached_secrets(account, function) as secrets,
    ):
        before = [current(account, secret) for secret in secrets]
        since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        fleet = {"secrets": [{"secret": secret, "since": since} for secret in secrets]}
        run = states.start_execution(stateMachineArn=resources["StateMachine"], input=json.dumps(fleet))

        def ended() -> object:
            return states.describe_execution(executionArn=run["executionArn"])["status"] != "RUNNING"

        wait_until(ended, "the end of the run")
        answer = states.describe_execution(executionArn=run["executionArn"])
        assert not {current(account, secret) for secret in secrets} & set(before)
    assert (answer["status"], answer["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")


@contextmanager
def attached_secrets(account: Account, function_arn: str) -> Iterator[list[str]]:
    """Two secrets that rotate."""
    client = account.client("secretsmanager")
    secrets = [client.create_secret(Name=f"prod/{uuid4()}", SecretString="{}")["ARN"] for _ in range(2)]
    for secret in secrets:
        rules = {"AutomaticallyAfterDays": 30}
        client.rotate_secret(SecretId=secret, RotationLambdaARN=function_arn, RotationRules=rules)
        assert ("LastRotatedDate" not in client.describe_secret(SecretId=secret)) is NEVER_ROTATED
    try:
        yield secrets
    finally:
        for secret in secrets:
            client.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)


def current(account: Account, secret: str) -> str:
    """The version that is AWSCURRENT."""
    answer = account.client("secretsmanager").get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")
    return str(answer["VersionId"])
