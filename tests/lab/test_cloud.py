"""The services that the lab's AWS answers beside Secrets Manager and RDS, at the same address, each in its protocol."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore import xform_name

from lab.application import Secret, new_token
from lab.cloud import AwsError, Deployed
from lab.cloud.filter_pattern import FilterPattern
from lab.lambda_environment import Invocation
from lab.secretsmanager import LocalSecretsManager, faults
from tests.fixtures.cloud import MakeSecret, refused

ARN = "arn:aws:lambda:us-east-1:123456789012:function:prod-MysqlSingleUserFunction-1a2B3c4D5e6F"
LOG_GROUP = "/aws/lambda/prod/mysql-single-user"
NAMED_LAB = re.compile("[:/']lab'")


class Logging:
    """A function that logs its events and fails at one step."""

    failing_step: str | None = None

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        """Log the event, and fail at the step."""
        failed = event["Step"] == self.failing_step
        line = json.dumps({"level": "ERROR" if failed else "INFO", "secret_arn": event["SecretId"], **event})
        return Invocation("ValueError", "no", log=line) if failed else Invocation(payload=event, log=line)


@pytest.fixture
def function() -> Logging:
    """A function that logs."""
    return Logging()


@pytest.fixture
def deployed(cloud: LocalSecretsManager, function: Logging) -> Deployed:
    """The same, as it is deployed."""
    return cloud.register(ARN, function)


@pytest.fixture
def of(cloud: LocalSecretsManager) -> Callable[[str], Any]:
    """A client of a service."""
    return cloud.clients.of


def test_lambda_invokes(of: Callable[[str], Any], deployed: Deployed, function: Logging) -> None:
    """A function answers with what it returns, or with Lambda's document of its error and the end of its log."""
    client, event = of("lambda"), {"Step": "setSecret", "SecretId": "any"}
    answer = client.invoke(FunctionName=deployed.name, Payload=json.dumps(event))
    assert json.load(answer["Payload"]) == event
    assert "FunctionError" not in answer
    function.failing_step = "setSecret"
    answer = client.invoke(FunctionName=ARN, Payload=json.dumps(event), LogType="Tail")
    assert json.load(answer["Payload"]) == {"errorType": "ValueError", "errorMessage": "no"}
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert "LogResult" in answer
    with refused("ResourceNotFoundException", "function:nobodys"):
        client.invoke(FunctionName="nobodys", Payload="{}")


def test_lambda_describes(of: Callable[[str], Any], deployed: Deployed) -> None:
    """What a function is configured to, who may invoke it, and which there are; a test may change it."""
    client = of("lambda")
    deployed.configuration["VpcConfig"] = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"], "VpcId": "vpc-1"}
    configuration = client.get_function_configuration(FunctionName=f"{ARN}:live")
    assert configuration["VpcConfig"]["SubnetIds"] == ["subnet-1"]
    assert configuration["LoggingConfig"]["LogGroup"] == LOG_GROUP
    assert client.get_function(FunctionName=ARN)["Configuration"]["FunctionName"] == deployed.name
    assert [found["FunctionArn"] for found in client.list_functions()["Functions"]] == [ARN]
    (statement,) = json.loads(client.get_policy(FunctionName=ARN)["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "secretsmanager.amazonaws.com"}
    deployed.statements.clear()
    with refused("ResourceNotFoundException"):
        client.get_policy(FunctionName=ARN)


def test_logs(of: Callable[[str], Any], deployed: Deployed) -> None:
    """What a function writes is in its log group, in pages, by time and by pattern."""
    for step in ("createSecret", "setSecret"):
        deployed.invoke({"Step": step, "SecretId": "any"})
    client = of("logs")
    lines = client.filter_log_events(logGroupName=LOG_GROUP, filterPattern='{ $.Step = "setSecret" }')["events"]
    assert [json.loads(line["message"])["Step"] for line in lines] == ["setSecret"]
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=LOG_GROUP, limit=3)
    events = [event for page in pages for event in page["events"]]
    assert [event["message"].split(" ")[0] for event in events[::4]] == ["START", "START"]
    assert len(events) == 8
    later = int((datetime.now(UTC) + timedelta(minutes=1)).timestamp() * 1000)
    assert client.filter_log_events(logGroupName=LOG_GROUP, startTime=later)["events"] == []
    assert [group["logGroupName"] for group in client.describe_log_groups()["logGroups"]] == [LOG_GROUP]
    with refused("ResourceNotFoundException"):
        client.filter_log_events(logGroupName="/aws/lambda/nobodys")


@pytest.mark.parametrize(
    ("pattern", "line", "matches"),
    [
        ("", "anything", True),
        ("ERROR", "an ERROR here", True),
        ('"no such" user', "no such user", True),
        ('"no such" user', "no user such", False),
        ("?one ?two", "two", True),
        ("one -two", "one two", False),
        ('{ $.a = "x" && $.b != 1 }', '{"a": "x", "b": 2}', True),
        ('{ $.a = "x" && $.b != 1 }', '{"a": "x", "b": 1}', False),
        ('{ $.a = "x" || $.b.c = 2 }', '{"b": {"c": 2}}', True),
        (r'{ $.a = "say \"é\"*" }', r'{"a": "say \"é\" [now]"}', True),
        ('{ $.a = "x" }', "no JSON", False),
        ('{ $.a = "x" }', '{"b": "x"}', False),
    ],
)
def test_filter_pattern(pattern: str, line: str, matches: bool) -> None:
    """Terms, and comparisons of what JSON holds."""
    assert FilterPattern.parse(pattern).matches(line) is matches


@pytest.mark.parametrize("pattern", ['"open', "{ $.a = 1", "{ a = 1 }", "{ $.a = 1 $.b = 2 }"])
def test_no_filter_pattern(pattern: str) -> None:
    """What is no pattern is refused."""
    with pytest.raises(AwsError, match="InvalidParameterException"):
        FilterPattern.parse(pattern)


def test_cloudtrail(of: Callable[[str], Any], deployed: Deployed, function: Logging, make_secret: MakeSecret) -> None:
    """A rotation is recorded with who asked for it, and with what Secrets Manager did; no value is."""
    secret = make_secret({"password": "secret"})
    function.failing_step = "setSecret"
    token = new_token()
    secret.rotate(RotationLambdaARN=deployed.arn, ClientRequestToken=token)
    found = _lookup(of, StartTime=datetime.now(UTC) - timedelta(minutes=1))
    events = [event for event in found if secret.name in json.dumps(event)]
    assert "password" not in json.dumps(events)
    by_name = {event["eventName"]: event for event in events}
    assert by_name["RotateSecret"]["userIdentity"]["arn"] == "arn:aws:iam::123456789012:user/LABOPERATOR"
    assert by_name["RotateSecret"]["requestParameters"]["clientRequestToken"] == token
    for name in ("RotationStarted", "RotationFailed"):
        assert by_name[name]["additionalEventData"] == {"SecretId": secret.arn}
        assert by_name[name]["requestID"] == f"Rotation-{secret.arn}-{token}"
    assert by_name["RotationFailed"]["errorMessage"] == f"Error when executing lambda {ARN} during setSecret step"


def test_cloudtrail_looks_up(of: Callable[[str], Any], make_secret: MakeSecret) -> None:
    """The newest event comes first, in pages; one attribute chooses, and service events name no resource."""
    secrets: list[Secret] = [make_secret(None) for _ in range(3)]
    found = _lookup(
        of, LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateSecret"}], MaxResults=2
    )
    names = [secret.name for secret in reversed(secrets)]
    assert [name for event in found if (name := event["requestParameters"]["name"]) in names] == names
    by_name = [{"AttributeKey": "ResourceName", "AttributeValue": secrets[0].name}]
    assert [event["eventName"] for event in _lookup(of, LookupAttributes=by_name)] == ["CreateSecret"]
    with refused("InvalidLookupAttributesException"):
        of("cloudtrail").lookup_events(LookupAttributes=by_name * 2)
    secrets[0].cloud.services.trail.lag = timedelta(minutes=15)
    assert _lookup(of, LookupAttributes=by_name) == []


def _lookup(of: Callable[[str], Any], MaxResults: int = 50, **parameters: object) -> list[dict[str, Any]]:  # noqa: N803 - boto3's
    pages = (
        of("cloudtrail")
        .get_paginator("lookup_events")
        .paginate(**parameters, PaginationConfig={"PageSize": MaxResults})
    )
    return [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]


def test_sts(of: Callable[[str], Any]) -> None:
    """Who signs is who CloudTrail says it was."""
    assert of("sts").get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/LABOPERATOR"


MADE_AND_SHOWN: Mapping[str, tuple[str, Mapping[str, object], str]] = {
    "iam": ("CreateRole", {"RoleName": "lab", "AssumeRolePolicyDocument": "{}"}, "list_roles"),
    "ec2": ("CreateSecurityGroup", {"GroupName": "lab", "Description": "-"}, "describe_security_groups"),
    "events": ("PutRule", {"Name": "lab", "ScheduleExpression": "rate(1 day)"}, "list_rules"),
    "sns": ("CreateTopic", {"Name": "lab"}, "list_topics"),
    "sqs": ("CreateQueue", {"QueueName": "lab"}, "list_queues"),
    "cloudwatch": (
        "PutMetricData",
        {"Namespace": "lab", "MetricData": [{"MetricName": "M", "Value": 1}]},
        "list_metrics",
    ),
    "stepfunctions": (
        "CreateStateMachine",
        {"name": "lab", "definition": '{"StartAt": "A"}', "roleArn": "arn:aws:iam::123456789012:role/any"},
        "list_state_machines",
    ),
}
"""Of each service of moto's: an operation that makes something called lab, and one that shows it."""


@pytest.mark.parametrize("service", MADE_AND_SHOWN)
def test_moto(of: Callable[[str], Any], cloud: LocalSecretsManager, service: str) -> None:
    """What is made in a service is there, faults come in the service's own form, and `reset` forgets it all."""
    operation, parameters, show = MADE_AND_SHOWN[service]
    client = of(service)
    make = getattr(client, xform_name(operation))
    make(**parameters)
    assert NAMED_LAB.search(str(getattr(client, show)()))
    cloud.faults.add(faults.error(operation, "AccessDenied"))
    with refused("AccessDenied"):
        make(**parameters)
    cloud.reset()
    assert not NAMED_LAB.search(str(getattr(client, show)()))


def test_nothing_else(of: Callable[[str], Any]) -> None:
    """A service or an operation that the lab does not have says so."""
    with refused("NotImplementedException", "no service s3"):
        of("s3").list_buckets()
    with refused("NotImplementedException", "Lambda does not do"):
        of("lambda").delete_function(FunctionName="lab")


def test_command_line(cloud_shell: Mapping[str, str], cloud: LocalSecretsManager, deployed: Deployed) -> None:
    """The AWS command line finds all of them by one --endpoint-url."""
    for words in (
        f"logs filter-log-events --log-group-name {deployed.log_group}",
        f"lambda get-function-configuration --function-name {deployed.name}",
        "cloudtrail lookup-events",
    ):
        command = ["aws", *words.split(), "--endpoint-url", cloud.endpoint_url, "--output", "json"]
        done = subprocess.run(command, env={**os.environ, **cloud_shell}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)
