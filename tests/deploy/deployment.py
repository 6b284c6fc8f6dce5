"""A stack that `sam deploy` makes, looked at through the APIs of what it made."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.lambda_environment.code import BUILD, REPOSITORY
from lab.servers.command import run
from tests.deploy.account import Account
from tests.deploy.ministack import REGION, MiniStack
from tests.template.conftest import SAM_BIN

TEMPLATE = BUILD / "template.yaml"
"""The template with what `sam build` made for this machine's Python."""
STACK_SECONDS = 300
HASH = re.compile(r"[0-9a-f]{10}$")
"""What SAM adds to the logical id of a layer, made of its content."""


class Deployment:
    """A stack of the template, in an account."""

    def __init__(self, ministack: MiniStack, account: Account, name: str) -> None:
        self.account, self.name = account, name
        self._environment = ministack.environment | {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.2"}
        self.resources: dict[str, tuple[str, str]] = {}
        self.outputs: dict[str, str] = {}

    def deploy(self, parameters: Mapping[str, str], template: Path = TEMPLATE) -> None:
        """Create or update the stack, as samconfig.toml has it. Parameters that are left out stay as they were.

        Raises:
            ProvisionError: it failed.
        """
        overrides = [f"{name}={json.dumps(value)}" for name, value in parameters.items()]
        self._sam("deploy", "--template-file", str(template), *self._given(overrides))
        self.resources = dict(self._listed())
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in self.describe().get("Outputs", [])}

    def delete(self) -> None:
        """Delete it, with what it keeps in the bucket."""
        self._sam("delete", "--no-prompts")

    def describe(self) -> dict[str, Any]:
        """What CloudFormation says of the stack."""
        (stack,) = self.account.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return dict(stack)

    def physical(self, logical: str) -> str:
        """The name, or the ARN, of what a logical id has become."""
        return self.resources[logical][1]

    def configuration(self, logical: str) -> dict[str, Any]:
        """The configuration of a function, by its logical id."""
        found = self.account.client("lambda").get_function_configuration(FunctionName=self.physical(logical))
        return dict(found)

    def invoke(self, function: str, event: object) -> tuple[str | None, Any]:
        """Invoke a function by its name or ARN; the message of its error if it failed, and what it answered."""
        answer = self.account.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read() or "null")
        return (payload["errorMessage"] if answer.get("FunctionError") else None), payload

    def _sam(self, command: str, *arguments: str) -> None:
        config = REPOSITORY / "samconfig.toml"
        named = ("--config-file", str(config), "--stack-name", self.name, "--region", REGION)
        run([SAM_BIN / "sam", command, *named, *arguments], env=self._environment, cwd=REPOSITORY)

    def _given(self, overrides: list[str]) -> list[str]:
        return ["--parameter-overrides", *overrides] if overrides else []

    def _listed(self) -> Iterator[tuple[str, tuple[str, str]]]:
        pages = self.account.client("cloudformation").get_paginator("list_stack_resources")
        for page in pages.paginate(StackName=self.name):
            for resource in page["StackResourceSummaries"]:
                kind, physical = resource["ResourceType"], resource["PhysicalResourceId"]
                yield plain_id(resource["LogicalResourceId"], kind), (kind, physical)


def plain_id(logical: str, kind: str) -> str:
    """A logical id as the template has it."""
    return HASH.sub("", logical) if kind == "AWS::Lambda::LayerVersion" else logical


@contextmanager
def nothing_left(account: Account) -> Iterator[None]:
    """See that what is made in between is gone again."""
    before = account.inventory()
    yield
    left = account.inventory() ^ before
    assert not left, f"left, or gone too much: {sorted(left)}"


@contextmanager
def deployed_example(account: Account, name: str, template: str, **parameters: str) -> Iterator[dict[str, str]]:
    """A stack of a template without code, made and deleted by CloudFormation itself; its resources by logical id."""
    cloudformation = account.client("cloudformation")
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    cloudformation.create_stack(
        StackName=name, TemplateBody=template, Parameters=given, Capabilities=["CAPABILITY_IAM"]
    )
    try:
        _wait_for(account, name, "CREATE_COMPLETE")
        listed = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        yield {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in listed}
    finally:
        cloudformation.delete_stack(StackName=name)
    _wait_for(account, name, "DELETE_COMPLETE")


def _wait_for(account: Account, name: str, status: str) -> None:
    """Wait for the end of what CloudFormation does, and see that it is this."""
    cloudformation = account.client("cloudformation")
    stack_id = next(
        stack["StackId"]
        for page in cloudformation.get_paginator("list_stacks").paginate()
        for stack in page["StackSummaries"]
        if stack["StackName"] == name
    )
    deadline = time.monotonic() + STACK_SECONDS
    while True:
        (stack,) = cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            break
        assert time.monotonic() < deadline, f"{name} is {stack['StackStatus']} after {STACK_SECONDS} s"
        time.sleep(0.05)
    events = cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]
    reasons = [f"{e['LogicalResourceId']}: {e['ResourceStatusReason']}" for e in events if "ResourceStatusReason" in e]
    assert stack["StackStatus"] == status, "\n".join([stack["StackStatus"], *reasons])
