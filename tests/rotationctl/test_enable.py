"""`rotationctl enable`: real functions and databases, what fails is put back, and what is printed undoes it."""

import json
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

from lab.application import Secret
from lab.engines import KITS, kit_of
from lab.lambda_environment import InProcessFunction
from lab.secretsmanager import faults
from lab.servers import DatabaseServer
from rotationctl.enabling.result import JSON
from rotationctl.exits import Exit
from secret_rotation.commands import shell_line
from tests.fixtures.databases import MakeUser, newest_database_name
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication
from tests.fixtures.servers import server_called
from tests.rotationctl.conftest import ANOTHERS
from tests.rotationctl.shell import TIMEOUT_SECONDS, running, type_in

CRON = "cron(0 3 ? * SUN *)"
STRATEGIES = {SINGLE_USER: "single-user", ALTERNATING_USERS: "alternating-users"}


def arn_of(server: DatabaseServer, strategy: str, stack: str = "prod") -> str:
    """The ARN of a stack's function."""
    name = "".join(word.capitalize() for word in f"{kit_of(server).name}_{strategy}".split("_"))
    return f"arn:aws:lambda:us-east-1:123456789012:function:{stack}-{name}Function-1a2B3c4D5e6F"


class Enabling:
    """An application whose function is deployed, and the program at hand."""

    def __init__(self, application: Application, strategy: str, typed: Mapping[str, str]) -> None:
        self.application, self.secret, self.strategy = application, application.secret, strategy
        self.cloud = application.secret.cloud
        self.arn = arn_of(application.user.server, strategy)
        self.cloud.register(self.arn, application.function)
        self.environment = {**typed, "AWS_ENDPOINT_URL": self.cloud.endpoint_url}

    def __call__(self, *options: str) -> tuple[int, dict[str, Any], str]:
        """How the program ends, its line of JSON, and what it says."""
        asked = ("enable", self.secret.name, "--strategy", STRATEGIES[self.strategy], "--json", *options)  # type: ignore[index]
        with running(*asked, env=self.environment) as process:
            out, err = process.communicate(timeout=TIMEOUT_SECONDS)
        lines = [json.loads(line) for line in out.splitlines()]
        assert all(list(line) == list(JSON) for line in lines), out
        return process.returncode, lines[0] if lines else {}, err

    def configuration(self) -> tuple[str | None, dict[str, Any] | None, bool]:
        """The function, the rules, and whether rotation is on."""
        found = self.secret.client.describe_secret(SecretId=self.secret.arn)
        rules = found.get("RotationRules")
        return found.get("RotationLambdaARN"), dict(rules) if rules else None, bool(found.get("RotationEnabled"))

    def type_in(self, command: str) -> int:
        """Paste a command into a shell."""
        return type_in(command, self.environment).returncode


@pytest.fixture
def enabling(
    make_user: MakeUser, make_application: MakeApplication, typed: Mapping[str, str]
) -> Iterator[Callable[..., Enabling]]:
    """Make one: ``enabling(server, strategy)``; its secret has never rotated."""

    def make(server: DatabaseServer, strategy: str = SINGLE_USER) -> Enabling:
        application = make_application(make_user(server), strategy)
        value = application.secret.value()
        client = application.secret.client
        client.delete_secret(SecretId=application.secret.arn, ForceDeleteWithoutRecovery=True)
        created = client.create_secret(Name=application.secret.name, SecretString=json.dumps(value))
        secret = Secret(application.secret.cloud, created["ARN"], created["Name"])
        superuser, function = application.superuser_secret, application.function
        fresh = Application(application.user, secret, superuser, function, application.stdout)
        return Enabling(fresh, strategy, typed)

    with redirect_stdout(StringIO()):
        yield make


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_it_is_attached_and_not_rotated(
    any_database: DatabaseServer, strategy: str, enabling: Callable[..., Enabling]
) -> None:
    """The stack's function for the engine, the schedule, a dry run that passed, and no new password."""
    enable = enabling(any_database, strategy)
    before = enable.secret.labels()
    code, line, err = enable("--read-value", "--schedule", CRON, "--window", "2h")
    assert (code, line["outcome"]) == (Exit.FINE, "enabled"), err
    assert enable.configuration() == (enable.arn, {"ScheduleExpression": CRON, "Duration": "2h"}, True)
    assert enable.secret.labels() == before
    assert enable.secret.value()["password"] not in err
    assert enable.type_in(line["next_command"]) == Exit.FINE
    assert enable.cloud.wait_for_rotation(enable.secret.arn).succeeded
    assert enable.application.logs_in()
    code, line, _ = enable()
    assert (code, line["outcome"]) == (Exit.FINE, "enabled already")


def test_a_superuser_that_is_refused(any_database: DatabaseServer, enabling: Callable[..., Enabling]) -> None:
    """The dry run's error is told, rotation is off as it was before, and no version is AWSPENDING."""
    enable = enabling(any_database, ALTERNATING_USERS)
    enable.application.superuser_secret.change(password="out-of-date")
    code, line, err = enable("--read-value", "--schedule", CRON)
    assert (code, line["outcome"], line["error"]) == (Exit.NOT_FINE, "put back", "SuperuserRejectedError"), err
    assert line["step"] == "testSecret"
    assert not enable.configuration()[2]
    assert not enable.secret.is_stuck


def test_the_wrong_engine(
    any_database: DatabaseServer, enabling: Callable[..., Enabling], request: pytest.FixtureRequest
) -> None:
    """A secret that is said to be of another engine than it is: its function refuses it."""
    enable = enabling(any_database)
    other = next(kit for kit in KITS if kit is not kit_of(any_database))
    server = server_called(request.config, newest_database_name(other))
    enable.cloud.register(arn_of(server, SINGLE_USER), enabling(server).application.function)
    code, line, _ = enable("--engine", other.name, "--schedule", CRON)
    assert (code, line["outcome"], line["error"]) == (Exit.NOT_FINE, "put back", "InvalidSecretError")


@pytest.fixture
def taken_over(enabling: Callable[..., Enabling], request: pytest.FixtureRequest) -> Enabling:
    """A secret that AWS's own function rotates every thirty days; its name tells the engine."""
    enable = enabling(server_called(request.config, newest_database_name(KITS[0])))
    enable.cloud.register(ANOTHERS, InProcessFunction(lambda _event, _context: None))
    enable.secret.rotate(
        RotationLambdaARN=ANOTHERS, RotationRules={"AutomaticallyAfterDays": 30}, RotateImmediately=False
    )
    return enable


FORMER = (ANOTHERS, {"AutomaticallyAfterDays": 30}, True)


def test_a_takeover(taken_over: Enabling) -> None:
    """It is warned of the old schedule, which stays; what is printed to undo it does."""
    code, line, err = taken_over()
    assert (code, line["outcome"]) == (Exit.FINE, "enabled"), err
    assert "its schedule is rate(30 days), so a rotation that is planned by" in err
    assert taken_over.configuration() == (taken_over.arn, *FORMER[1:])
    assert taken_over.type_in(line["undo"]) == Exit.FINE
    assert taken_over.cloud.wait_for_rotation(taken_over.secret.arn).succeeded
    assert taken_over.configuration() == FORMER


def test_a_takeover_that_fails(taken_over: Enabling) -> None:
    """A secret that does not log in: the former function and its schedule are back."""
    taken_over.application.user.set_password("changed by hand")
    code, line, err = taken_over("--schedule", CRON)
    assert (code, line["outcome"], line["error"]) == (Exit.NOT_FINE, "put back", "LoginRejectedError"), err
    assert taken_over.configuration() == FORMER
    assert not taken_over.secret.is_stuck


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_it_is_ended_in_the_middle(taken_over: Enabling, end: signal.Signals) -> None:
    """By Ctrl-C, or killed: what it was asked for goes on when it is asked again, and what it printed goes back."""
    reached, hold = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        assert hold.wait(TIMEOUT_SECONDS)

    taken_over.cloud.faults.add(faults.call("GetSecretValue", wait, times=None))
    asked = ("enable", "--strategy", "single-user", "--schedule", CRON, taken_over.secret.name)
    with running(*asked, env=taken_over.environment) as process:
        assert reached.wait(TIMEOUT_SECONDS)
        process.send_signal(end)
        out, err = process.communicate(timeout=TIMEOUT_SECONDS)
    hold.set()
    assert taken_over.cloud.wait_for_rotation(taken_over.secret.arn).succeeded
    undo = next(line.strip() for line in err.splitlines() if line.startswith("    aws "))
    if end is signal.SIGINT:
        assert process.returncode == Exit.INTERRUPTED, err
        assert out.splitlines()[1].startswith("under way")
        assert err.splitlines()[-1] == undo
        assert next(line for line in err.splitlines() if line.startswith("rotationctl")) == shell_line(
            ["rotationctl", *asked[:-1], "--", asked[-1]]
        )
    assert taken_over.type_in(shell_line(["rotationctl", *asked])) == Exit.FINE
    assert taken_over.configuration() == (taken_over.arn, {"ScheduleExpression": CRON}, True)
    assert taken_over.type_in(undo) == Exit.FINE
    assert taken_over.configuration() == FORMER
