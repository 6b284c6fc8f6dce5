"""What `rotationctl check` makes of metadata that the lab does not let anybody have, or that takes months to come."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

import pytest

from rotationctl.checks.case import Case
from rotationctl.checks.planned import Planned
from rotationctl.checks.role import ACTIONS, USEFUL
from rotationctl.checks.simulation import Decision
from rotationctl.checks.stages import OUTSIDE
from rotationctl.connection import Connection
from rotationctl.functions import Strategy
from rotationctl.remedies import Adviser
from secret_rotation.doctor.findings import Result
from tests.docs.template import template
from tests.rotationctl.conftest import ANOTHERS, OURS, Account
from tests.rotationctl.metadata import CURRENT, NOW, PENDING, ago, ahead, secret
from tests.rotationctl.shell import type_in


def case(configuration: dict[str, Any] | None = None, planned: Planned | None = None, **changes: Any) -> Case:  # noqa: ANN401 - as boto3 answers
    """A secret of such metadata, whose function is configured like that."""
    made = Case("prod/shop", Adviser(Connection(), NOW), planned)
    made.aws.once("secret", lambda: secret(**changes))
    made.aws.once("configuration", lambda: configuration or {})
    made.aws.once("versions", list)
    return made


SID = "RotateSecretsThatNameThisFunction"
MOVING = Planned(Strategy.SINGLE_USER, OURS)
FOUND: dict[str, tuple[str, Case, Result, str]] = {
    "managed": ("secret.owner", case(OwningService="rds"), Result.FAILED, "rds manages it"),
    "managed by nobody's function": (
        "secret.owner",
        case(RotationLambdaARN=None),
        Result.FAILED,
        "An AWS service manages it",
    ),
    "replica": ("secret.primary", case(PrimaryRegion="eu-west-1"), Result.FAILED, "--region eu-west-1"),
    "never configured": (
        "schedule.enabled",
        case(RotationLambdaARN=None, RotationEnabled=None),
        Result.FAILED,
        "check --pre",
    ),
    "no schedule": ("schedule.enabled", case(), Result.WARNING, "rotate-secret"),
    "before": ("schedule.enabled", case(planned=MOVING, RotationEnabled=None), Result.SKIPPED, "off"),
    "overdue": ("schedule.next", case(NextRotationDate=ago(days=2)), Result.FAILED, "rotationctl rotate prod/shop"),
    "overdue and stuck": (
        "schedule.next",
        case(NextRotationDate=ago(days=2), SecretVersionsToStages=PENDING),
        Result.FAILED,
        "rotationctl recover prod/shop",
    ),
    "into the next day": (
        "schedule.window",
        case(RotationRules={"ScheduleExpression": "cron(0 22 * * ? *)", "Duration": "4h"}),
        Result.WARNING,
        '"Duration": "2h"',
    ),
    "old rate": (
        "schedule.rate",
        case(planned=MOVING, RotationRules={"AutomaticallyAfterDays": 7}),
        Result.WARNING,
        "cron(0 3 1",
    ),
    "old cron": (
        "schedule.rate",
        case(planned=MOVING, RotationRules={"ScheduleExpression": "cron(0 3 1 * ? *)"}),
        Result.OK,
        "No rate",
    ),
    "another's": ("function.ours", case(RotationLambdaARN=ANOTHERS), Result.WARNING, "get-function"),
    "other strategy": (
        "function.ours",
        case(planned=Planned(Strategy.ALTERNATING_USERS, OURS)),
        Result.FAILED,
        "postgresql, single user",
    ),
    "inactive": ("function.state", case({"State": "Inactive"}), Result.WARNING, "idle"),
    "broken": (
        "function.state",
        case({"State": "Failed", "StateReason": "no subnet"}),
        Result.FAILED,
        "no subnet",
    ),
    "bad update": (
        "function.state",
        case({"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no layer"}),
        Result.WARNING,
        "no layer",
    ),
    "old runtime": ("function.runtime", case({"Runtime": "python3.9"}), Result.WARNING, "2025-12-15"),
    "unknown runtime": ("function.runtime", case({"Runtime": "cobol85"}), Result.SKIPPED, "not known"),
    "bad setting": (
        "function.settings",
        case({"Timeout": 60, "Environment": {"Variables": {"PASSWORD_LENGTH": "long"}}}),
        Result.FAILED,
        "PASSWORD_LENGTH must be",
    ),
    "no environment": (
        "function.settings",
        case({"Timeout": 60, "Environment": {"Error": {"Message": "key denied"}}}),
        Result.FAILED,
        "key denied",
    ),
    "no superuser": (
        "role.superuser",
        case({}, RotationLambdaARN=OURS.replace("SingleUser", "AlternatingUsers")),
        Result.FAILED,
        "AlternatingUsersSuperuserSecretArns",
    ),
    "no current": ("versions.labels", case(SecretVersionsToStages={}), Result.FAILED, "recover prod/shop"),
    "no previous": (
        "versions.labels",
        case(SecretVersionsToStages={"version-2": ["AWSCURRENT"]}),
        Result.WARNING,
        "rotationctl rotate prod/shop",
    ),
    "stuck": ("versions.pending", case(SecretVersionsToStages=PENDING), Result.FAILED, "recover prod/shop"),
    "rotating": (
        "versions.pending",
        case(SecretVersionsToStages=PENDING, LastChangedDate=ago(minutes=1)),
        Result.WARNING,
        "--watch prod/shop",
    ),
    "unused": ("versions.use", case(LastAccessedDate=ago(days=200)), Result.WARNING, "describe-secret"),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_is_found(name: str) -> None:
    """Each check on metadata that it is there for: the result, and words of its text or its remedy."""
    check, made, result, words = FOUND[name]
    found = OUTSIDE[check](made)
    assert found.result is result, found
    assert words in f"{found.text} {found.remedy}"


def test_a_shorter_window_can_be_set(account: Account, typed: Mapping[str, str]) -> None:
    """What is printed is typed as it stands: without the days that AWS calculates, and would not take back."""
    shop = account.add("prod/shop")
    expression = {"ScheduleExpression": "cron(0 22 * * ? *)"}
    found = OUTSIDE["schedule.window"](
        case(RotationRules={**expression, "Duration": "4h", "AutomaticallyAfterDays": 1})
    )
    done = type_in(str(found.remedy), {**typed, "AWS_ENDPOINT_URL": account.cloud.endpoint_url})
    assert done.returncode == 0, done
    assert account.client.describe_secret(SecretId=shop.arn)["RotationRules"] == {**expression, "Duration": "2h"}


def test_many_versions() -> None:
    """Long before nothing more can be stored, somebody is told."""
    made = Case("prod/shop", Adviser(Connection(), NOW))
    made.aws.once("secret", secret)
    made.aws.once("versions", lambda: [None] * 81)
    found = OUTSIDE["versions.count"](made)
    assert found.result is Result.WARNING
    assert "81" in found.text


def test_healthy_metadata_is_ok() -> None:
    """The same checks have nothing to say about a secret that rotates by a schedule of our own."""
    schedule = {"ScheduleExpression": "cron(0 3 1 * ? *)", "Duration": "3h"}
    configuration = {"Timeout": 60, "State": "Active", "Runtime": "python3.13"}
    made = case(configuration, RotationRules=schedule, SecretVersionsToStages=CURRENT, NextRotationDate=ahead(days=3))
    found = {check: OUTSIDE[check](made) for check in {check for check, *_ in FOUND.values()}}
    assert {outcome.result for outcome in found.values()} == {Result.OK}, found


def test_a_role_gets_what_the_stack_gives_it() -> None:
    """The policy that is printed for a role without rights is the one of template.yaml, under its name."""
    made = case({"Role": "arn:aws:iam::123456789012:role/rotation/prod-role"})
    made.aws.once("role", lambda: Decision([*ACTIONS, USEFUL], [], []))
    words = shlex.split(str(OUTSIDE["role.secret"](made).remedy))
    given = dict(zip(words[3::2], words[4::2], strict=True))
    [statement] = json.loads(given["--policy-document"])["Statement"]
    assert given["--role-name"] == "prod-role"
    stacks = [
        resource["Properties"]
        for resource in template()["Resources"].values()
        if SID in json.dumps(resource, default=str) and "PolicyName" in resource["Properties"]
    ]
    assert {policy["PolicyName"] for policy in stacks} == {given["--policy-name"]}
    for policy in stacks:
        [whole] = policy["PolicyDocument"]["Statement"]
        assert sorted(whole["Action"]) == sorted(statement["Action"])
        assert whole["Condition"]["ArnLike"].keys() == statement["Condition"]["ArnLike"].keys()
