"""What each function may do, read from every policy that its role has."""

import pytest

from tests.template.iam import Statement, allows, as_list
from tests.template.stack import Stack
from tests.template.test_functions import FUNCTIONS, Template

pytestmark = pytest.mark.xdist_group("sam")  # in one worker: what SAM makes is made once

SUPERUSER = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:superuser-a1b2c3"
FOREIGN_SUPERUSER = "arn:aws:secretsmanager:eu-central-1:444455556666:secret:superuser-a1b2c3"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"
SECRETS = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:*"
EVERYTHING = {
    "AlternatingUsersSuperuserSecretArns": SUPERUSER,
    "SingleUserSuperuserSecretArns": SUPERUSER,
    "KmsKeyArns": KEY,
    "SubnetIds": "subnet-1",
    "SecurityGroupIds": "sg-1",
    "Tracing": "true",
    "RotationEvents": "true",
}
ALTERNATING = tuple(name for name in FUNCTIONS if "Alternating" in name)
SINGLE = tuple(name for name in FUNCTIONS if "Single" in name)


def statements(stack: Stack, name: str) -> list[Statement]:
    """All statements that hold for a function: of its role, of managed policies, of policies attached later."""
    role_id = stack.resources[f"{name}Function"]["Properties"]["Role"].removeprefix("att:").removesuffix(".Arn")
    role = stack.resources[role_id]["Properties"]
    managed = [stack.resources[arn.removeprefix("ref:")]["Properties"] for arn in role["ManagedPolicyArns"]]
    attached = [*stack.of_type("AWS::IAM::Policy").values(), *stack.of_type("AWS::IAM::ManagedPolicy").values()]
    later = [policy for policy in attached if f"ref:{role_id}" in policy.get("Roles", [])]
    policies = [*role["Policies"], *managed, *later]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def actions(found: list[Statement]) -> set[str]:
    """All that statements allow."""
    return {action for statement in found for action in as_list(statement["Action"])}


def reading(found: list[Statement], resource: str) -> list[Statement]:
    """The statements about exactly this resource."""
    return [statement for statement in found if resource in as_list(statement["Resource"])]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_secrets_are_limited_to_those_that_name_the_function(template: Template, name: str) -> None:
    """A function reaches secrets only where they name it, or a version or alias of it, as their rotator."""
    (statement,) = reading(statements(Stack(template), name), SECRETS)
    function = f"att:{name}Function.Arn"
    assert statement["Condition"] == {
        "ArnLike": {
            "secretsmanager:resource/AllowRotationLambdaArn": [function, f"{function}:*"],
            "lambda:SourceFunctionArn": [function, f"{function}:*"],
        },
    }
    assert actions([statement]) == {
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:ListSecretVersionIds",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_role_is_worth_nothing_to_another_function(template: Template, name: str) -> None:
    """Whoever gives the role to a function of their own (iam:PassRole) reads no secret with it, no superuser's."""
    found = statements(Stack(template, **EVERYTHING), name)
    function = f"att:{name}Function.Arn"
    rotated = {"secretsmanager:resource/AllowRotationLambdaArn": function}
    for secret, rotator in ((SECRETS, rotated), (SUPERUSER, {})):
        for action in ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"):
            assert allows(found, action, secret, {**rotator, "lambda:SourceFunctionArn": function})
            assert not allows(found, action, secret, {**rotator, "lambda:SourceFunctionArn": "arn:of:mallory"})
            assert not allows(found, action, secret, rotator)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_only_a_function_of_this_stack_tells_what_became_of_a_rotation(template: Template, name: str) -> None:
    """With the parameter, a function may send events of its own source to the default bus, and nobody with its role."""
    found = statements(Stack(template, RotationEvents="true"), name)
    bus = "arn:aws:events:eu-central-1:111122223333:event-bus/default"
    own = {"lambda:SourceFunctionArn": f"att:{name}Function.Arn", "events:source": "secret-rotation"}
    assert allows(found, "events:PutEvents", bus, own)
    assert not allows(found, "events:PutEvents", bus, {**own, "events:source": "billing"})
    assert not allows(found, "events:PutEvents", bus, {**own, "lambda:SourceFunctionArn": "arn:of:mallory"})


@pytest.mark.parametrize("left_out", FUNCTIONS)
def test_a_superusers_policy_names_the_functions_that_are_there(template: Template, left_out: str) -> None:
    """A function that is left out is in no policy, and a policy for nobody is left out with it."""
    assert set(Stack(template, **EVERYTHING, **{left_out: "false"}).of_type("AWS::IAM::ManagedPolicy")) == {
        "AlternatingUsersSuperuserPolicy", "SingleUserSuperuserPolicy", "PlatformPolicy", "EventsPolicy",
    }  # fmt: skip
    nobody = Stack(template, **EVERYTHING, **dict.fromkeys(FUNCTIONS, "false"))
    assert set(nobody.of_type("AWS::IAM::ManagedPolicy")) == {"PlatformPolicy"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_else_is_granted_by_default(template: Template, name: str) -> None:
    """Beyond its secrets, a function may write to its own log, and nothing else."""
    found = statements(Stack(template), name)
    others = [statement for statement in found if SECRETS not in as_list(statement["Resource"])]
    assert [(sorted(as_list(s["Action"])), s["Resource"]) for s in others] == [
        (["logs:CreateLogStream", "logs:PutLogEvents"], f"att:{name}LogGroup.Arn")
    ]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_role_is_for_everything_without_a_condition(template: Template, name: str) -> None:
    """Where a service knows no narrower resource than `*`, a condition narrows it; no action is a wildcard."""
    found = statements(Stack(template, **EVERYTHING), name)
    assert not [s for s in found if "*" in as_list(s["Resource"]) and not s.get("Condition")]
    assert not [action for action in actions(found) if "*" in action]
    assert {s["Effect"] for s in found} == {"Allow"}


@pytest.mark.parametrize(
    ("parameter", "may", "may_not"),
    [
        ("AlternatingUsersSuperuserSecretArns", ALTERNATING, SINGLE),
        ("SingleUserSuperuserSecretArns", SINGLE, ALTERNATING),
    ],
)
def test_superuser_secrets_are_for_the_strategy_given_them(
    template: Template, parameter: str, may: tuple[str, ...], may_not: tuple[str, ...]
) -> None:
    """A superuser secret is readable, not writable, by the functions of the strategy that it was given to alone."""
    stack = Stack(template, **{parameter: SUPERUSER})
    for name in may:
        readable = reading(statements(stack, name), SUPERUSER)
        assert actions(readable) == {"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"}
    for name in may_not:
        assert not reading(statements(stack, name), SUPERUSER)
        assert "rds:DescribeDBInstances" not in actions(statements(stack, name))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_keys_are_used_through_secrets_manager_only(template: Template, name: str) -> None:
    """A key decrypts for a function only where Secrets Manager asks, and only secrets of this account."""
    found = reading(statements(Stack(template, KmsKeyArns=KEY), name), KEY)
    assert actions(found) == {"kms:Decrypt", "kms:GenerateDataKey"}
    through = {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}
    own = {"kms:EncryptionContext:SecretARN": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop-a1b2c3"}
    foreign = {"kms:EncryptionContext:SecretARN": FOREIGN_SUPERUSER}
    assert allows(found, "kms:Decrypt", KEY, {**through, **own})
    assert allows(found, "kms:GenerateDataKey", KEY, {**through, **own})
    assert not allows(found, "kms:Decrypt", KEY, {**through, **foreign})
    assert not allows(found, "kms:Decrypt", KEY, own)
    assert not allows(found, "kms:Decrypt", KEY, through)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_superusers_secret_of_another_account_is_decrypted_where_it_is_listed(template: Template, name: str) -> None:
    """The key decrypts the secrets that are listed, wildcards included, whatever their account; it encrypts none."""
    listed = FOREIGN_SUPERUSER[:-6] + "??????"
    lists = dict.fromkeys(("AlternatingUsersSuperuserSecretArns", "SingleUserSuperuserSecretArns"), listed)
    stack = Stack(template, KmsKeyArns=KEY, **lists)
    found = reading(statements(stack, name), KEY)
    through = {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}
    context = {**through, "kms:EncryptionContext:SecretARN": FOREIGN_SUPERUSER}
    assert allows(found, "kms:Decrypt", KEY, context)
    assert not allows(found, "kms:GenerateDataKey", KEY, context)
    other = {**through, "kms:EncryptionContext:SecretARN": FOREIGN_SUPERUSER.replace("superuser", "payroll")}
    assert not allows(found, "kms:Decrypt", KEY, other)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_network_interfaces_are_for_lambda_not_for_the_code(template: Template, name: str) -> None:
    """What Lambda needs to enter the VPC is withheld from the function's own code."""
    found = statements(Stack(template, SubnetIds="subnet-1", SecurityGroupIds="sg-1"), name)
    (statement,) = [s for s in found if "ec2:CreateNetworkInterface" in as_list(s["Action"])]
    assert statement["Condition"] == {"Null": {"lambda:SourceFunctionArn": "true"}}


def test_each_function_has_a_role_of_its_own(template: Template) -> None:
    """No two functions share a role, and only Lambda may assume one."""
    stack = Stack(template)
    roles = [function["Role"] for function in stack.of_type("AWS::Lambda::Function").values()]
    assert len(set(roles)) == len(FUNCTIONS) + 1  # the doctor
    trusted = [role["AssumeRolePolicyDocument"]["Statement"] for role in stack.of_type("AWS::IAM::Role").values()]
    assert {s["Principal"]["Service"] for found in trusted for s in found} == {"lambda.amazonaws.com"}


def test_partitions_are_not_assumed(template: Template) -> None:
    """No ARN names a partition, so the stack deploys in China and GovCloud, too."""
    resources = str({**template["Resources"], **template["Outputs"]})
    assert "arn:aws" not in resources
    assert "arn:${AWS::Partition}" in resources
