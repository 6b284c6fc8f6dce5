"""The doctor's function under Lambda's own runtime client and emulator."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from lab.lambda_environment import FunctionCode, LambdaEnvironment
from lab.secretsmanager import LocalSecretsManager
from lab.servers import DatabaseServer
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication

DOCTOR_ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


@pytest.fixture
def application(any_database: DatabaseServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application of a single user."""
    return make_application(make_user(any_database), SINGLE_USER)


@pytest.fixture(params=["CRITICAL", "DEBUG"])
def environment(
    application: Application,
    function_environment: Mapping[str, str],
    cloud: LocalSecretsManager,
    request: pytest.FixtureRequest,
) -> Iterator[LambdaEnvironment]:
    """The function in a Lambda environment, with its log in CloudWatch."""
    described = cloud.client().describe_secret(SecretId=application.secret.arn)
    variables = {
        **function_environment,
        "RDS_CA_BUNDLE": str(application.user.server.ca_bundle),
        "SINGLE_USER_FUNCTION_ARNS": described["RotationLambdaARN"],
        "POWERTOOLS_LOG_LEVEL": request.param,
    }
    code = FunctionCode.from_source("rotation_doctor")
    with LambdaEnvironment(code, variables, name=application.user.username, timeout_seconds=120) as environment:
        yield environment


def test_the_function_does_all_of_it(
    application: Application, environment: LambdaEnvironment, cloud: LocalSecretsManager
) -> None:
    """It examines, and verifies; its memory is in its log, whatever the level of that is."""
    deployed = cloud.register(f"{DOCTOR_ARN}{environment.name}", environment)
    checked: Any = deployed.invoke({"action": "check", "secret": application.secret.arn})
    assert not checked.failed, checked
    assert {finding["result"] for finding in checked.payload["checks"]} <= {"ok", "skipped"}
    assert json.loads(checked.log)["verification"]["outcome"] == "healthy"
    with replace(environment) as another:  # what it remembers is in the log alone
        verified: Any = cloud.register(deployed.arn, another).invoke({"action": "verify"})
    assert not verified.failed, verified
    assert verified.payload["counts"]["SecretsVerified"] == 1
    refused = deployed.invoke({"action": "dance"})
    assert refused.error_type == "InvalidEventError"
    assert application.secret.value()["password"] not in " ".join(environment.log_lines)
