"""The deployed functions, invoked by an AWS that nobody here wrote, at real servers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from lab.lambda_environment.code import REPOSITORY
from lab.pairing import PAIRINGS, Pairing
from secret_rotation.request import Step
from tests.deploy.account import Account
from tests.deploy.deployment import Deployment, deployed_example
from tests.deploy.differences import ROTATE_SECRET_INVOKES_NOTHING
from tests.deploy.mailbox import Mailbox
from tests.deploy.ministack import wait_until
from tests.fixtures.databases import ApplicationUser, MakeUser, newest_database_name
from tests.fixtures.servers import server_called

FUNCTIONS = {name: f"{name.title().replace('_', '')}FunctionArn" for name in PAIRINGS}
"""The output with the ARN of each function."""


class Secret:
    """A secret in MiniStack that a function of the stack rotates."""

    def __init__(self, account: Account, name: str, value: dict[str, object]) -> None:
        self._client = account.client("secretsmanager")
        self.arn: str = self._client.create_secret(Name=name, SecretString=json.dumps(value))["ARN"]

    def value(self, label: str = "AWSCURRENT") -> dict[str, Any]:
        """The value with a label."""
        answer = self._client.get_secret_value(SecretId=self.arn, VersionStage=label)
        return dict(json.loads(answer["SecretString"]))

    def labels(self) -> dict[str, list[str]]:
        """The labels of each version that has any."""
        return dict(self._client.describe_secret(SecretId=self.arn)["VersionIdsToStages"])

    def begin(self, function_arn: str, pending_username: str) -> str:
        """Begin a rotation as RotateSecret does on AWS, with a value where AWS has none; return its token."""
        rules = {"AutomaticallyAfterDays": 30}
        self._client.rotate_secret(SecretId=self.arn, RotationLambdaARN=function_arn, RotationRules=rules)
        is_begun = any("AWSPENDING" in labels for labels in self.labels().values())
        assert is_begun is not ROTATE_SECRET_INVOKES_NOTHING
        token = str(uuid4())
        value = self.value() | {"username": pending_username, "password": uuid4().hex}
        self._client.put_secret_value(
            SecretId=self.arn,
            ClientRequestToken=token,
            SecretString=json.dumps(value),
            VersionStages=["AWSPENDING"],
        )
        return token

    def delete(self) -> None:
        """Delete it at once."""
        self._client.delete_secret(SecretId=self.arn, ForceDeleteWithoutRecovery=True)


@contextmanager
def secret_of(account: Account, user: ApplicationUser, pairing: Pairing) -> Iterator[Secret]:
    """The secret of a user, and before it the superuser's, where the pairing needs one."""
    superuser = Secret(account, f"superuser/{pairing.kit}", user.superuser_secret_value())
    master = {"masterarn": superuser.arn} if pairing.needs_superuser else {}
    secret = Secret(account, f"prod/{user.username}", user.secret_value(**master))
    try:
        yield secret
    finally:
        secret.delete()
        superuser.delete()


def rotate(stack: Deployment, secret: Secret, pairing: Pairing, pending_username: str) -> str:
    """Begin a rotation and have the function do its steps; return the token."""
    function = stack.outputs[FUNCTIONS[pairing.function]]
    token = secret.begin(function, pending_username)
    for step in Step:
        event = {"SecretId": secret.arn, "ClientRequestToken": token, "Step": step}
        assert stack.invoke(function, event) == (None, None), step
    return token


@pytest.mark.parametrize("pairing", PAIRINGS.values(), ids=str)
def test_each_function_rotates_a_real_user(
    pairing: Pairing, stack: Deployment, account: Account, make_user: MakeUser, request: pytest.FixtureRequest
) -> None:
    """The four steps end with AWSCURRENT on the new version, and that logs in."""
    user = make_user(server_called(request.config, newest_database_name(pairing.kit)))
    with secret_of(account, user, pairing) as secret:
        pending = f"{user.username}_clone" if pairing.needs_superuser else user.username
        token = rotate(stack, secret, pairing, pending)
        assert "AWSCURRENT" in secret.labels()[token]
        value = secret.value()
        assert value["username"] == pending
        assert user.can_work(value["username"], value["password"])


def test_a_finished_rotation_starts_what_waits_for_it(
    stack: Deployment, account: Account, make_user: MakeUser, request: pytest.FixtureRequest
) -> None:
    """The function's own event reaches the rule of an example, which starts its state machine."""
    pairing = PAIRINGS["mysql_single_user"]
    user = make_user(server_called(request.config, newest_database_name(pairing.kit)))
    text = (REPOSITORY / "examples" / "consumers" / "redeploy-ecs-service.yaml").read_text()
    with secret_of(account, user, pairing) as secret:
        parameters = {"SecretArn": secret.arn, "Cluster": "shop", "Service": "web"}
        with deployed_example(account, "redeploy", text, **parameters) as resources:
            rotate(stack, secret, pairing, user.username)
            states, machine = account.client("stepfunctions"), {"stateMachineArn": resources["Redeploy"]}
            wait_until(lambda: states.list_executions(**machine)["executions"], "the start of the state machine")
            (execution,) = states.list_executions(**machine)["executions"]
            given = states.describe_execution(executionArn=execution["executionArn"])["input"]
    assert json.loads(given)["detail"]["secret_arn"] == secret.arn


def test_a_step_that_fails_reaches_people(
    stack: Deployment, account: Account, make_user: MakeUser, request: pytest.FixtureRequest, mailbox: Mailbox
) -> None:
    """The function sends an event, the rule knows it, and the topic tells what happened and what to type."""
    pairing = PAIRINGS["postgresql_single_user"]
    user = make_user(server_called(request.config, newest_database_name(pairing.kit)))
    function = stack.outputs[FUNCTIONS[pairing.function]]
    with secret_of(account, user, pairing) as secret:
        token = secret.begin(function, user.username)
        user.set_password(uuid4().hex)
        error, _ = stack.invoke(function, {"SecretId": secret.arn, "ClientRequestToken": token, "Step": "setSecret"})
        assert error is not None
        told = mailbox.wait_for("failed in setSecret", secret.arn)
        assert f"rotationctl history {secret.arn}" in told
        assert token in told


def test_the_doctor_examines_a_secret(
    stack: Deployment, account: Account, make_user: MakeUser, request: pytest.FixtureRequest
) -> None:
    """It reads the secret, reaches its server and logs in as AWSCURRENT."""
    pairing = PAIRINGS["mysql_single_user"]
    user = make_user(server_called(request.config, newest_database_name(pairing.kit)))
    with secret_of(account, user, pairing) as secret:
        event = {"action": "check", "secret": secret.arn, "strategy": pairing.strategy}
        error, answer = stack.invoke(stack.outputs["RotationDoctorFunctionArn"], event)
        assert error is None
        results = {check["check"]: check["result"] for check in answer["checks"]}
        assert (results["secret.value"], results["login.current"]) == ("ok", "ok")
