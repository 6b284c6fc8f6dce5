"""The lab's IAM decides as AWS's does, as far as template.yaml and its documents have policies."""

import pytest

from lab.cloud import AwsError
from lab.cloud.simulation import decide

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/shop-AbCdEf"
ALLOW = {"Effect": "Allow", "Action": "secretsmanager:Get*", "Resource": "arn:aws:secretsmanager:*:*:secret:prod/*"}
DENY = {"Effect": "Deny", "Action": "*", "Resource": "*"}
NAMED = {"ArnLike": {"secretsmanager:resource/AllowRotationLambdaArn": ["arn:f", "arn:f:*"]}}


@pytest.mark.parametrize(
    ("statements", "context", "decision"),
    [
        ([ALLOW], {}, "allowed"),
        ([], {}, "implicitDeny"),
        ([{**ALLOW, "Action": "secretsmanager:PutSecretValue"}], {}, "implicitDeny"),
        ([{**ALLOW, "Resource": "arn:aws:secretsmanager:*:*:secret:test/*"}], {}, "implicitDeny"),
        ([ALLOW, DENY], {}, "explicitDeny"),
        ([{**ALLOW, "Condition": NAMED}], {}, "implicitDeny"),
        ([{**ALLOW, "Condition": NAMED}], {"secretsmanager:resource/allowrotationlambdaarn": "arn:f:live"}, "allowed"),
        ([{**ALLOW, "Condition": NAMED}], {"secretsmanager:resource/allowrotationlambdaarn": "arn:g"}, "implicitDeny"),
        ([{**ALLOW, "Condition": {"StringEquals": {"a:B": "c*"}}}], {"a:b": "cd"}, "implicitDeny"),
        ([{**ALLOW, "Condition": {"Null": {"a:B": "true"}}}], {}, "allowed"),
        ([{**ALLOW, "Condition": {"Null": {"a:B": "true"}}}], {"a:b": "c"}, "implicitDeny"),
    ],
)
def test_a_decision(statements: list[dict[str, object]], context: dict[str, str], decision: str) -> None:
    """An action is allowed where a statement allows it and none denies it, under conditions that hold."""
    assert decide([{"Statement": statements}], "secretsmanager:GetSecretValue", ARN, context) == decision


def test_a_condition_that_is_not_known() -> None:
    """The lab guesses at nothing."""
    unknown = {**ALLOW, "Condition": {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01"}}}
    with pytest.raises(AwsError, match="DateGreaterThan"):
        decide([{"Statement": unknown}], "secretsmanager:GetSecretValue", ARN, {"aws:currenttime": "now"})
