"""What is deployed: the four functions and the doctor, each on its own, and what goes with each."""

import re
from typing import Any

import pytest

from lab.engines import KITS
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.settings import Settings
from tests.template.conftest import DEPENDENCIES, ROOT
from tests.template.stack import Stack

pytestmark = pytest.mark.xdist_group("sam")  # in one worker: what SAM makes is made once

FUNCTIONS = ("PostgresqlSingleUser", "PostgresqlAlternatingUsers", "MysqlSingleUser", "MysqlAlternatingUsers")
"""Those that rotate."""
DOCTOR = "RotationDoctor"
TOPIC = "arn:aws:sns:eu-central-1:111122223333:alarms"
Template = dict[str, Any]


def variables(stack: Stack, name: str) -> dict[str, str]:
    """The environment variables of a function, as Lambda would set them."""
    environment = stack.resources[f"{name}Function"]["Properties"]["Environment"]["Variables"]
    return {key: str(value) for key, value in environment.items()}


def test_all_functions_are_deployed_by_default(template: Template) -> None:
    """Without any parameter, each of the directories is a function with the handler that the code has."""
    functions = Stack(template).of_type("AWS::Lambda::Function")
    assert set(functions) == {f"{name}Function" for name in (*FUNCTIONS, DOCTOR)}
    assert {function["Handler"] for function in functions.values()} == {"app.lambda_handler"}


@pytest.mark.parametrize("parameter", [*FUNCTIONS, "Doctor"])
def test_a_function_can_be_left_out(template: Template, parameter: str) -> None:
    """A function's parameter leaves out all that belongs to it, and nothing that stays refers to it."""
    stack = Stack(template, **{parameter: "false"})
    name = DOCTOR if parameter == "Doctor" else parameter
    assert not [left for left in (*stack.resources, *stack.outputs) if left.startswith(name)]
    assert len(stack.of_type("AWS::Lambda::Function")) == len(FUNCTIONS)


def test_all_functions_can_be_left_out(template: Template) -> None:
    """The stack deploys without any function, so that the last can be taken out like the first; the doctor goes too."""
    none = dict.fromkeys(FUNCTIONS, "false")
    stack = Stack(template, NotificationEmail="a@example.com", VerifyDaily="true", RotationEvents="true", **none)
    assert not stack.of_type("AWS::Lambda::Function")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_only_secrets_manager_of_this_account_may_invoke(template: Template, name: str) -> None:
    """Each function admits Secrets Manager on behalf of this account, and nobody else."""
    permissions = Stack(template).of_type("AWS::Lambda::Permission")
    assert [p for p in permissions.values() if p["FunctionName"] == f"ref:{name}Function"] == [
        {
            "Action": "lambda:InvokeFunction",
            "FunctionName": f"ref:{name}Function",
            "Principal": "secretsmanager.amazonaws.com",
            "SourceAccount": "111122223333",
        }
    ]


@pytest.mark.parametrize("name", [*FUNCTIONS, DOCTOR])
def test_logs_are_kept_for_the_time_asked_for(template: Template, name: str) -> None:
    """Each function writes to a log group of its own, with the retention of the parameter."""
    stack = Stack(template, LogRetentionInDays="30")
    group = stack.resources[f"{name}Function"]["Properties"]["LoggingConfig"]["LogGroup"].removeprefix("ref:")
    assert stack.of_type("AWS::Logs::LogGroup")[group]["RetentionInDays"] == "30"
    assert len(stack.of_type("AWS::Logs::LogGroup")) == len(FUNCTIONS) + 1


def test_the_vpc_is_optional(template: Template) -> None:
    """Subnets and security groups reach every function; without them a function is in no VPC."""
    inside = Stack(template, SubnetIds="subnet-1,subnet-2", SecurityGroupIds="sg-1")
    for function in inside.of_type("AWS::Lambda::Function").values():
        assert function["VpcConfig"] == {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    assert not [f for f in Stack(template).of_type("AWS::Lambda::Function").values() if "VpcConfig" in f]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, None),
        ({"SubnetIds": "subnet-1,subnet-2", "SecurityGroupIds": "sg-1"}, None),
        ({"SubnetIds": "subnet-1"}, "SubnetIds needs SecurityGroupIds"),
        ({"SecurityGroupIds": "sg-1,sg-2"}, "SecurityGroupIds needs SubnetIds"),
        ({"NotificationEmail": "a@example.com", "AlarmTopicArn": TOPIC}, "not both"),
        ({"CaBundleLayerArn": "arn:of:layer"}, "CaBundleLayerArn without RdsCaBundle"),
        ({"VerifyDaily": "true", "Doctor": "false"}, "VerifyDaily needs Doctor"),
    ],
)
def test_what_makes_no_sense_together_is_refused_before_anything_is_made(
    template: Template, parameters: dict[str, str], words: str | None
) -> None:
    """Half a VPC, two topics, or a layer that nobody reads are told in a sentence."""
    broken = Stack(template, **parameters).broken_rules()
    assert len(broken) == (words is not None)
    assert all(words is not None and words in sentence for sentence in broken)


@pytest.mark.parametrize("architecture", DEPENDENCIES)
def test_functions_and_drivers_have_one_architecture(template: Template, architecture: str) -> None:
    """The architecture asked for is that of every function, and of the drivers that each of them gets."""
    stack = Stack(template, Architecture=architecture)
    functions = stack.of_type("AWS::Lambda::Function").values()
    assert {tuple(function["Architectures"]) for function in functions} == {(architecture,)}
    [layer] = {function["Layers"][0] for function in functions}
    drivers = stack.resources[layer.removeprefix("ref:")]["Properties"]
    assert layer.removeprefix("ref:").startswith(DEPENDENCIES[architecture])
    assert drivers["CompatibleArchitectures"] == [architecture]
    assert not [name for name in stack.resources if name.startswith("Dependencies") and f"ref:{name}" != layer]


def test_drivers_are_built_for_the_runtime(template: Template) -> None:
    """The layers are built for the Python that the functions run on: a driver of another one cannot be imported."""
    built = re.search(r"^LAYER_PYTHON \?= (.+)$", (ROOT / "scripts/bytecode.mk").read_text(), re.MULTILINE)
    assert built is not None
    stack = Stack(template)
    assert {f["Runtime"] for f in stack.of_type("AWS::Lambda::Function").values()} == {f"python{built[1]}"}
    for layer in stack.of_type("AWS::Lambda::LayerVersion").values():
        assert layer["CompatibleRuntimes"] == [f"python{built[1]}"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_code_accepts_the_default_environment(template: Template, name: str) -> None:
    """The parameters' defaults are valid settings, and those of the code but for two that a stack always sets.

    It lists superusers, and it excludes what PostgreSQL does by itself, which is not less than any engine does.
    """
    [engine] = (kit.engine for kit in KITS if name.lower().startswith(kit.name))
    always = {"SUPERUSER_SECRET_ARNS": "", "EXCLUDE_CHARACTERS": PostgreSQL.default_exclude_characters}
    own = engine.default_exclude_characters
    assert Settings.from_environ(variables(Stack(template), name), own) == Settings.from_environ(always, own)
    assert set(own) <= set(PostgreSQL.default_exclude_characters)


def test_parameters_reach_the_code(template: Template) -> None:
    """Each parameter changes the setting that it is named after."""
    stack = Stack(
        template, PasswordLength="20", ExcludeNumbers="true", UsernameCharacterLimit="30", RotationEvents="true"
    )
    settings = Settings.from_environ(variables(stack, "MysqlAlternatingUsers"), default_exclude_characters="")
    assert settings.password_policy.length == 20
    assert settings.password_policy.exclude_numbers
    assert settings.username_limit == 30
    assert settings.sends_events


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_knows_the_superusers_of_its_strategy(template: Template, name: str) -> None:
    """The list that the role may read is the function's own too, so that it can refuse any other; empty means none."""
    assert variables(Stack(template), name)["SUPERUSER_SECRET_ARNS"] == ""
    stack = Stack(
        template, AlternatingUsersSuperuserSecretArns="arn:a,arn:b-??????", SingleUserSuperuserSecretArns="arn:c"
    )
    expected = "arn:a,arn:b-??????" if "Alternating" in name else "arn:c"
    assert variables(stack, name)["SUPERUSER_SECRET_ARNS"] == expected


@pytest.mark.parametrize("parameter", ["SecretsManagerEndpoint", "RdsEndpoint", "EventsEndpoint"])
@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("", True),
        ("https://vpce-1-a.secretsmanager.eu-central-1.vpce.amazonaws.com", True),
        ("http://vpce-1-a.secretsmanager.eu-central-1.vpce.amazonaws.com", False),
        ("https://vpce-1-a/path", False),
        ("vpce-1-a", False),
    ],
)
def test_aws_is_spoken_to_by_https(template: Template, parameter: str, url: str, taken: bool) -> None:
    """An endpoint in plaintext, where whoever listens reads every password, is refused before anything is deployed."""
    pattern = template["Parameters"][parameter]["AllowedPattern"]
    assert (re.search(pattern, url) is not None) is taken


@pytest.mark.parametrize(
    ("variable", "functions"),
    [
        ("PASSWORD_ENCRYPTION", {"PostgresqlAlternatingUsers", "PostgresqlSingleUser"}),
        ("OLD_PASSWORD", {"MysqlSingleUser"}),
        ("PROMOTE_EARLY", {"PostgresqlSingleUser"}),
        ("RESET_WITH_SUPERUSER", {"MysqlSingleUser", "PostgresqlSingleUser"}),
        ("USERNAME_CHARACTER_LIMIT", {"MysqlAlternatingUsers", "PostgresqlAlternatingUsers"}),
    ],
)
def test_a_setting_reaches_the_functions_that_have_it(template: Template, variable: str, functions: set[str]) -> None:
    """A setting of one strategy or engine is set on no other function, where it would mislead."""
    stack = Stack(template)
    assert {name for name in FUNCTIONS if variable in variables(stack, name)} == functions


def test_events_are_never_logged(template: Template) -> None:
    """No parameter makes Powertools log whole events: they carry the rotation token."""
    assert "POWERTOOLS_LOGGER_LOG_EVENT" not in str(template)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_its_alarms(template: Template, name: str) -> None:
    """Errors, throttles and slowness of each function raise an alarm, which reaches the topic that was given."""
    stack = Stack(template, AlarmTopicArn=TOPIC)
    dimension = [{"Name": "FunctionName", "Value": f"ref:{name}Function"}]
    all_alarms = stack.of_type("AWS::CloudWatch::Alarm").values()
    alarms = {alarm["MetricName"]: alarm for alarm in all_alarms if alarm["Dimensions"] == dimension}
    assert set(alarms) == {"Errors", "Throttles", "Duration"}
    assert all(alarm["AlarmActions"] == [TOPIC] for alarm in alarms.values())
    timeout_ms = stack.resources[f"{name}Function"]["Properties"]["Timeout"] * 1000
    assert timeout_ms / 2 < alarms["Duration"]["Threshold"] < timeout_ms


def test_outputs_are_arns_to_rotate_with(template: Template) -> None:
    """Each function's ARN is an output, exported under a name that other stacks can import."""
    outputs = Stack(template).outputs
    for name in FUNCTIONS:
        assert outputs[f"{name}FunctionArn"]["Value"] == f"att:{name}Function.Arn"
        assert outputs[f"{name}FunctionArn"]["Export"] == {"Name": f"secret-rotation-{name}FunctionArn"}
