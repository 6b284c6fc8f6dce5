"""A secret that a whole stack rotates, in an account of its own, and `rotationctl check` of it."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from lab.application import Secret
from rotationctl.exits import Exit
from tests.rotationctl.check.stack import Doctor, Stack
from tests.rotationctl.conftest import OURS, Account, Program

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.type_defs import RotationRulesTypeTypeDef

Check = Callable[..., dict[str, dict[str, Any]]]
RULES: "RotationRulesTypeTypeDef" = {"ScheduleExpression": "cron(0 3 1 * ? *)", "Duration": "2h"}


@pytest.fixture
def stack(account: Account) -> Iterator[Stack]:
    """A stack in which all is well."""
    try:
        yield Stack(account.cloud, account.cloud.services.functions.find(OURS))
    finally:
        account.cloud.reset()


@pytest.fixture
def doctor(stack: Stack) -> Doctor:
    """The stack's doctor."""
    doctor = Doctor()
    stack.doctor(doctor.function())
    return doctor


@pytest.fixture
def shop(account: Account, stack: Stack, doctor: Doctor) -> Secret:  # noqa: ARG001 - they are deployed
    """A secret that the stack rotates, and has rotated."""
    secret = account.add("prod/shop", Tags=[{"Key": "team", "Value": "shop"}])
    account.client.rotate_secret(SecretId=secret.arn, RotationLambdaARN=OURS, RotationRules=RULES)
    assert account.cloud.wait_for_rotation(secret.arn).succeeded
    return secret


@pytest.fixture
def check(program: Program, account: Account) -> Check:
    """Check the secret; returns each finding by the name of its check."""

    def call(*options: str, reference: str = "prod/shop") -> dict[str, dict[str, Any]]:
        result = program("check", reference, "--json", *options, "--endpoint-url", account.cloud.endpoint_url)
        assert result.code in (Exit.FINE, Exit.NOT_FINE, Exit.PARTLY), result
        assert result.json["success"] == (result.code is Exit.FINE)
        return {finding["check"]: finding for finding in result.json["checks"]}

    return call
