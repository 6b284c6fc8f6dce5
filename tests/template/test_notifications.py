"""How people learn that a rotation has failed."""

from __future__ import annotations

import json

import pytest

from lab.secretsmanager import EventName
from tests.template.stack import Stack
from tests.template.test_functions import FUNCTIONS, TOPIC, Template

pytestmark = pytest.mark.xdist_group("sam")  # in one worker: what SAM makes is made once

PUBLISHERS = ["cloudwatch.amazonaws.com", "events.amazonaws.com"]


def test_nobody_is_told_unless_asked_for(template: Template) -> None:
    """Without an address or a topic there is no topic, no key and no rule, and alarms act on nothing."""
    stack = Stack(template)
    kinds = {resource["Type"] for resource in stack.resources.values()}
    assert not kinds & {"AWS::SNS::Topic", "AWS::KMS::Key", "AWS::Events::Rule"}
    assert not [a for a in stack.of_type("AWS::CloudWatch::Alarm").values() if "AlarmActions" in a]


def test_an_address_gets_a_topic_that_alarms_and_events_can_use(template: Template) -> None:
    """The topic is encrypted with a key of its own, and key and topic admit both publishers."""
    stack = Stack(template, NotificationEmail="a@example.com")
    (topic,) = stack.of_type("AWS::SNS::Topic").values()
    assert topic["Subscription"] == [{"Protocol": "email", "Endpoint": "a@example.com"}]
    assert topic["KmsMasterKeyId"] == "att:TopicKey.Arn"
    (key,) = stack.of_type("AWS::KMS::Key").values()
    (policy,) = stack.of_type("AWS::SNS::TopicPolicy").values()
    for document, action in ((key["KeyPolicy"], "kms:Decrypt"), (policy["PolicyDocument"], "sns:Publish")):
        (statement,) = [s for s in document["Statement"] if s["Principal"].get("Service") == PUBLISHERS]
        assert action in statement["Action"]


def test_every_failure_of_a_rotation_is_told(template: Template) -> None:
    """The rule matches each service event by which Secrets Manager gives a rotation up, and no other."""
    for parameters, target in (
        ({"AlarmTopicArn": TOPIC}, TOPIC),
        ({"NotificationEmail": "a@example.com"}, "ref:Topic"),
    ):
        (rule,) = Stack(template, **parameters).of_type("AWS::Events::Rule").values()
        assert rule["EventPattern"]["detail-type"] == ["AWS Service Event via CloudTrail"]
        given_up = {name for name in EventName if name.endswith(("Failed", "Abandoned"))}
        assert set(rule["EventPattern"]["detail"]["eventName"]) == given_up
        assert [t["Arn"] for t in rule["Targets"]] == [target]


def test_the_dashboard_shows_the_functions_that_are_there(template: Template) -> None:
    """The dashboard is valid JSON whichever functions are deployed, and names each of them."""
    (dashboard,) = Stack(template, MysqlSingleUser="false").of_type("AWS::CloudWatch::Dashboard").values()
    body = json.dumps(json.loads(dashboard["DashboardBody"]))
    assert [name for name in FUNCTIONS if f"ref:{name}Function" in body] == [
        name for name in FUNCTIONS if name != "MysqlSingleUser"
    ]
