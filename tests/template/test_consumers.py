"""The examples of what acts on a rotation's events: by their rules, on events that a function has sent."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator

from lab.servers import DatabaseServer
from tests.fixtures.databases import MakeUser
from tests.fixtures.event_bus import EventBus
from tests.fixtures.rotation import ALTERNATING_USERS, MakeApplication
from tests.template.eventbridge import Event, event, matches
from tests.template.iam import allows, as_list
from tests.template.stack import Stack

pytestmark = pytest.mark.xdist_group("sam")  # in one worker: what SAM makes is made once

NEEDED = {"redeploy-ecs-service": {"Cluster": "shop", "Service": "web"}, "reload-pool": {"PoolTag": "shop"}}


@pytest.fixture(params=sorted(NEEDED))
def consumer(request: pytest.FixtureRequest, sam_tool: Callable[..., str]) -> Callable[[str], Stack]:
    """Deploy an example for a secret."""
    file = f"examples/consumers/{request.param}.yaml"
    program = "import json, sys, samcli.yamlhelper as yaml; print(json.dumps(yaml.parse_yaml_file(sys.argv[1])))"
    template = json.loads(sam_tool("python", "-c", program, file))
    return lambda secret_arn: Stack(template, SecretArn=secret_arn, **NEEDED[request.param])


@pytest.fixture
def told(
    make_application: MakeApplication, make_user: MakeUser, newest_postgres: DatabaseServer, event_bus: EventBus
) -> list[Event]:
    """What EventBridge makes of what a function tells: a rotation that fails, and then succeeds."""
    environ = {"ROTATION_EVENTS": "true", "EVENTS_ENDPOINT": event_bus.url}
    application = make_application(make_user(newest_postgres), ALTERNATING_USERS, environ=environ)
    token = application.begin()
    assert application.steps(token, "setSecret").failed
    assert not application.steps(token, "createSecret", "setSecret", "testSecret", "finishSecret").failed
    entries = event_bus.entries
    return [
        {**event(e["Source"], e["DetailType"], **json.loads(e["Detail"])), "resources": e["Resources"]} for e in entries
    ]


def test_a_consumer_acts_on_a_finished_rotation_of_its_secret(
    consumer: Callable[[str], Stack], told: list[Event]
) -> None:
    """The rule matches what a function sends of its secret once AWSCURRENT has moved, and nothing else."""
    failed, succeeded = told
    (rule,) = consumer(succeeded["detail"]["secret_arn"]).of_type("AWS::Events::Rule").values()
    (other,) = consumer("arn:of:another").of_type("AWS::Events::Rule").values()
    assert matches(rule, succeeded)
    assert not matches(rule, failed)
    assert not matches(other, succeeded)
    assert not matches(rule, {**succeeded, "account": "444455556666"})
    assert not matches(rule, {**succeeded, "source": "somebody"})


def test_a_consumer_may_do_nothing_else(consumer: Callable[[str], Stack]) -> None:
    """Each role is for one service, and allows one action on what the template names."""
    for role in consumer("arn:of:secret").of_type("AWS::IAM::Role").values():
        (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trusted["Principal"]["Service"] in ("events.amazonaws.com", "states.amazonaws.com")
        (policy,) = role["Policies"]
        statements = policy["PolicyDocument"]["Statement"]
        assert len({action for statement in statements for action in as_list(statement["Action"])}) == 1
        assert not [s for s in statements if "*" in s["Resource"] and "Condition" not in s]


def test_the_service_that_is_redeployed_is_the_one_that_may_be(consumer: Callable[[str], Stack]) -> None:
    """What Step Functions calls is an API of ECS, with what that takes, on the service that the role allows."""
    stack = consumer("arn:of:secret")
    machines = list(stack.of_type("AWS::StepFunctions::StateMachine").values())
    for machine in machines:
        definition: dict[str, Any] = machine["Definition"]
        state = definition["States"][definition["StartAt"]]
        assert state["Resource"] == "arn:aws:states:::aws-sdk:ecs:updateService"
        api = boto3.client("ecs", "eu-central-1").meta.service_model.operation_model("UpdateService")
        given = {key[0].lower() + key[1:]: value for key, value in state["Parameters"].items()}
        assert not ParamValidator().validate(given, api.input_shape).has_errors()
        (allowed,) = stack.resources["RedeployRole"]["Properties"]["Policies"]
        service = "arn:aws:ecs:eu-central-1:111122223333:service/shop/web"
        assert given["forceNewDeployment"] is True
        assert allows(allowed["PolicyDocument"]["Statement"], "ecs:UpdateService", service)
    assert len(machines) == ("Redeploy" in stack.resources)


def test_a_command_runs_on_the_pools_instances_alone(consumer: Callable[[str], Stack]) -> None:
    """Run Command is asked for the instances with the tag, and the role allows no others."""
    stack = consumer("arn:of:secret")
    (target,) = stack.resources["Rule"]["Properties"]["Targets"]
    if "RunCommandParameters" not in target:
        return
    assert json.loads(target["Input"])["commands"] == ["/usr/local/bin/reload-pool"]
    assert target["RunCommandParameters"]["RunCommandTargets"] == [{"Key": "tag:Pool", "Values": ["shop"]}]
    (policy,) = stack.resources["RuleRole"]["Properties"]["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    instance = "arn:aws:ec2:eu-central-1:111122223333:instance/i-1"
    assert allows(statements, "ssm:SendCommand", target["Arn"])
    assert allows(statements, "ssm:SendCommand", instance, {"ssm:resourceTag/Pool": "shop"})
    assert not allows(statements, "ssm:SendCommand", instance, {"ssm:resourceTag/Pool": "payroll"})
