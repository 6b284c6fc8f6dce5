"""How people learn that a rotation has failed."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from click.testing import CliRunner

from lab.lambda_environment import Invocation
from lab.secretsmanager import EventName, LocalSecretsManager
from rotationctl.app import cli
from tests.fixtures.cloud import MakeSecret
from tests.template.eventbridge import Event, event, matches, message
from tests.template.iam import Context, allows
from tests.template.stack import Stack
from tests.template.test_functions import FUNCTIONS, TOPIC, Template

pytestmark = pytest.mark.xdist_group("sam")  # in one worker: what SAM makes is made once


class Failing:
    """A function that fails."""

    def invoke(self, event: Mapping[str, object]) -> Invocation:  # noqa: ARG002 - whatever it is asked
        """Fail."""
        return Invocation("LoginRejectedError", "no")


ALARM = "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:secret-rotation-MysqlSingleUserErrorsAlarm-1ABC"
RULES = ("RotationFailedRule", "RotationCancelledRule", "RotationEventRule")


def rule(template: Template, name: str, **parameters: str) -> dict[str, Any]:
    """A rule of the stack, by its logical id."""
    stack = Stack(template, **{"RotationEvents": "true", **(parameters or {"AlarmTopicArn": TOPIC})})
    found: dict[str, Any] = stack.of_type("AWS::Events::Rule")[name]
    return found


def test_nobody_is_told_unless_asked_for(template: Template) -> None:
    """Without an address or a topic there is no topic, no key and no rule, and alarms act on nothing."""
    stack = Stack(template)
    kinds = {resource["Type"] for resource in stack.resources.values()}
    assert not kinds & {"AWS::SNS::Topic", "AWS::KMS::Key", "AWS::Events::Rule"}
    assert not [a for a in stack.of_type("AWS::CloudWatch::Alarm").values() if a["AlarmActions"]]


def test_an_address_gets_a_topic_of_its_own(template: Template) -> None:
    """The topic is encrypted with a key of its own, which it needs: alarms cannot use AWS's."""
    stack = Stack(template, NotificationEmail="a@example.com")
    (topic,) = stack.of_type("AWS::SNS::Topic").values()
    assert topic["Subscription"] == [{"Protocol": "email", "Endpoint": "a@example.com"}]
    assert topic["KmsMasterKeyId"] == "att:TopicKey.Arn"


@pytest.mark.parametrize(
    ("service", "context", "may"),
    [
        ("cloudwatch", {"aws:SourceArn": ALARM, "aws:SourceAccount": "111122223333"}, True),
        ("cloudwatch", {"aws:SourceArn": ALARM}, True),
        ("cloudwatch", {"aws:SourceArn": ALARM.replace("111122223333", "444455556666")}, False),
        ("cloudwatch", {}, False),
        ("events", {}, True),
        ("events", {"aws:SourceArn": "att:RotationFailedRule.Arn"}, True),
        ("events", {"aws:SourceArn": "att:RotationCancelledRule.Arn"}, True),
        ("events", {"aws:SourceArn": "att:RotationEventRule.Arn"}, True),
        ("events", {"aws:SourceArn": "arn:aws:events:eu-central-1:444455556666:rule/mallory"}, False),
        ("sns", {}, False),
    ],
)
def test_the_topic_is_for_this_accounts_alarms_and_rules(
    template: Template, service: str, context: Context, may: bool
) -> None:
    """Another account's alarm, or rule where EventBridge names it, does not reach the people who trust this topic."""
    stack = Stack(template, NotificationEmail="a@example.com", RotationEvents="true")
    (policy,) = stack.of_type("AWS::SNS::TopicPolicy").values()
    statements = policy["PolicyDocument"]["Statement"]
    assert allows(statements, "sns:Publish", "ref:Topic", context, service=f"{service}.amazonaws.com") is may
    assert not allows(statements, "sns:Subscribe", "ref:Topic", context, service=f"{service}.amazonaws.com")


@pytest.mark.parametrize(
    ("service", "context", "may"),
    [
        ("cloudwatch", {"aws:SourceAccount": "111122223333"}, True),
        ("cloudwatch", {"aws:SourceAccount": "444455556666"}, False),
        ("events", {}, True),  # what AWS sends with these is undocumented, and it tells not to ask
        ("sns", {}, False),
    ],
)
def test_the_topics_key_is_for_the_same(template: Template, service: str, context: Context, may: bool) -> None:
    """The key of the topic serves both publishers, and CloudWatch for this account alone."""
    (key,) = Stack(template, NotificationEmail="a@example.com").of_type("AWS::KMS::Key").values()
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        found = allows(key["KeyPolicy"]["Statement"], action, "*", context, service=f"{service}.amazonaws.com")
        assert found is may


SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/shop-AbCdEf"
TOLD = {"secret_arn": SECRET, "secret_name": "prod/shop", "version_id": "5d0a1f1e", "step": "setSecret"}


def service_event(name: str) -> Event:
    """A service event of Secrets Manager. Source: its User Guide, "Match Secrets Manager events with EventBridge"."""
    detail = {"eventSource": "secretsmanager.amazonaws.com", "eventName": name, "eventType": "AwsServiceEvent"}
    error = {"errorMessage": "Error when executing lambda arn:of:function during setSecret step"}
    more = {"additionalEventData": {"SecretId": SECRET}, **error}
    return event("aws.secretsmanager", "AWS Service Event via CloudTrail", **detail, **more)


def cancellation(**more: str) -> Event:
    """What CloudTrail records of CancelRotateSecret, or of what somebody was refused."""
    detail = {"eventSource": "secretsmanager.amazonaws.com", "eventName": "CancelRotateSecret", **more}
    who = {"arn": "arn:aws:sts::111122223333:assumed-role/dba/ann"}
    asked = {"requestParameters": {"secretId": "prod/shop"}}
    return event("aws.secretsmanager", "AWS API Call via CloudTrail", **detail, **asked, userIdentity=who)


FAILED = event("secret-rotation", "Rotation Failed", **TOLD, error="LoginRejectedError", message='"no"')
EVENTS = {"RotationFailedRule": service_event("RotationFailed"), "RotationEventRule": FAILED}
EVENTS["RotationCancelledRule"] = cancellation()


@pytest.mark.parametrize("kind", EventName)
def test_every_failure_of_a_rotation_is_told(template: Template, kind: EventName) -> None:
    """The rule matches each service event by which Secrets Manager gives a rotation up, and no other."""
    given_up = kind.endswith(("Failed", "Abandoned"))
    assert matches(rule(template, "RotationFailedRule"), service_event(kind)) is given_up


def test_a_cancelled_rotation_is_told(template: Template) -> None:
    """Who turns a rotation off is told to the others; one who was not allowed to has turned nothing off."""
    found = rule(template, "RotationCancelledRule")
    assert matches(found, cancellation())
    assert not matches(found, cancellation(errorCode="AccessDenied"))
    assert not matches(found, service_event("RotationFailed"))


def test_a_failure_is_told_by_the_functions_where_they_send_events(template: Template) -> None:
    """A failed rotation of this account is told without CloudTrail; one that succeeded tells nobody."""
    found = rule(template, "RotationEventRule")
    assert matches(found, FAILED)
    assert not matches(found, {**FAILED, "account": "444455556666"})
    assert not matches(found, event("secret-rotation", "Rotation Succeeded", **TOLD))
    assert "RotationEventRule" not in Stack(template, AlarmTopicArn=TOPIC).resources
    assert "RotationEventRule" not in Stack(template, RotationEvents="true").resources


@pytest.mark.parametrize("name", RULES)
def test_a_mail_says_what_happened_to_which_secret_when_and_what_to_type(template: Template, name: str) -> None:
    """Each line is a text of its own, as EventBridge wants it, and each command is one of rotationctl or of AWS."""
    text = message(rule(template, name), EVENTS[name])
    lines = [json.loads(line) for line in text.splitlines()]
    assert all(lines), "a line says nothing"
    assert "2026-11-26T03:00:12Z" in lines[0]
    assert any(line.startswith("Secret: ") and "prod/shop" in line for line in lines)
    commands = [found[0] for line in lines if (found := re.search(r"(rotationctl|aws) .+", line))]
    assert [line for line in commands if line.startswith("rotationctl check ")]
    assert all(line.endswith(" --region eu-central-1") and "prod/shop" in line for line in commands)


def test_a_mail_about_a_failure_says_why(template: Template) -> None:
    """The step that failed is told, and the class of the error; not its words, which may hold quotation marks."""
    by_cloudtrail, by_function = (
        message(rule(template, name), EVENTS[name]) for name in ("RotationFailedRule", "RotationEventRule")
    )
    assert "Error when executing lambda arn:of:function during setSecret step" in by_cloudtrail
    assert "failed in setSecret (LoginRejectedError, " in by_function
    assert "no" not in by_function.split()


def test_a_mail_about_a_cancelled_rotation_says_who(template: Template) -> None:
    """The person to ask is named."""
    assert "Who: arn:aws:sts::111122223333:assumed-role/dba/ann" in message(
        rule(template, "RotationCancelledRule"), cancellation()
    )


def test_the_mails_of_a_real_rotation(
    template: Template, cloud: LocalSecretsManager, make_rotating_secret: MakeSecret
) -> None:
    """What CloudTrail records of a rotation that fails, and of somebody who then turns it off, makes both mails."""
    secret = make_rotating_secret({"username": "app"}, Failing())
    assert not secret.rotate().succeeded
    secret.client.cancel_rotate_secret(SecretId=secret.name)
    recorded = {}
    for found in cloud.clients.of("cloudtrail").lookup_events()["Events"]:
        record = json.loads(found["CloudTrailEvent"])
        if secret.name not in found["CloudTrailEvent"]:  # the end of another test's rotation
            continue
        kind = {"AwsApiCall": "AWS API Call", "AwsServiceEvent": "AWS Service Event"}[record["eventType"]]
        recorded[record["eventName"]] = event("aws.secretsmanager", f"{kind} via CloudTrail", **record)
    failed, cancelled = rule(template, "RotationFailedRule"), rule(template, "RotationCancelledRule")
    assert {name for name, told in recorded.items() if matches(failed, told)} == {"RotationFailed"}
    assert {name for name, told in recorded.items() if matches(cancelled, told)} == {"CancelRotateSecret"}
    mail = message(failed, recorded["RotationFailed"])
    assert f"Secret: {secret.arn}" in mail
    assert re.search(r"What Secrets Manager says: Error when executing lambda \S+ during createSecret step", mail)
    assert f"rotationctl check {secret.name} --region" in message(cancelled, recorded["CancelRotateSecret"])


@pytest.mark.parametrize("command", ["status", "check", "history"])
def test_rotationctl_takes_what_mails_and_alarms_ask_to_type(template: Template, command: str) -> None:
    """Each command of rotationctl that people are told to type is one, with the options that it is told with."""
    stack = Stack(template, AlarmTopicArn=TOPIC, RotationEvents="true", VerifyDaily="true")
    texts = [alarm["AlarmDescription"] for alarm in stack.of_type("AWS::CloudWatch::Alarm").values()]
    texts += [message(stack.of_type("AWS::Events::Rule")[name], EVENTS[name]) for name in RULES]
    typed = set(re.findall(rf"rotationctl ({command} .+? --region [a-z0-9-]+)", "\n".join(texts)))
    assert typed
    for line in typed:
        done = CliRunner().invoke(cli, [*line.split(), "--help"])
        assert done.exit_code == 0, done.output


def test_an_alarm_says_what_it_means_and_what_to_type(template: Template) -> None:
    """The description, which is all that a mail of an alarm has of ours, ends with a complete command."""
    alarms = Stack(template, VerifyDaily="true").of_type("AWS::CloudWatch::Alarm").values()
    assert len(alarms) > 3 * len(FUNCTIONS)
    for alarm in alarms:
        assert re.search(r": (rotationctl|aws) [a-z0-9/ -]+ --region eu-central-1$", alarm["AlarmDescription"]), alarm


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(
    ("parameters", "target"), [({"AlarmTopicArn": TOPIC}, TOPIC), ({"NotificationEmail": "a@example.com"}, "ref:Topic")]
)
def test_a_rule_tells_the_topic(template: Template, name: str, parameters: dict[str, str], target: str) -> None:
    """Each rule sends to the topic that was given or made, and to nothing else."""
    assert [t["Arn"] for t in rule(template, name, **parameters)["Targets"]] == [target]


def test_the_dashboard_shows_the_functions_that_are_there(template: Template) -> None:
    """The dashboard is valid JSON whichever functions are deployed, and names each of them."""
    (dashboard,) = Stack(template, MysqlSingleUser="false").of_type("AWS::CloudWatch::Dashboard").values()
    body = json.dumps(json.loads(dashboard["DashboardBody"]))
    shown = {name for name in FUNCTIONS if f"ref:{name}Function" in body}
    assert shown == {*FUNCTIONS} - {"MysqlSingleUser"}
