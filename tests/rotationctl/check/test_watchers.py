"""Who would not be told of a rotation that fails."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from lab.application import Secret
from rotationctl.checks.case import Case
from rotationctl.checks.outcome import Outcome
from rotationctl.checks.watchers import CHECKS, PENDING
from rotationctl.connection import Connection
from rotationctl.remedies import Adviser
from secret_rotation.doctor.findings import Result
from tests.rotationctl.check.stack import Stack
from tests.rotationctl.conftest import Account
from tests.rotationctl.shell import type_in

WRITES, READS = ({"Field": "readOnly", "Equals": [is_so]} for is_so in ("false", "true"))
MANAGEMENT, DATA = ({"Field": "eventCategory", "Equals": [kind]} for kind in ("Management", "Data"))


@pytest.fixture
def watch(account: Account, shop: Secret, environment: Mapping[str, str]) -> Callable[[str], Outcome]:  # noqa: ARG001 - it is set
    """What a check finds."""
    adviser = Adviser(Connection(endpoint_url=account.cloud.endpoint_url), datetime.now(UTC))
    return lambda check: CHECKS[f"watchers.{check}"](Case(shop.name, adviser))


def test_what_a_trail_records(watch: Callable[[str], Outcome], stack: Stack) -> None:
    """Only a trail of management events that write tells EventBridge what Secrets Manager does."""
    for selectors, result in (
        ({"EventSelectors": [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]}, Result.WARNING),
        ({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": False}]}, Result.WARNING),
        ({"AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT, WRITES]}]}, Result.OK),
        ({"AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT, READS]}]}, Result.WARNING),
        ({"AdvancedEventSelectors": [{"FieldSelectors": [DATA]}]}, Result.WARNING),
    ):
        stack.of("cloudtrail").put_event_selectors(TrailName=stack.trail, **selectors)
        assert watch("trail").result is result, selectors


def test_nobody_hears(watch: Callable[[str], Outcome], stack: Stack) -> None:
    """No trail, no subscriber, no rule, no topic, no alarm: each by its check, in that order."""
    stack.of("cloudtrail").delete_trail(Name="all")
    assert watch("trail").text.startswith("No trail here")
    sns, events, cloudwatch = stack.of("sns"), stack.of("events"), stack.of("cloudwatch")
    for subscription in sns.list_subscriptions()["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    assert watch("subscriber").text == f"Nobody has subscribed to {stack.topic}."
    events.remove_targets(Rule=stack.rule, Ids=["topic"])
    assert watch("rule").text.startswith("No rule sends RotationFailed")
    cloudwatch.delete_alarms(AlarmNames=[stack.alarm])
    assert watch("alarm").text.startswith("No alarm waits for errors of")
    assert {watch("rule").result, watch("subscriber").result} == {Result.SKIPPED}


@pytest.mark.usefixtures("environment")
def test_a_mail_that_nobody_followed(account: Account, stack: Stack, typed: Mapping[str, str], shop: Secret) -> None:
    """The lab's SNS confirms by itself; AWS waits, and sends its mail again when what is printed is typed."""
    url = account.cloud.endpoint_url
    case = Case(shop.name, Adviser(Connection(region="us-east-1", endpoint_url=url), datetime.now(UTC)))
    case.aws.once("alarms", lambda: {"MetricAlarms": [{"AlarmName": stack.alarm, "AlarmActions": [stack.topic]}]})
    case.aws.once(("client", "sns"), lambda: Waiting(stack.topic))  # type: ignore[arg-type] # as the case asks itself
    found = CHECKS["watchers.subscriber"](case)
    assert found.result is Result.WARNING
    assert found.text.startswith("dba@example.com did not follow")
    done = type_in(str(found.remedy), typed)
    assert done.returncode == 0, done


class Waiting:
    """SNS with a subscription that is not confirmed."""

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def get_paginator(self, _operation: str) -> "Waiting":
        """The one that there is."""
        return self

    def paginate(self, **_: object) -> list[dict[str, object]]:
        """One page."""
        waiting = {"SubscriptionArn": PENDING, "Protocol": "email", "Endpoint": "dba@example.com"}
        return [{"Subscriptions": [{**waiting, "TopicArn": self._topic}]}]
