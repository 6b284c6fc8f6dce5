"""`rotationctl check` of real rotations: a doctor in its place, real databases, and everything broken in turn."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from lab.lambda_environment import InProcessFunction
from lab.pairing import StrategyName
from lab.secretsmanager import LocalSecretsManager
from lab.servers import DatabaseServer
from rotationctl.app import run
from secret_rotation.examination.handler import doctor_handler
from secret_rotation.examination.supported import EXAMINERS, STRATEGIES
from secret_rotation.patience import Patience
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import Application, MakeApplication
from tests.rotation.typed import STATEMENT
from tests.rotationctl.check.conftest import RULES
from tests.rotationctl.check.stack import DOCTOR, Stack
from tests.rotationctl.conftest import OURS
from tests.rotationctl.shell import type_in

DATABASE = "shop-db"
HIDDEN = ("grants.accounts", "grants.superuser")
"""What the user itself cannot see, nor the doctor's role read: its findings say who can."""


@dataclass
class Rotating:
    """An application whose secret rotates by a stack in a VPC, with a doctor.

    Attributes:
        group: the database's security group.
        next_command: what the last check said to type.
    """

    application: Application
    stack: Stack
    group: str
    capsys: pytest.CaptureFixture[str]
    next_command: str = ""

    def check(self, *options: str) -> dict[str, dict[str, Any]]:
        """The findings, by the names of their checks."""
        self.capsys.readouterr()
        url = self.stack.cloud.endpoint_url
        run(["check", self.application.secret.name, "--database", DATABASE, "--json", *options, "--endpoint-url", url])
        out, _ = self.capsys.readouterr()
        document = json.loads(out[out.index("{\n") :])  # after what the doctor logs, who is in this process
        self.next_command = document["next_command"]
        return {finding["check"]: finding for finding in document["checks"]}

    def wrong(self) -> dict[str, dict[str, Any]]:
        """Those that are not ok, but for what is hidden."""
        findings = self.check().items()
        return {name: finding for name, finding in findings if finding["result"] != "ok" and name not in HIDDEN}


@pytest.fixture(autouse=True)
def no_slow_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is, a network that is slow is nothing that is broken here."""
    monkeypatch.setattr("secret_rotation.examination.network.SLOW_MS", 60_000)


@pytest.fixture(params=["newest_postgres", "mysql"])
def server(request: pytest.FixtureRequest) -> DatabaseServer:
    """One of each engine."""
    found: DatabaseServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def rotating(
    server: DatabaseServer,
    cloud: LocalSecretsManager,
    make_user: MakeUser,
    make_application: MakeApplication,
    patience: Patience,
    capsys: pytest.CaptureFixture[str],
) -> Rotating:
    """A single user where the engine keeps the old password, a pair of users elsewhere: neither has a gap."""
    user = make_user(server)
    strategy = StrategyName.SINGLE_USER if user.kit.engine.keeps_old_password else StrategyName.ALTERNATING_USERS
    application = make_application(user, strategy)
    name = f"{user.kit.name}_{strategy}_function".title().replace("_", "")
    arn = OURS.replace("PostgresqlSingleUserFunction", name)
    stack = Stack(cloud, cloud.register(arn, application.function))
    stack.may_read(application.superuser_secret.arn)
    group = stack.in_a_vpc(DATABASE, server.engine, server.port)
    variables = {
        **make_application.environment,
        "RDS_CA_BUNDLE": str(server.ca_bundle),
        f"{strategy.upper()}_FUNCTION_ARNS": arn,
    }
    stack.doctor(InProcessFunction(doctor_handler(EXAMINERS, STRATEGIES, variables, patience)))
    cloud.client().rotate_secret(SecretId=application.secret.arn, RotationLambdaARN=arn, RotationRules=RULES)
    assert cloud.wait_for_rotation(application.secret.arn).succeeded
    return Rotating(application, stack, group, capsys)


def test_all_is_broken_and_mended(rotating: Rotating, typed: Mapping[str, str]) -> None:
    """What `next_command` says is typed, or the statement that is printed, until all is well: then it rotates."""
    assert rotating.wrong() == {}
    for break_it in (_close_the_port, _shut_secrets_manager_out, _take_the_rights, _lock_the_user, _turn_it_off):
        break_it(rotating)
    mended: list[str] = []
    while wrong := rotating.wrong():
        assert len(mended) < len(MENDED), (mended, wrong)
        mended.append(_mend(rotating, wrong, typed))
    assert mended == MENDED
    assert rotating.application.logs_in()
    assert rotating.application.rotate().succeeded


def test_local(rotating: Rotating) -> None:
    """Without the function, what is looked at from here is found the same, with the caller's own rights."""
    here = ("--local", "--ca-bundle", str(rotating.application.user.server.ca_bundle))
    by_the_function = rotating.check()
    rotating.stack.cloud.services.functions.find(DOCTOR).function = InProcessFunction(lambda _event, _context: None)
    local = rotating.check(*here)
    changed = {name for name, found in local.items() if found["result"] != by_the_function[name]["result"]}
    assert changed == set()
    _lock_the_user(rotating)
    assert rotating.check(*here, "--only", "login.current")["login.current"]["result"] == "failed"


MENDED = ["function.permission", "role.secret", "login.current", "schedule.enabled", "network.plan"]
"""What is put right, in this order: what others depend on, then the schedule, then what keeps nothing from rotating.

The lab's database answers whatever its security group says, so that this is no more than a warning.
"""


def _mend(rotating: Rotating, wrong: Mapping[str, Mapping[str, Any]], typed: Mapping[str, str]) -> str:
    command = rotating.next_command
    if " --only " not in command:
        done = type_in(command, typed)
        assert done.returncode == 0, done
        return next(name for name, finding in wrong.items() if finding["remedy"] == command)
    name = command.partition(" --only ")[2].split()[0]
    [statement, *_] = re.findall(STATEMENT, wrong[name]["remedy"] or wrong[name]["text"])
    rotating.application.user.administrate(statement)
    return name


def _close_the_port(rotating: Rotating) -> None:
    ec2 = rotating.stack.of("ec2")
    [group] = ec2.describe_security_groups(GroupIds=[rotating.group])["SecurityGroups"]
    ec2.revoke_security_group_ingress(GroupId=rotating.group, IpPermissions=group["IpPermissions"])


def _shut_secrets_manager_out(rotating: Rotating) -> None:
    rotating.stack.function.statements.clear()


def _take_the_rights(rotating: Rotating) -> None:
    rotating.stack.grant("DescribeSecret")


def _lock_the_user(rotating: Rotating) -> None:
    user, (name, _) = rotating.application.user, rotating.application.credentials()
    user.administrate(user.kit.lock_out(name))


def _turn_it_off(rotating: Rotating) -> None:
    rotating.stack.cloud.client().cancel_rotate_secret(SecretId=rotating.application.secret.arn)
