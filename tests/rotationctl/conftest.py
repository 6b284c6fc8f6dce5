"""rotationctl, called in this process or in one of its own, and an account of Secrets Manager for each test."""

import json
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lab.application import Secret, create_secret
from lab.lambda_environment import InProcessFunction
from lab.secretsmanager import OPERATOR_CALLER, LocalSecretsManager
from rotationctl.app import run
from tests.fixtures.cloud import AWS
from tests.rotationctl.shell import shell_environment

OF_OTHER_SERVICES = {"LookupEvents", "FilterLogEvents", "GetCallerIdentity"}
CALLER = "ROTATIONCTL"
OURS = "arn:aws:lambda:us-east-1:123456789012:function:prod-PostgresqlSingleUserFunction-1a2B3c4D5e6F"
ANOTHERS = "arn:aws:lambda:us-east-1:123456789012:function:SecretsManagerRDSPostgreSQLRotationSingleUser"

VARIABLES = {
    "AWS_ACCESS_KEY_ID": CALLER,
    "AWS_SECRET_ACCESS_KEY": "lab",
    "AWS_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_MAX_ATTEMPTS": "1",
}
"""How a test's shell is set up for AWS: AWS is asked once, not again and again."""


@dataclass(frozen=True)
class Result:
    """How the program ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """What it printed, as one JSON object."""
        value: dict[str, Any] = json.loads(self.out)
        return value

    def states(self) -> dict[str, str]:
        """The state of each secret that it printed as JSON."""
        return {secret["name"]: secret["state"] for secret in self.json["secrets"]}


Program = Callable[..., Result]


class Account:
    """A Secrets Manager of a test's own, whose clock the test sets."""

    def __init__(self) -> None:
        self.age = timedelta()
        self.cloud = LocalSecretsManager(now=self.now)
        self.client = self.cloud.client()
        self.function = InProcessFunction(self.rotate)
        self.cloud.register(OURS, self.function)
        self.cloud.register(ANOTHERS, self.function)

    def now(self) -> datetime:
        """What time it is there."""
        return datetime.now(UTC) - self.age

    def add(self, name: str, function_arn: str | None = OURS, **parameters: Any) -> Secret:  # noqa: ANN401 - boto3's
        """A secret whose rotation is on, unless there is no function for it."""
        secret = create_secret(self.cloud, name, "{}", **parameters)
        if function_arn:
            self.cloud.enable_rotation(secret.arn, function_arn)
        return secret

    def rotate(self, event: dict[str, object], _context: object) -> None:
        """What a rotation does to the labels: there is no database here."""
        client, secret, token = self.client, str(event["SecretId"]), str(event["ClientRequestToken"])
        if event["Step"] == "createSecret":
            client.put_secret_value(
                SecretId=secret, ClientRequestToken=token, SecretString="{}", VersionStages=["AWSPENDING"]
            )
        if event["Step"] == "finishSecret":
            former = self.cloud.version_with(secret, "AWSCURRENT") or ""
            client.update_secret_version_stage(
                SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=former
            )


@pytest.fixture
def account() -> Iterator[Account]:
    """An account with no secret in it."""
    account = Account()
    with account.cloud:
        yield account


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """`VARIABLES`, and nothing else that this machine has set for AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name in ("NO_COLOR", "COLUMNS", "TERM")]:
        monkeypatch.delenv(name)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return VARIABLES


@pytest.fixture
def program(environment: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> Program:  # noqa: ARG001 - it is used
    """Call rotationctl: ``program("status", "--json")``."""

    def call(*arguments: str) -> Result:
        capsys.readouterr()
        code = run(arguments)
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def rotationctl(program: Program, account: Account) -> Iterator[Program]:
    """Call rotationctl on the account; in the end it must not have asked for any value."""

    def call(*arguments: str) -> Result:
        return program(*arguments, "--endpoint-url", account.cloud.endpoint_url)

    yield call
    asked = {call.operation for call in account.cloud.calls.all() if call.caller == CALLER}
    assert asked <= {"ListSecrets", "DescribeSecret", "ListSecretVersionIds", "GetResourcePolicy", *OF_OTHER_SERVICES}


@pytest.fixture
def rotate(program: Program, account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """Call `rotationctl rotate` on the account, which looks often; in the end it must not have asked for any value."""
    for seconds in ("run.POLL_SECONDS", "watcher.LOG_SECONDS", "pause.SHORTEST_SECONDS"):
        monkeypatch.setattr(f"rotationctl.waves.{seconds}", 0.02)

    def call(*arguments: str) -> Result:
        return program("rotate", "--endpoint-url", account.cloud.endpoint_url, *arguments)

    yield call
    called = {call.operation for call in account.cloud.calls.all() if call.caller == CALLER}
    assert not {"GetSecretValue", "BatchGetSecretValue"} & called


@pytest.fixture
def shell(environment: Mapping[str, str], account: Account) -> Mapping[str, str]:
    """The environment of a shell in which rotationctl finds the account."""
    return {**shell_environment(), **environment, "AWS_ENDPOINT_URL": account.cloud.endpoint_url}


@pytest.fixture
def typed(tmp_path: Path) -> Mapping[str, str]:
    """The environment of a shell that finds rotationctl and the AWS command line, and nothing of the lab by itself."""
    if not AWS.exists():
        pytest.fail("There is no .venv-sam with the AWS CLI. Run the tests with `make test`, which makes it.")
    program = tmp_path / "rotationctl"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m rotationctl "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    path = os.pathsep.join([str(tmp_path), str(AWS.parent), os.environ["PATH"]])
    as_operator = {"AWS_ACCESS_KEY_ID": OPERATOR_CALLER, "AWS_DEFAULT_REGION": "us-east-1"}
    return {**shell_environment(), **VARIABLES, **as_operator, "PATH": path}
