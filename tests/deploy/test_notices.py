"""What the deployed stack tells people, through the services of an AWS that nobody here wrote."""

import json
from itertools import product

import pytest
from botocore.exceptions import ClientError

from lab.servers import ProvisionError
from tests.deploy.account import Account
from tests.deploy.deployment import Deployment
from tests.deploy.mailbox import Mailbox
from tests.deploy.ministack import ACCOUNT, REGION
from tests.template.eventbridge import event

BY_CLOUDTRAIL = {"eventSource": "secretsmanager.amazonaws.com"}
SERVICE, CALL = "AWS Service Event via CloudTrail", "AWS API Call via CloudTrail"


def test_an_address_waits_for_its_confirmation(stack: Deployment, account: Account) -> None:
    """The address that was given is subscribed to the topic."""
    listed = account.client("sns").list_subscriptions_by_topic(TopicArn=stack.outputs["TopicArn"])["Subscriptions"]
    assert [(s["Protocol"], s["Endpoint"]) for s in listed] == [("email", "dba@example.com")]


def test_two_topics_are_refused(stack: Deployment) -> None:
    """CloudFormation knows the template's rules, and says why before it changes anything."""
    before = stack.describe()
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:dba"
    with pytest.raises(ProvisionError, match=r"not both"):
        stack.deploy({"AlarmTopicArn": topic})
    assert stack.describe()["StackStatus"] == before["StackStatus"]
    assert stack.describe()["Parameters"] == before["Parameters"]


def test_each_alarm_reaches_people(stack: Deployment, account: Account, mailbox: Mailbox) -> None:
    """Whichever alarm goes on, the topic tells its name and its description, through the topic's own key."""
    cloudwatch = account.client("cloudwatch")
    alarms = [physical for kind, physical in stack.resources.values() if kind == "AWS::CloudWatch::Alarm"]
    assert alarms
    # MiniStack holds the errors of any function against each alarm, so that some may be on already.
    for alarm, state in product(alarms, ("OK", "ALARM")):
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="a test")
    for alarm in alarms:
        told = json.loads(mailbox.wait_for(f'"{alarm}"'))
        assert told["NewStateValue"] == "ALARM"
        assert told["AlarmDescription"]


@pytest.mark.parametrize(
    ("rule", "kind", "detail", "is_told"),
    [
        ("RotationFailedRule", SERVICE, {"eventName": "RotationFailed"}, True),
        ("RotationFailedRule", SERVICE, {"eventName": "RotationAbandoned"}, True),
        ("RotationFailedRule", SERVICE, {"eventName": "TestRotationFailed"}, True),
        ("RotationFailedRule", SERVICE, {"eventName": "RotationSucceeded"}, False),
        ("RotationCancelledRule", CALL, {"eventName": "CancelRotateSecret"}, True),
        ("RotationCancelledRule", CALL, {"eventName": "CancelRotateSecret", "errorCode": "AccessDenied"}, False),
    ],
)
def test_the_rules_know_secrets_managers_own_events(
    stack: Deployment, rule: str, kind: str, detail: dict[str, str], is_told: bool
) -> None:
    """EventBridge itself says which of them a rule matches, by the pattern that it keeps."""
    events = stack.account.client("events")
    pattern = events.describe_rule(Name=stack.physical(rule))["EventPattern"]
    told = event("aws.secretsmanager", kind, **BY_CLOUDTRAIL, **detail)
    assert events.test_event_pattern(EventPattern=pattern, Event=json.dumps(told))["Result"] is is_told


def test_nobody_sends_events_in_secrets_managers_name(account: Account) -> None:
    """Why those events cannot be sent through to the topic here: EventBridge takes them from AWS alone."""
    told = event("aws.secretsmanager", SERVICE, **BY_CLOUDTRAIL, eventName="RotationFailed")
    entry = {"Source": told["source"], "DetailType": told["detail-type"], "Detail": json.dumps(told["detail"])}
    try:
        (answer,) = account.client("events").put_events(Entries=[entry])["Entries"]
    except ClientError as error:
        answer = error.response["Error"] | {"ErrorCode": error.response["Error"]["Code"]}
    assert answer["ErrorCode"].startswith("NotAuthorizedForSource")
