"""What the example's policies let people and applications do, and what not."""

import re

import pytest

from tests.docs.test_commands import AWS
from tests.template.iam import Context, Statement, allows
from tests.template.stack import Stack
from tests.template.test_functions import FUNCTIONS, Template

pytestmark = pytest.mark.xdist_group("sam")  # in one worker: what SAM makes is made once

SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/shop-a1b2c3"
OTHER = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:dev/shop-a1b2c3"
LAMBDA = "arn:aws:lambda:eu-central-1:111122223333:function:"
STRANGERS = (
    f"{LAMBDA}secret-rotation-test-MysqlSingleUserFunction-9Z",
    f"{LAMBDA}secret-rotation-mallory",
    f"{LAMBDA}mallory",
    "arn:aws:lambda:eu-central-1:444455556666:function:secret-rotation-MysqlSingleUserFunction-9Z",
)
READ_OR_WRITE = (
    "BatchGetSecretValue", "DeleteSecret", "GetSecretValue", "PutResourcePolicy", "PutSecretValue", "UpdateSecret",
)  # fmt: skip


def statements(people: Template, who: str, **parameters: str) -> list[Statement]:
    """The policy of one of them."""
    policy = Stack(people, SecretArn=SECRET, **parameters).of_type("AWS::IAM::ManagedPolicy")[who]
    found: list[Statement] = policy["PolicyDocument"]["Statement"]
    return found


def may(found: list[Statement], operation: str, context: Context | None = None, secret: str = SECRET) -> bool:
    """Whether a policy allows an operation of Secrets Manager on a secret."""
    return allows(found, f"secretsmanager:{operation}", secret, context)


def exported(name: str) -> str:
    """A function's ARN, as another stack imports it."""
    return f"import:secret-rotation-{name}FunctionArn"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_administrator_rotates_with_the_four_functions(people: Template, name: str) -> None:
    """Each function of the stack may be named and invoked; without a name, the secret keeps the one that it has."""
    found = statements(people, "Administrator")
    assert may(found, "RotateSecret", {"secretsmanager:RotationLambdaARN": exported(name)})
    assert may(found, "RotateSecret")
    assert allows(found, "lambda:InvokeFunction", exported(name))


@pytest.mark.parametrize("stranger", [*STRANGERS, *(f"{exported(name)}:7" for name in FUNCTIONS)])
def test_an_administrator_names_no_other_function(people: Template, stranger: str) -> None:
    """A function whose name begins as the stack's do is no function of the stack: it would read what it rotates."""
    found = statements(people, "Administrator")
    assert not may(found, "RotateSecret", {"secretsmanager:RotationLambdaARN": stranger})
    assert not allows(found, "lambda:InvokeFunction", stranger)


@pytest.mark.parametrize("left_out", FUNCTIONS)
def test_a_function_that_is_left_out_is_not_imported(template: Template, people: Template, left_out: str) -> None:
    """With the template's own parameters, all that the stack exports is imported, and nothing that it does not."""
    outputs = Stack(template, **{left_out: "false"}).outputs.values()
    exports = {output["Export"]["Name"] for output in outputs if "Export" in output}
    imports = re.findall(r"import:([\w-]+)", str(Stack(people, SecretArn=SECRET, **{left_out: "false"}).resources))
    assert {*imports, "secret-rotation-RotationDoctorFunctionArn"} == exports


@pytest.mark.parametrize("operation", ["CancelRotateSecret", "DescribeSecret", "ListSecretVersionIds", "RotateSecret"])
def test_an_administrator_is_bound_to_the_prefix(people: Template, operation: str) -> None:
    """What manages a rotation works on the secrets under the prefix, and on no other."""
    found = statements(people, "Administrator")
    assert may(found, operation)
    assert not may(found, operation, secret=OTHER)


def test_an_administrator_moves_no_label_but_pending(people: Template) -> None:
    """A stuck rotation can be given up; which password applications use cannot be decided."""
    found = statements(people, "Administrator")
    assert may(found, "UpdateSecretVersionStage", {"secretsmanager:VersionStage": "AWSPENDING"})
    assert not may(found, "UpdateSecretVersionStage", {"secretsmanager:VersionStage": "AWSPENDING"}, OTHER)
    assert not may(found, "UpdateSecretVersionStage", {"secretsmanager:VersionStage": "AWSCURRENT"})
    assert not may(found, "UpdateSecretVersionStage")


@pytest.mark.parametrize("operation", ["TagResource", "UntagResource"])
@pytest.mark.parametrize(
    ("keys", "allowed"),
    [
        (["rotate"], True),
        (["rotate", "note"], True),
        (["team"], False),
        (["rotate", "team"], False),
        (["Rotate"], False),
        ([], False),
        (None, False),
    ],
)
def test_an_administrator_sets_the_listed_tags_only(
    people: Template, operation: str, keys: list[str] | None, allowed: bool
) -> None:
    """A tag that may give access to the value cannot be set or removed: beside a listed one, by no key, in no case."""
    context: Context = {} if keys is None else {"aws:TagKeys": keys}
    assert may(statements(people, "Administrator", TagKeys="rotate,note"), operation, context) is allowed
    assert not may(statements(people, "Administrator", TagKeys="rotate,note"), operation, context, OTHER)
    assert not may(statements(people, "Administrator", TagKeys=""), operation, context)


@pytest.mark.parametrize("operation", READ_OR_WRITE)
@pytest.mark.parametrize("who", ["Administrator", "Auditor"])
def test_neither_administrator_nor_auditor_reads_or_writes_a_value(people: Template, who: str, operation: str) -> None:
    """Who manages or audits rotations sees no password, sets none, and cannot let others."""
    assert not may(statements(people, who), operation)


@pytest.mark.parametrize(
    ("context", "allowed"),
    [
        ({}, True),  # AWSCURRENT is what is read where nothing is asked for
        ({"secretsmanager:VersionStage": "AWSCURRENT"}, True),
        ({"secretsmanager:VersionStage": "AWSPENDING"}, False),
        ({"secretsmanager:VersionId": "0001"}, False),
        ({"secretsmanager:VersionId": "0001", "secretsmanager:VersionStage": "AWSCURRENT"}, False),
    ],
)
def test_an_application_reads_the_current_version_of_its_secret(
    people: Template, context: Context, allowed: bool
) -> None:
    """An application reads AWSCURRENT of one secret, and no version by its id, which AWSPENDING has too."""
    found = statements(people, "Application")
    assert may(found, "GetSecretValue", context) is allowed
    assert not may(found, "GetSecretValue", context, OTHER)
    assert not may(found, "PutSecretValue", context)


BY_OTHERS = {
    "cloudformation deploy", "cloudformation delete-stack", "cloudformation update-termination-protection",
    "logs create-export-task", "logs delete-log-group", "logs put-log-group-deletion-protection",
    "secretsmanager put-secret-value",
}  # fmt: skip
"""What the documents tell those to type who deploy, remove, or write a value."""
READS = ("describe", "filter", "get", "list", "lookup", "tail")
HERE = {"configure set"}
"""What no service is asked for."""
LOG_GROUP = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/secret-rotation/mysql-single-user:*"
STACK = "arn:aws:cloudformation:eu-central-1:111122223333:stack/secret-rotation/0001"
RESOURCES = {
    "secretsmanager": SECRET, "logs": LOG_GROUP, "cloudformation": STACK, "lambda": exported("MysqlSingleUser"),
}  # fmt: skip


def documented() -> set[str]:
    """The commands of the AWS CLI in the documents for administrators and auditors, each as service and operation."""
    pages = ("README", "docs/operations", "docs/permissions", "docs/security")
    return {" ".join(command.subcommands[:2]) for command in AWS if command.where.startswith(pages)}


def allowed(found: list[Statement], command: str, context: Context | None = None) -> bool:
    """Whether a command may be typed."""
    service, operation = command.split()
    name = "FilterLogEvents" if operation == "tail" else "".join(map(str.title, operation.split("-")))
    return allows(found, f"{service}:{name}", RESOURCES.get(service, "*"), context)


@pytest.mark.parametrize("command", sorted(documented() - BY_OTHERS - HERE))
def test_people_may_type_what_the_documents_say(people: Template, command: str) -> None:
    """With both policies an administrator may type every command that is not for others; an auditor, all that read."""
    auditor = statements(people, "Auditor")
    pending: Context = {"secretsmanager:VersionStage": "AWSPENDING"}
    assert allowed([*statements(people, "Administrator"), *auditor], command, pending)
    assert allowed(auditor, command) is command.split()[1].startswith(READS)


def test_what_is_for_others_is_not_allowed(people: Template) -> None:
    """The list of what others type is in the documents, and in neither policy."""
    assert documented() >= BY_OTHERS
    both = [*statements(people, "Administrator"), *statements(people, "Auditor")]
    assert not [command for command in BY_OTHERS if allowed(both, command)]


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("logs:FilterLogEvents", LOG_GROUP.replace("secret-rotation/", "payroll/")),
        ("logs:FilterLogEvents", LOG_GROUP.replace("secret-rotation/", "secret-rotation-payroll/")),
        *(("lambda:GetFunctionConfiguration", stranger) for stranger in STRANGERS),
        ("cloudformation:DescribeStacks", STACK.replace("secret-rotation/", "secret-rotation-payroll/")),
    ],
)
def test_an_auditor_sees_what_is_of_this_stack(people: Template, action: str, resource: str) -> None:
    """Logs and outputs of other functions and stacks are out of reach, also where a name begins alike."""
    assert not allows(statements(people, "Auditor"), action, resource)
