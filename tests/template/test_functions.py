"""What is deployed: the four functions, each on its own, and what goes with each."""

from __future__ import annotations

import re
from typing import Any

import pytest

from secret_rotation.settings import Settings
from tests.template.conftest import ROOT
from tests.template.stack import Stack

pytestmark = pytest.mark.xdist_group("sam")  # in one worker: what SAM makes is made once

FUNCTIONS = ("PostgresqlSingleUser", "PostgresqlAlternatingUsers", "MysqlSingleUser", "MysqlAlternatingUsers")
TOPIC = "arn:aws:sns:eu-central-1:111122223333:alarms"
Template = dict[str, Any]


def variables(stack: Stack, name: str) -> dict[str, str]:
    """The environment variables of a function, as Lambda would set them."""
    environment = stack.resources[f"{name}Function"]["Properties"]["Environment"]["Variables"]
    return {key: str(value) for key, value in environment.items()}


def test_all_four_functions_are_deployed_by_default(template: Template) -> None:
    """Without any parameter, each of the four directories is a function with the handler that the code has."""
    functions = Stack(template).of_type("AWS::Lambda::Function")
    assert set(functions) == {f"{name}Function" for name in FUNCTIONS}
    assert {function["Handler"] for function in functions.values()} == {"app.lambda_handler"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_can_be_left_out(template: Template, name: str) -> None:
    """A function's parameter leaves out all that belongs to it, and nothing that stays refers to it."""
    stack = Stack(template, **{name: "false"})
    assert not [left for left in (*stack.resources, *stack.outputs) if left.startswith(name)]
    assert len(stack.of_type("AWS::Lambda::Function")) == len(FUNCTIONS) - 1


def test_all_functions_can_be_left_out(template: Template) -> None:
    """The stack deploys without any function, so that the last one can be taken out like the first."""
    stack = Stack(template, NotificationEmail="a@example.com", **dict.fromkeys(FUNCTIONS, "false"))
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


@pytest.mark.parametrize("name", FUNCTIONS)
def test_logs_are_kept_for_the_time_asked_for(template: Template, name: str) -> None:
    """Each function writes to a log group of its own, with the retention of the parameter."""
    stack = Stack(template, LogRetentionInDays="30")
    group = stack.resources[f"{name}Function"]["Properties"]["LoggingConfig"]["LogGroup"].removeprefix("ref:")
    assert stack.of_type("AWS::Logs::LogGroup")[group]["RetentionInDays"] == "30"
    assert len(stack.of_type("AWS::Logs::LogGroup")) == len(FUNCTIONS)


def test_the_vpc_is_optional(template: Template) -> None:
    """Subnets and security groups reach every function; without them a function is in no VPC."""
    inside = Stack(template, SubnetIds="subnet-1,subnet-2", SecurityGroupIds="sg-1")
    for function in inside.of_type("AWS::Lambda::Function").values():
        assert function["VpcConfig"] == {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    assert not [f for f in Stack(template).of_type("AWS::Lambda::Function").values() if "VpcConfig" in f]


def test_half_a_vpc_is_not_dropped(template: Template) -> None:
    """Subnets without security groups reach Lambda, which refuses them: no function is silently put outside the VPC."""
    half = Stack(template, SubnetIds="subnet-1")
    assert all(f["VpcConfig"]["SubnetIds"] == ["subnet-1"] for f in half.of_type("AWS::Lambda::Function").values())


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_functions_and_drivers_have_one_architecture(template: Template, architecture: str) -> None:
    """The architecture asked for is that of every function."""
    functions = Stack(template, Architecture=architecture).of_type("AWS::Lambda::Function")
    assert {tuple(function["Architectures"]) for function in functions.values()} == {(architecture,)}


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
    """The parameters' defaults are valid settings, and are the defaults of the code."""
    deployed = Settings.from_environ(variables(Stack(template), name), default_exclude_characters=":/@\"'\\")
    assert deployed == Settings.from_environ({}, default_exclude_characters=":/@\"'\\")


def test_parameters_reach_the_code(template: Template) -> None:
    """Each parameter about passwords changes the setting that it is named after."""
    stack = Stack(template, PasswordLength="20", ExcludeNumbers="true", UsernameCharacterLimit="30")
    settings = Settings.from_environ(variables(stack, "MysqlAlternatingUsers"), default_exclude_characters="")
    assert settings.password_policy.length == 20
    assert settings.password_policy.exclude_numbers
    assert settings.username_limit == 30


@pytest.mark.parametrize(
    ("variable", "functions"),
    [
        ("OLD_PASSWORD", {"MysqlSingleUser"}),
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
    alarms = {
        alarm["MetricName"]: alarm
        for alarm in stack.of_type("AWS::CloudWatch::Alarm").values()
        if alarm["Dimensions"] == dimension
    }
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
