"""What the doctor may do, when it is called, and how its silence is noticed."""

import json
from datetime import timedelta
from typing import Any

import pytest

from secret_rotation.examination.daily import METRICS
from secret_rotation.examination.memory import WINDOW
from secret_rotation.examination.requests import Action, DoctorRequest
from secret_rotation.examination.verification import Outcome
from tests.template.iam import allows, as_list
from tests.template.stack import Stack
from tests.template.test_functions import DOCTOR, FUNCTIONS, TOPIC, Template, variables
from tests.template.test_permissions import (
    ALTERNATING,
    EVERYTHING,
    SECRETS,
    SINGLE,
    SUPERUSER,
    actions,
    statements,
)

pytestmark = pytest.mark.xdist_group("sam")  # in one worker: what SAM makes is made once

CODE = {"lambda:SourceFunctionArn": f"att:{DOCTOR}Function.Arn"}
COUNTED = ("SecretsOverdue", "SecretsStuck", "SecretsOutOfSync")


def alarms(template: Template, **parameters: str) -> dict[str, Any]:
    """The alarms on what the doctor counts, by logical id."""
    found = Stack(template, **parameters).of_type("AWS::CloudWatch::Alarm")
    return {name: alarm for name, alarm in found.items() if alarm["Namespace"] != "AWS/Lambda"}


def test_the_memory_of_the_doctor_outlasts_what_it_reads(template: Template) -> None:
    """A rejection that is forgotten would be tried again, day after day, until the server locks the account."""
    for days in template["Parameters"]["LogRetentionInDays"]["AllowedValues"]:
        group = Stack(template, LogRetentionInDays=str(days)).of_type("AWS::Logs::LogGroup")[f"{DOCTOR}LogGroup"]
        assert timedelta(days=int(group["RetentionInDays"])) >= WINDOW


def test_the_doctor_writes_nothing(template: Template) -> None:
    """Whatever is switched on, all that it may change is its own log.

    A data key is made through Secrets Manager alone, which makes one for whoever may write there.
    """
    allowed = actions(statements(Stack(template, VerifyDaily="true", **EVERYTHING), DOCTOR))
    reading = ("Describe", "Get", "List", "Filter", "Decrypt")
    changing = {a for a in allowed if not a.split(":")[1].startswith(reading) and not a.startswith(("ec2:", "xray:"))}
    assert changing == {"logs:CreateLogStream", "logs:PutLogEvents", "kms:GenerateDataKey"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_doctor_reads_what_the_functions_of_its_stack_rotate(template: Template, name: str) -> None:
    """A secret is read where it names one of these as its rotator, by the doctor's code; no superuser's secret is."""
    found = statements(Stack(template, **EVERYTHING), DOCTOR)
    rotator = "secretsmanager:resource/AllowRotationLambdaArn"
    attached = {rotator: f"att:{name}Function.Arn"}
    for action in ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"):
        assert allows(found, action, SECRETS, {**CODE, **attached})
        assert not allows(found, action, SECRETS, {**CODE, rotator: "arn:other"})
        assert not allows(found, action, SECRETS, {**attached, "lambda:SourceFunctionArn": "arn:of:mallory"})
        assert not allows(found, action, SUPERUSER, CODE)


@pytest.mark.parametrize("left_out", FUNCTIONS)
def test_the_doctor_knows_the_functions_that_are_there(template: Template, left_out: str) -> None:
    """It is told of those that are deployed, by their strategies, and of no other."""
    told = variables(Stack(template, **{left_out: "false"}), DOCTOR)
    for variable, names in (("SINGLE_USER", SINGLE), ("ALTERNATING_USERS", ALTERNATING)):
        there = [f"att:{name}Function.Arn" for name in names if name != left_out]
        assert told[f"{variable}_FUNCTION_ARNS"] == ",".join(there)


def test_no_secret_is_looked_for_unless_asked_for(template: Template) -> None:
    """Without VerifyDaily it lists no secrets, reads no log, and nothing calls it by itself."""
    stack = Stack(template, AlarmTopicArn=TOPIC)
    assert not actions(statements(stack, DOCTOR)) & {"secretsmanager:ListSecrets", "logs:FilterLogEvents"}
    assert "RotationDoctorRule" not in stack.resources
    assert "RotationDoctorPermission" not in stack.resources
    assert not alarms(template, AlarmTopicArn=TOPIC)


def test_the_doctor_is_asked_to_verify_by_its_own_rule(template: Template) -> None:
    """Once an hour, by a rule that alone may call it; what it needs for that is limited to it, or by its code."""
    stack = Stack(template, VerifyDaily="true")
    rule = stack.resources["RotationDoctorRule"]["Properties"]
    assert rule["ScheduleExpression"] == "rate(1 hour)"
    (target,) = rule["Targets"]
    assert target["Arn"] == CODE["lambda:SourceFunctionArn"]
    assert DoctorRequest.from_event(json.loads(target["Input"])).action is Action.VERIFY
    permission = stack.resources["RotationDoctorPermission"]["Properties"]
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["SourceArn"] == "att:RotationDoctorRule.Arn"
    found = statements(stack, DOCTOR)
    assert allows(found, "secretsmanager:ListSecrets", "*", CODE)
    assert not allows(found, "secretsmanager:ListSecrets", "*", {"lambda:SourceFunctionArn": "arn:of:mallory"})
    (log,) = [s for s in found if "logs:FilterLogEvents" in as_list(s["Action"])]
    assert log["Resource"] == "att:RotationDoctorLogGroup.Arn"


def test_what_the_doctor_counts_alarms(template: Template) -> None:
    """One secret is enough, of this stack's doctor alone, in whatever namespace; no alarm is about a secret's name."""
    found = alarms(template, VerifyDaily="true", AlarmTopicArn=TOPIC, MetricsNamespace="Ours")
    stack = Stack(template, VerifyDaily="true")
    service = variables(stack, DOCTOR)["POWERTOOLS_SERVICE_NAME"]
    for alarm in found.values():
        assert alarm["Namespace"] == "Ours"
        assert alarm["Dimensions"] == [{"Name": "service", "Value": service}]
        assert alarm["AlarmActions"] == [TOPIC]
    assert {found[f"{metric}Alarm"]["MetricName"] for metric in COUNTED} == set(COUNTED)
    assert {(found[f"{m}Alarm"]["Statistic"], found[f"{m}Alarm"]["Threshold"]) for m in COUNTED} == {("Maximum", 1)}


def test_a_doctor_that_is_silent_alarms(template: Template) -> None:
    """Three hours without a count of rejections alarm: the function fails, is not called, or verifies nothing."""
    silent = alarms(template, VerifyDaily="true")["RotationDoctorSilentAlarm"]
    assert silent["TreatMissingData"] == "breaching"
    assert (silent["Statistic"], silent["ComparisonOperator"], silent["Threshold"]) == (
        "SampleCount", "LessThanThreshold", 1,
    )  # fmt: skip
    assert silent["Period"] * silent["EvaluationPeriods"] == 3 * 3600
    assert silent["MetricName"] == METRICS[Outcome.OUT_OF_SYNC]
