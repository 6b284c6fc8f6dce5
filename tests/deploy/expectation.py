"""What a deployed stack must be, by the template and its parameters: `Stack` resolves them without CloudFormation."""

import re
from collections.abc import Mapping
from typing import Any

from tests.deploy.combinations import Setting
from tests.deploy.deployment import Deployment, plain_id
from tests.deploy.differences import UNTOLD_OF_FUNCTIONS, UNTOLD_OF_ROLES
from tests.template.stack import Stack

REFERENCE = re.compile(r"(?:ref|att):(\w+)(?:\.\w+)*")
COMPARED = ("Architectures", "Environment", "Handler", "MemorySize", "Runtime", "Timeout", "TracingConfig")
NOW_TOLD = "MiniStack tells it by now: compare it"
Template = dict[str, Any]


def expect(deployment: Deployment, template: Template, parameters: Setting) -> None:
    """See that the stack has what the template says under these parameters, and nothing else."""
    stack = Stack(template, **parameters)
    kinds = {plain_id(name, r["Type"]): r["Type"] for name, r in stack.resources.items()}
    assert {name: kind for name, (kind, _) in deployment.resources.items()} == kinds
    assert set(deployment.outputs) == set(stack.outputs)
    exports = {o["Export"]["Name"]: deployment.outputs[n] for n, o in stack.outputs.items() if "Export" in o}
    assert exports.items() <= deployment.account.exports().items()
    for name, properties in stack.of_type("AWS::Lambda::Function").items():
        _expect_function(deployment, name, properties)
    _expect_alarms(deployment, stack)
    _expect_log_groups(deployment, stack)
    _expect_roles(deployment, stack)
    _expect_rules(deployment, stack)


def _expect_function(deployment: Deployment, name: str, properties: Mapping[str, Any]) -> None:
    found = deployment.configuration(name)
    expected = {key: _plain(properties[key]) for key in COMPARED}
    assert {key: _without_account(found[key]) for key in COMPARED} == expected, name
    assert found["LoggingConfig"]["LogGroup"] == deployment.physical(f"{name.removesuffix('Function')}LogGroup")
    assert not UNTOLD_OF_FUNCTIONS & {key for key, value in found.items() if value}, NOW_TOLD
    assert [_name_of(layer["Arn"]) for layer in found["Layers"]] == list(map(_name_of, properties["Layers"]))


def _name_of(layer: str) -> str:
    """The name of a layer, whether it is known by its ARN or by a reference to it."""
    return layer.split(":")[6] if layer.startswith("arn:") else plain_id(_plain(layer), "AWS::Lambda::LayerVersion")


def _expect_alarms(deployment: Deployment, stack: Stack) -> None:
    found = _described(deployment, "cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName")
    for name, properties in stack.of_type("AWS::CloudWatch::Alarm").items():
        alarm = found[deployment.physical(name)]
        assert (alarm["MetricName"], alarm["Namespace"]) == (properties["MetricName"], properties["Namespace"])
        actions = [deployment.physical("Topic") if a == "ref:Topic" else a for a in properties["AlarmActions"]]
        assert alarm["AlarmActions"] == actions


def _expect_log_groups(deployment: Deployment, stack: Stack) -> None:
    found = _described(deployment, "logs", "describe_log_groups", "logGroups", "logGroupName")
    for name, properties in stack.of_type("AWS::Logs::LogGroup").items():
        group = found[properties["LogGroupName"]]
        assert group["retentionInDays"] == int(properties["RetentionInDays"]), name
        assert group.get("kmsKeyId") == properties.get("KmsKeyId"), name


def _expect_roles(deployment: Deployment, stack: Stack) -> None:
    """Path and policies of each role: the attached ones, and those that a policy of its own puts into it."""
    iam = deployment.account.client("iam")
    for name, properties in stack.of_type("AWS::IAM::Role").items():
        physical = deployment.physical(name)
        role = iam.get_role(RoleName=physical)["Role"]
        assert role["Path"] == properties["Path"]
        assert not UNTOLD_OF_ROLES & set(role), NOW_TOLD
        attached = {policy["PolicyArn"] for policy in _attached(iam, physical)}
        assert attached == {deployment.physical(policy) for policy in _managed(stack, name)}, name
        inline = {policy["PolicyName"] for policy in _embedded(stack, name)}
        assert set(iam.list_role_policies(RoleName=physical)["PolicyNames"]) == inline, name


def _expect_rules(deployment: Deployment, stack: Stack) -> None:
    events = deployment.account.client("events")
    for name, properties in stack.of_type("AWS::Events::Rule").items():
        (target,) = events.list_targets_by_rule(Rule=deployment.physical(name))["Targets"]
        (expected,) = properties["Targets"]
        assert target["Id"] == expected["Id"]
        assert target.get("InputTransformer") == expected.get("InputTransformer")


def _managed(stack: Stack, role: str) -> set[str]:
    """The managed policies of a role, whichever of the two names the other."""
    named = {_plain(arn) for arn in stack.resources[role]["Properties"]["ManagedPolicyArns"]}
    policies = stack.of_type("AWS::IAM::ManagedPolicy").items()
    return named | {name for name, properties in policies if f"ref:{role}" in properties.get("Roles", [])}


def _embedded(stack: Stack, role: str) -> list[dict[str, Any]]:
    own: list[dict[str, Any]] = stack.resources[role]["Properties"]["Policies"]
    put = [p for p in stack.of_type("AWS::IAM::Policy").values() if f"ref:{role}" in p["Roles"]]
    return own + put


def _attached(iam: Any, role: str) -> list[dict[str, str]]:  # noqa: ANN401 - boto3's client
    found: list[dict[str, str]] = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    return found


def _described(deployment: Deployment, service: str, call: str, items: str, name: str) -> dict[str, Any]:
    pages = deployment.account.client(service).get_paginator(call).paginate()
    return {item[name]: item for page in pages for item in page[items]}


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """The value with logical ids for references."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return REFERENCE.sub(r"\1", value) if isinstance(value, str) else value


def _without_account(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """The value with logical ids for ARNs of functions, which are what their names begin with."""
    if isinstance(value, dict):
        return {key: _without_account(item) for key, item in value.items()}
    arn = r"arn:aws:lambda:[\w-]+:\d+:function:[a-z-]+-(\w+)-\w+"
    return re.sub(arn, r"\1", value) if isinstance(value, str) else value
