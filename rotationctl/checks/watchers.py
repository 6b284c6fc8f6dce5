"""Checks of what tells people of rotations that fail. Nothing here keeps a rotation from succeeding."""

import json
from collections.abc import Mapping
from typing import Any

from rotationctl.checks.case import Case
from rotationctl.checks.needing import needing_function
from rotationctl.checks.outcome import Outcome, ok, skipped, warning
from rotationctl.functions import function_name

SOURCE, FAILED = "aws.secretsmanager", "RotationFailed"
PENDING = "PendingConfirmation"


def _trail(case: Case) -> Outcome:
    """Source: EventBridge User Guide, "AWS service events delivered via AWS CloudTrail": a trail has to log."""
    trails = case.aws.call("cloudtrail", "describe_trails", includeShadowTrails=True)["trailList"]
    here = [
        trail for trail in trails if trail.get("IsMultiRegionTrail") or trail.get("HomeRegion") == case.secret.region
    ]
    silent = None
    for trail in here:
        arn = trail["TrailARN"]
        if not case.aws.call("cloudtrail", "get_trail_status", Name=arn)["IsLogging"]:
            silent = arn
        elif _writes(case.aws.call("cloudtrail", "get_event_selectors", TrailName=arn)):
            return ok(f"Trail {trail['Name']} records management events.")
    if silent:
        text = f"Trail {silent} is stopped: EventBridge may not hear of rotations that fail."
        return warning(text, case.command("cloudtrail", "start-logging", "--name", silent))
    return warning("No trail here records management events: EventBridge may not hear of rotations that fail.")


def _writes(selectors: Mapping[str, Any]) -> bool:
    """Whether a trail records what is written by management events."""
    for selector in selectors.get("EventSelectors", ()):
        if selector.get("IncludeManagementEvents") and selector.get("ReadWriteType") != "ReadOnly":
            return True
    for selector in selectors.get("AdvancedEventSelectors", ()):
        fields = {field["Field"]: field.get("Equals", []) for field in selector["FieldSelectors"]}
        if "Management" in fields.get("eventCategory", []) and "true" not in fields.get("readOnly", []):
            return True
    return False


def _alarm(case: Case) -> Outcome:
    alarms = _alarms(case)
    if not alarms:
        return warning(f"No alarm waits for errors of {case.name}. Deploy its stack again, which has one.")
    for alarm in alarms:
        if not alarm.get("ActionsEnabled"):
            text = f"Alarm {alarm['AlarmName']} tells nobody: its actions are disabled."
            return warning(
                text, case.command("cloudwatch", "enable-alarm-actions", "--alarm-names", alarm["AlarmName"])
            )
    if not _topics(case):
        return warning("Its alarms tell nobody. Deploy its stack with NotificationEmail or AlarmTopicArn.")
    return ok(f"Alarm {', '.join(alarm['AlarmName'] for alarm in alarms)} is on.")


def _rule(case: Case) -> Outcome:
    topics = _topics(case)
    if not topics:
        return skipped("No alarm of the function names a topic, and the rule is looked for by that.")
    names = {
        name
        for topic in topics
        for name in case.aws.pages("events", "list_rule_names_by_target", "RuleNames", TargetArn=topic)
    }
    rules = [case.aws.call("events", "describe_rule", Name=name) for name in sorted(names)]
    waiting = [rule for rule in rules if _waits(rule)]
    if not waiting:
        return warning(f"No rule sends {FAILED} to the topic of the alarms. Deploy the stack with NotificationEmail.")
    for rule in waiting:
        if rule["State"] == "DISABLED":
            text = f"Rule {rule['Name']} is disabled: nobody hears of rotations that fail."
            return warning(text, case.command("events", "enable-rule", "--name", rule["Name"]))
    return ok(f"Rule {', '.join(rule['Name'] for rule in waiting)} waits for them.")


def _waits(rule: Mapping[str, Any]) -> bool:
    """Whether failed rotations match its pattern, in which what is left out matches everything."""
    pattern = json.loads(rule.get("EventPattern") or '{"source": []}')
    sources, names = pattern.get("source", [SOURCE]), pattern.get("detail", {}).get("eventName", [FAILED])
    return SOURCE in sources and FAILED in names


def _subscriber(case: Case) -> Outcome:
    topics = _topics(case)
    if not topics:
        return skipped("No alarm of the function names a topic.")
    subscriptions = [
        subscription
        for topic in topics
        for subscription in case.aws.pages("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
    ]
    confirmed = [subscription for subscription in subscriptions if subscription["SubscriptionArn"] != PENDING]
    if confirmed:
        return ok(f"{len(confirmed)} of {len(subscriptions)} subscribers of {', '.join(topics)} confirmed it.")
    for waiting in subscriptions:
        # To subscribe again sends the mail again. Source: SNS API Reference, Subscribe and ConfirmSubscription.
        again = ("--protocol", waiting["Protocol"], "--notification-endpoint", waiting["Endpoint"])
        text = f"{waiting['Endpoint']} did not follow the link in the mail from AWS, which ends after two days."
        return warning(text, case.command("sns", "subscribe", "--topic-arn", waiting["TopicArn"], *again))
    return warning(f"Nobody has subscribed to {topics[0]}.")


def _topics(case: Case) -> list[str]:
    """The topics that the alarms tell."""
    found = (action for alarm in _alarms(case) for action in alarm.get("AlarmActions", ()))
    return sorted({action for action in found if action.split(":")[2] == "sns"})


def _alarms(case: Case) -> list[Mapping[str, Any]]:
    dimension = {"Name": "FunctionName", "Value": function_name(case.function_arn or "")}
    asked = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": [dimension]}
    answer = case.aws.once("alarms", lambda: case.aws.call("cloudwatch", "describe_alarms_for_metric", **asked))
    alarms: list[Mapping[str, Any]] = answer["MetricAlarms"]
    return alarms


CHECKS = {
    "watchers.trail": _trail,
    "watchers.rule": needing_function(_rule),
    "watchers.alarm": needing_function(_alarm),
    "watchers.subscriber": needing_function(_subscriber),
}
