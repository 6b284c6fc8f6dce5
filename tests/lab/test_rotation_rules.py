"""Rotation schedules: what AWS accepts, and when the next rotation is due. Source: RotationRulesType; User Guide."""

from datetime import UTC, datetime
from typing import Any

import pytest
from mypy_boto3_secretsmanager.type_defs import RotationRulesTypeTypeDef

from lab.lambda_environment import InProcessFunction
from lab.secretsmanager.rules import RotationRules
from tests.fixtures.cloud import MakeSecret, refused

SATURDAY = datetime(2026, 1, 31, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rules", "due"),
    [
        ({"AutomaticallyAfterDays": 1}, "2026-02-01T23:59:59"),
        ({"AutomaticallyAfterDays": 30}, "2026-03-02T23:59:59"),
        ({"ScheduleExpression": "rate(10 days)", "Duration": "3h"}, "2026-02-10T02:59:59"),
        ({"ScheduleExpression": "rate(6 hours)"}, "2026-01-31T11:59:59"),
        ({"ScheduleExpression": "cron(0 8 1 * ? *)"}, "2026-02-01T23:59:59"),
        ({"ScheduleExpression": "cron(0 16 ? * SUN *)", "Duration": "2h"}, "2026-02-01T17:59:59"),
        ({"ScheduleExpression": "cron(0 */8 * * ? *)"}, "2026-01-31T08:59:59"),
        ({"ScheduleExpression": "cron(0 0 28 FEB,JUN ? *)", "Duration": "4h"}, "2026-02-28T03:59:59"),
    ],
    ids=str,
)
def test_next_rotation(rules: dict[str, Any], due: str) -> None:
    """The next rotation is due at the end of the first window after the last rotation."""
    assert RotationRules.parse(rules).next_rotation(SATURDAY) == datetime.fromisoformat(f"{due}+00:00")


@pytest.mark.parametrize(
    ("rules", "code", "message"),
    [
        ({}, "InvalidParameterException", "either AutomaticallyAfterDays or ScheduleExpression"),
        ({"AutomaticallyAfterDays": 1001}, "ValidationException", "less than or equal to 1000"),
        ({"AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(1 day)"}, "InvalidParameterException", "not both"),
        ({"ScheduleExpression": "rate(3 hours)"}, "InvalidParameterException", "every 4 hours at most"),
        ({"ScheduleExpression": "every day"}, "InvalidParameterException", "neither rate"),
        ({"ScheduleExpression": "cron(5 8 * * ? *)"}, "InvalidParameterException", "minutes must be 0"),
        ({"ScheduleExpression": "cron(0 8 * * ? 2027)"}, "InvalidParameterException", "year must be"),
        ({"ScheduleExpression": "cron(0 8 * * * *)"}, "InvalidParameterException", "must be ?"),
        ({"ScheduleExpression": "cron(0 8 L * ? *)"}, "InvalidParameterException", "'L' is not a number"),
        ({"ScheduleExpression": "cron(0 24 * * ? *)"}, "InvalidParameterException", "outside 0 to 23"),
        ({"ScheduleExpression": "rate(4 hours)", "Duration": "5h"}, "InvalidParameterException", "4h is the longest"),
        ({"AutomaticallyAfterDays": 1, "Duration": "90m"}, "ValidationException", "duration"),
    ],
    ids=str,
)
def test_refused_schedule(make_secret: MakeSecret, rules: RotationRulesTypeTypeDef, code: str, message: str) -> None:
    """A schedule that AWS does not take is refused with the reason, and nothing is configured."""
    secret = make_secret("value")
    arn = "arn:aws:lambda:us-east-1:123456789012:function:rules"
    secret.cloud.register(arn, InProcessFunction(lambda _event, _context: None))
    with refused(code, message.replace("?", r"\?")):
        secret.client.rotate_secret(SecretId=secret.arn, RotationLambdaARN=arn, RotationRules=rules)
    assert "RotationEnabled" not in secret.client.describe_secret(SecretId=secret.arn)
