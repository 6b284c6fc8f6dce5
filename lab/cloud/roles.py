"""The role of a function that is deployed in the lab, with the policies that template.yaml gives it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lab.cloud.account import ACCOUNT, REGION
from lab.cloud.functions import Deployed

ACTIONS = ("DescribeSecret", "GetSecretValue", "ListSecretVersionIds", "PutSecretValue", "UpdateSecretVersionStage")
"""What a rotation function does with the secrets that name it."""
_TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def make_role(iam: Any, function: Deployed) -> str:  # noqa: ANN401 - boto3's client
    """Make the role that a function's configuration names; returns its name."""
    iam.create_role(RoleName=function.name, AssumeRolePolicyDocument=_document(_TRUST))
    let_rotate(iam, function, ACTIONS)
    return function.name


def let_rotate(iam: Any, function: Deployed, actions: Sequence[str]) -> None:  # noqa: ANN401 - as above
    """Let the role do these with secrets that name its function, and nothing else with any secret."""
    arns = [function.arn, f"{function.arn}:*"]
    naming = {"secretsmanager:resource/AllowRotationLambdaArn": arns, "lambda:SourceFunctionArn": arns}
    every_secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:*"
    _put(iam, function, "RotateOwnSecrets", actions, every_secret, {"Condition": {"ArnLike": naming}})


def let_read(iam: Any, function: Deployed, superuser_arn: str) -> None:  # noqa: ANN401 - as above
    """Let the function read a superuser's secret, and list that in its environment."""
    _put(iam, function, "ReadSuperuserSecrets", ("DescribeSecret", "GetSecretValue"), superuser_arn, {})
    function.configuration["Environment"] = {"Variables": {"SUPERUSER_SECRET_ARNS": superuser_arn}}


def _put(
    iam: Any,  # noqa: ANN401 - as above
    function: Deployed,
    policy: str,
    actions: Sequence[str],
    resource: str,
    more: Mapping[str, object],
) -> None:
    named = [f"secretsmanager:{action}" for action in actions]
    document = _document({"Effect": "Allow", "Action": named, "Resource": resource, **more})
    iam.put_role_policy(RoleName=function.name, PolicyName=policy, PolicyDocument=document)


def _document(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
