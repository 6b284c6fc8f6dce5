"""The doctor's function in this process, and applications whose secrets it examines."""

import json
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest

from lab.application import Secret
from lab.cloud import Deployed
from lab.lambda_environment import InProcessContext, InProcessFunction, Invocation
from lab.secretsmanager import LocalSecretsManager
from secret_rotation.examination.daily import AWS_SECONDS
from secret_rotation.examination.handler import doctor_handler
from secret_rotation.examination.parts import Parts
from secret_rotation.examination.supported import EXAMINERS, STRATEGIES
from secret_rotation.examination.turns import turn_before
from secret_rotation.examination.verifier import SECONDS
from secret_rotation.patience import Patience
from secret_rotation.strategies.alternating_users import AlternatingUsers
from secret_rotation.strategies.single_user import SingleUser
from tests.fixtures.databases import ApplicationUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication

Checks = Mapping[str, Mapping[str, Any]]
"""Findings by the names of their checks."""


@dataclass(frozen=True)
class Writing:
    """A function in this process, with all that it writes in its log, as Lambda keeps it."""

    function: InProcessFunction

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        """Invoke it, and keep what it writes."""
        with redirect_stdout(StringIO()) as stdout:
            invocation = self.function.invoke(event)
        return replace(invocation, log=stdout.getvalue() + invocation.log)


@dataclass
class Doctor:
    """The doctor of one application's stack.

    Attributes:
        now: its clock.
        deployed: its function, with a log of its own.
    """

    secret_arn: str
    now: datetime
    parts: Parts
    deployed: Deployed

    def ask(self, **event: object) -> Invocation:
        """What the function answers."""
        return self.deployed.invoke({"secret": self.secret_arn, **event})

    def check(self, *only: str) -> Checks:
        """The findings, all of them unless some are named."""
        invocation = self.ask(action="check", **({"only": list(only)} if only else {}))
        assert not invocation.failed, invocation
        payload: Any = invocation.payload
        return {finding["check"]: finding for finding in payload["checks"]}

    def verify(self) -> Any:  # noqa: ANN401 - a document of JSON
        """The answer to a round, with the outcomes of this secret as `outcomes` and the metrics as `metrics`."""
        invocation = self.deployed.invoke({"action": "verify"})
        assert not invocation.failed, invocation
        lines = [json.loads(line) for line in invocation.log.splitlines()]
        outcomes = [line["verification"] for line in lines if "verification" in line]
        (metrics,) = (line for line in lines if "SecretsUnchecked" in line)
        payload: Any = invocation.payload
        named = {name: value[0] for name, value in metrics.items() if name.startswith("Secrets")}
        told = [line.get("message", "") for line in lines]
        return SimpleNamespace(**payload, outcomes=outcomes, metrics=named, told=" ".join(told))


MakeDoctor = Callable[..., Doctor]


@pytest.fixture
def application(user: ApplicationUser, make_application: MakeApplication) -> Application:
    """An application of a single user on each engine."""
    return make_application(user, SINGLE_USER)


@pytest.fixture
def either_strategy(user: ApplicationUser, strategy: str, make_application: MakeApplication) -> Application:
    """An application on each engine, with each strategy."""
    return make_application(user, strategy)


@pytest.fixture
def make_doctor(
    function_environment: Mapping[str, str],
    cloud: LocalSecretsManager,
    patience: Patience,
    unique_name: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> MakeDoctor:
    """Make the doctor of the stack that rotates an application's secret: ``make_doctor(application)``."""
    monkeypatch.setattr("secret_rotation.examination.network.SLOW_MS", 60_000)  # no machine is as slow as that

    def make(application: Application, timeout_seconds: float = 120.0, **environ: str) -> Doctor:
        function_arn = cloud.client().describe_secret(SecretId=application.secret.arn)["RotationLambdaARN"]
        strategy = AlternatingUsers if "masterarn" in application.secret.value() else SingleUser
        name = unique_name("doctor")
        variables = {
            **function_environment,
            "RDS_CA_BUNDLE": str(application.user.server.ca_bundle),
            "POWERTOOLS_SERVICE_NAME": name,
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
            f"{strategy.name.upper()}_FUNCTION_ARNS": function_arn,
            **environ,
        }
        # Its clock stands in the hour of its turn.
        now = turn_before(application.secret.arn, datetime.now(UTC)) + timedelta(minutes=5)
        handler = doctor_handler(EXAMINERS, STRATEGIES, variables, patience, lambda: doctor.now)
        function = Writing(InProcessFunction(handler, timeout_seconds=timeout_seconds))
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
        doctor = Doctor(application.secret.arn, now, handler.parts, cloud.register(arn, function))
        return doctor

    return make


def results(checks: Checks, result: str) -> set[str]:
    """The names of the checks that ended so."""
    return {name for name, finding in checks.items() if finding["result"] == result}


def leave_no_time_after(secret: Secret, patch: pytest.MonkeyPatch) -> None:
    """Give rounds the time to verify one secret, and none for another once the verification of this one has begun."""
    before, seconds = secret.operations(), SECONDS + AWS_SECONDS

    def remaining_ms(_: InProcessContext) -> int:
        return int((2 * seconds if secret.operations() == before else seconds) * 1000)

    patch.setattr(InProcessContext, "get_remaining_time_in_millis", remaining_ms)
