"""What organisations demand of a stack: boundaries, paths, keys, signatures, and endpoints of their own."""

import re
import tomllib
from typing import Any

import pytest

from tests.template.conftest import ROOT
from tests.template.stack import Stack
from tests.template.test_functions import FUNCTIONS, Template, variables

pytestmark = pytest.mark.xdist_group("sam")  # in one worker: what SAM makes is made once

BOUNDARY = "arn:aws:iam::111122223333:policy/teams/boundary"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SIGNING = "arn:aws:lambda:eu-central-1:111122223333:code-signing-config:csc-0f6c334abcdea4d8b"
ENDPOINT = "https://vpce-1-a.rds.eu-central-1.vpce.amazonaws.com"
VPC = {"SubnetIds": "subnet-1", "SecurityGroupIds": "sg-1"}
IN_A_REQUEST, IN_A_BUCKET = 51_200, 1_000_000
"""Bytes that CloudFormation takes of a template. Source: CloudFormation User Guide, "Quotas"."""


def properties(stack: Stack, kind: str, name: str) -> list[Any]:
    """A property of all resources of a type; None where it is left out."""
    found = [resource.get(name) for resource in stack.of_type(kind).values()]
    assert len(found) == len(FUNCTIONS) + 1  # the doctor
    return found


@pytest.mark.parametrize(
    ("parameters", "kind", "name", "value", "default"),
    [
        ({"PermissionsBoundaryArn": BOUNDARY}, "AWS::IAM::Role", "PermissionsBoundary", BOUNDARY, None),
        ({"RolePath": "/teams/dba/"}, "AWS::IAM::Role", "Path", "/teams/dba/", "/"),
        ({"EnvironmentKmsKeyArn": KEY}, "AWS::Lambda::Function", "KmsKeyArn", KEY, None),
        ({"CodeSigningConfigArn": SIGNING}, "AWS::Lambda::Function", "CodeSigningConfigArn", SIGNING, None),
        ({"LogDeletionProtection": "true"}, "AWS::Logs::LogGroup", "DeletionProtectionEnabled", True, None),
    ],
)
def test_a_parameter_holds_for_all_functions(
    template: Template, parameters: dict[str, str], kind: str, name: str, value: object, default: object
) -> None:
    """Each role, function and log group has what was asked for, and nothing where nothing was."""
    assert set(map(str, properties(Stack(template, **parameters), kind, name))) == {str(value)}
    assert set(map(str, properties(Stack(template), kind, name))) == {str(default)}


def test_every_role_is_bounded(template: Template) -> None:
    """The transform makes no role of its own that a boundary or a path would not reach."""
    functions = Stack(template).of_type("AWS::Lambda::Function").values()
    roles = Stack(template).of_type("AWS::IAM::Role")
    assert {function["Role"] for function in functions} == {f"att:{role}.Arn" for role in roles}


def test_functions_connect_by_ipv6_where_they_are_told_to(template: Template) -> None:
    """In a VPC with dual-stack subnets, IPv6 is used if that was asked for, and only then."""
    for vpc in properties(Stack(template, **VPC, Ipv6AllowedForDualStack="true"), "AWS::Lambda::Function", "VpcConfig"):
        assert vpc["Ipv6AllowedForDualStack"] is True
    for vpc in properties(Stack(template, **VPC), "AWS::Lambda::Function", "VpcConfig"):
        assert "Ipv6AllowedForDualStack" not in vpc
    outside = Stack(template, Ipv6AllowedForDualStack="true")
    assert not any(properties(outside, "AWS::Lambda::Function", "VpcConfig"))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("parameter", "value", "variable"),
    [
        ("RdsEndpoint", ENDPOINT, "RDS_ENDPOINT"),
        ("EventsEndpoint", ENDPOINT, "EVENTS_ENDPOINT"),
        ("UseFipsEndpoints", "true", "AWS_USE_FIPS_ENDPOINT"),
        ("UseDualStackEndpoints", "true", "AWS_USE_DUALSTACK_ENDPOINT"),
    ],
)
def test_a_choice_of_endpoints_reaches_the_sdk(
    template: Template, name: str, parameter: str, value: str, variable: str
) -> None:
    """The variable that the code or the SDK reads is set for every function; by default it changes nothing."""
    assert variables(Stack(template, **{parameter: value}), name)[variable] == value
    assert variables(Stack(template), name)[variable] in ("", "false")


@pytest.mark.parametrize(
    ("parameter", "value", "taken"),
    [
        ("PermissionsBoundaryArn", BOUNDARY, True),
        ("PermissionsBoundaryArn", "arn:aws:iam::aws:policy/PowerUserAccess", True),
        ("PermissionsBoundaryArn", "boundary", False),
        ("RolePath", "/", True),
        ("RolePath", "/teams/dba/", True),
        ("RolePath", "/teams/dba", False),
        ("RolePath", "teams/", False),
        ("RolePath", "//", False),
        ("RolePath", "/a b/", False),
        ("EnvironmentKmsKeyArn", KEY, True),
        ("EnvironmentKmsKeyArn", "alias/mine", False),
        ("CodeSigningConfigArn", SIGNING, True),
        ("CodeSigningConfigArn", "csc-0f6c334abcdea4d8b", False),
    ],
)
def test_a_value_that_aws_would_refuse_is_refused_early(
    template: Template, parameter: str, value: str, taken: bool
) -> None:
    """A parameter takes what AWS takes."""
    assert (re.search(template["Parameters"][parameter]["AllowedPattern"], value) is not None) is taken


def test_a_template_too_large_for_a_request_goes_through_a_bucket() -> None:
    """`sam deploy` sends a template by a bucket if it has one, and refuses to send one of this size without."""
    samconfig = tomllib.loads((ROOT / "samconfig.toml").read_text())
    size = len((ROOT / "template.yaml").read_bytes())
    assert size < IN_A_BUCKET / 2
    assert size < IN_A_REQUEST or samconfig["default"]["deploy"]["parameters"]["resolve_s3"]
