"""The command that is printed for a secret that is not fine: that it is the right one, and works as it is typed."""

import argparse
import shlex
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from rotationctl.connection import Connection
from rotationctl.remedies import Adviser
from rotationctl.state import State, judge
from secret_rotation.commands import shell_line
from tests.docs import test_commands as documented
from tests.rotationctl.conftest import ANOTHERS
from tests.rotationctl.metadata import ARN, CURRENT, NOW, PENDING, ago, secret

STUCK = {"SecretVersionsToStages": PENDING, "LastChangedDate": ago(days=2, hours=1)}
NAMED_OTHERWISE = {"RotationLambdaARN": ANOTHERS}
CUT = {"RotationLambdaARN": f"{ANOTHERS.rpartition(':')[0]}:a-very-long-stack-MysqlSingleUse-1a2B3c4D5e6F"}
RECOVER = "rotationctl recover prod/shop"
ROTATE = "rotationctl rotate prod/shop"
EVENTS = "aws logs filter-log-events --log-group-name {} --start-time {}"
A_DAY_BEFORE_STUCK = "1795431600000"
LOG = (
    f"{EVENTS.format('/aws/lambda/prod/postgresql-single-user', A_DAY_BEFORE_STUCK)} "
    f"""--filter-pattern '{{ $.level = "ERROR" && $.secret_arn = "{ARN}" }}' """
    "--query 'events[].[message]' --output text"
)
OTHER_LOG = (
    f"{EVENTS.format('/aws/lambda/SecretsManagerRDSPostgreSQLRotationSingleUser', A_DAY_BEFORE_STUCK)} "
    "--query 'events[].[message]' --output text"
)
SHOW = "aws lambda get-function-configuration --function-name"
LOGS: list[tuple[dict[str, Any], str]] = [
    (STUCK, LOG),
    ({**STUCK, **NAMED_OTHERWISE}, OTHER_LOG),
    ({**STUCK, **CUT}, f"{SHOW} {CUT['RotationLambdaARN']} --query LoggingConfig.LogGroup"),
    ({**STUCK, "LastChangedDate": ago(days=1)}, LOG.replace(A_DAY_BEFORE_STUCK, "1795521600000")),
]
CASES: list[tuple[dict[str, Any], str | None]] = [
    (STUCK, RECOVER),
    ({**STUCK, "NextRotationDate": ago(days=1)}, RECOVER),
    ({**STUCK, **NAMED_OTHERWISE}, RECOVER),
    ({"NextRotationDate": ago(days=1)}, ROTATE),
    ({"NextRotationDate": ago(days=1), **NAMED_OTHERWISE}, f"{ROTATE} --any-function"),
    ({"LastRotatedDate": None}, ROTATE),
    ({"RotationEnabled": False}, ROTATE),
    (NAMED_OTHERWISE, f"{SHOW} {ANOTHERS}"),
    ({"LastAccessedDate": ago(days=91)}, "aws secretsmanager describe-secret --secret-id prod/shop"),
    ({"SecretVersionsToStages": PENDING, "LastChangedDate": NOW}, "rotationctl status --watch prod/shop"),
    ({"PrimaryRegion": "us-east-1"}, "rotationctl status prod/shop --region us-east-1"),
    ({}, None),
    ({"NextRotationDate": NOW}, None),
    ({"OwningService": "rds"}, None),
    ({"RotationLambdaARN": None, "RotationEnabled": False}, None),
    ({"DeletedDate": NOW}, None),
]


def advice(changes: Mapping[str, Any], connection: Connection) -> str | None:
    """What to type next for a secret."""
    asked = secret(**changes)
    return Adviser(connection, NOW).next_command(asked, judge(asked, NOW))


@pytest.mark.parametrize(("changes", "command"), CASES, ids=str)
def test_the_next_command(changes: dict[str, Any], command: str | None) -> None:
    """Each state has its command, or none where there is nothing to do."""
    assert advice(changes, Connection()) == command


@pytest.mark.parametrize(("changes", "command"), LOGS, ids=str)
def test_where_the_function_says_what_went_wrong(changes: dict[str, Any], command: str) -> None:
    """The log group is that of the stack, or Lambda's own, or Lambda is asked; as far back as something changed."""
    assert Adviser(Connection(), NOW).log(secret(**changes)) == command


@pytest.mark.parametrize("command", sorted({text for _, text in [*CASES, *LOGS] if text and text.startswith("aws ")}))
def test_the_aws_command_line_takes_it(command: str) -> None:
    """Service, operation and options exist."""
    words = tuple(shlex.split(command.partition(" && rotationctl")[0]))
    command_line = documented.Command("printed", words)
    documented.test_every_aws_command_names_an_operation_and_options_that_exist(command_line)


def test_every_state_is_tried() -> None:
    """The table above leaves none out."""
    assert {judge(secret(**changes), NOW) for changes, _ in CASES} == set(State)


@pytest.mark.parametrize("changes", [changes for changes, command in CASES if command], ids=str)
def test_the_command_says_how_aws_is_reached(changes: dict[str, Any]) -> None:
    """Whoever named a profile and a region means them in the next command, too; a replica's primary is elsewhere."""
    command = advice(changes, Connection("my team", "eu-central-1", "https://vpce.example"))
    assert command is not None
    for part in command.split(" && rotationctl"):
        assert "--profile 'my team'" in part
        if "us-east-1" not in part:
            assert "--region eu-central-1 --endpoint-url https://vpce.example" in part


@pytest.mark.parametrize("name", ["-x", "a'b", "$(touch canary)", "a b", "\u7528"])
def test_a_name_that_could_be_taken_for_something_else(name: str) -> None:
    """The ARN stands for the name of an option, a quote or a variable."""
    for changes in ({"LastRotatedDate": None}, {"SecretVersionsToStages": PENDING, "LastChangedDate": NOW}):
        command = advice({**changes, "Name": name, "SecretVersionsToStages": CURRENT, **changes}, Connection())
        assert command is not None
        assert {word for word in shlex.split(command) if "shop" in word or name in word} == {ARN}


@pytest.mark.parametrize("name", ["=prod", "~prod", "-prod", "it's", "$(id)", "a b", "用"])
def test_every_shell_reads_it_alike(name: str) -> None:
    """A profile of any name is one word to sh and bash, and nothing begins with what zsh puts something else for."""
    words = Connection(profile=name).options
    line = shell_line(words)
    for shell in ("sh", "bash"):
        read = subprocess.run([shell, "-c", f"printf '%s\\n' {line}"], capture_output=True, text=True, check=True)
        assert read.stdout.splitlines() == words
    assert not any(word.startswith(("=", "~")) for word in line.split(" "))


@pytest.mark.parametrize("profile", ["-prod", "=prod"])
def test_an_option_s_value_stays_its_value(profile: str) -> None:
    """Also one that begins as an option does, which the AWS command line would take for one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--profile")
    assert parser.parse_args(Connection(profile=profile).options).profile == profile
