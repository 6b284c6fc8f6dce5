"""What a message tells a person to type does what it says, whatever the names and version ids in it hold."""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from lab.engines.mysql import MySQLServer
from lab.engines.postgresql import PostgresServer
from secret_rotation.commands import secrets_manager
from secret_rotation.errors import LabelConflictError
from secret_rotation.labels import Labels, judge
from secret_rotation.request import Step
from tests.attacks.accounts import create_any_user
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, MakeApplication

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!app/a+b=c.d@e-AbCdEf"
STUB = f"""#!{sys.executable}
import json, sys
print(json.dumps(sys.argv[1:]))
"""
HOSTILE = [
    "plain-0123456789-0123456789-0123456789",
    "x$(touch canary)",
    "x`touch canary`",
    "x; touch canary; #",
    "x' ; touch canary ; '",
    "'; touch canary; #",
    'x" ; touch canary ; "',
    "x\\' ; touch canary ; \\'",
    "x\ntouch canary\n",
    "x && touch canary || touch canary & touch canary",
    "x > canary",
    "$PATH ~ * ? ! {a,b}",
    "--endpoint-url=http://evil.example",
    "-",
    "file:///etc/hostname",
    "fileb:///etc/hostname",
    "https://evil.example/key",
    "\u7528\u6237 \u00fc \x1b[2J \x07",
    "%s {} {token} %(a)s",
]
A_FEW = [
    HOSTILE[0],
    HOSTILE[1],
    "x$(touch canary)'`\"\\n\n",
    "--endpoint-url=http://evil.example",
    "file:///etc/hostname",
]
ODD_NAME = "x'y\"z`$(touch canary)\\;%s"


class Shell:
    """A shell in a folder of its own, which finds an `aws` that prints its arguments as JSON."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        stub = folder / "bin" / "aws"
        stub.parent.mkdir()
        stub.write_text(STUB)
        stub.chmod(0o755)
        (folder / "home").mkdir()

    def calls(self, typed: str) -> list[dict[str, str]]:
        """What `aws` was called for: operation and parameters, the names of these without case and dashes."""
        done = self.run(typed)
        assert done.returncode == 0, done.stderr
        return [parameters(json.loads(line)) for line in done.stdout.splitlines()]

    def run(self, typed: str) -> subprocess.CompletedProcess[str]:
        """Type something."""
        path = f"{self._folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        command = ["sh", "-c", typed]
        done = subprocess.run(
            command, cwd=self._folder / "home", env={"PATH": path}, capture_output=True, text=True, check=False
        )
        assert list((self._folder / "home").iterdir()) == []
        return done


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell of this test's own."""
    return Shell(tmp_path)


def parameters(arguments: list[str]) -> dict[str, str]:
    """The operation and the parameters of `aws secretsmanager ...`, as the command line reads them."""
    assert arguments[0] == "secretsmanager"
    if "--cli-input-json" in arguments:
        values = json.loads(arguments[3])
    else:
        names, texts = arguments[2::2], arguments[3::2]
        assert all(name.startswith("--") for name in names)
        assert not any(re.match(r"-|\w+://", text) for text in texts), "the command line would read it in its own way"
        values = dict(zip(names, texts, strict=True))
    return {"": arguments[1], **{name.replace("-", "").lower(): value for name, value in values.items()}}


def to_be_typed(message: object) -> str:
    """What a message says to type: from its first command to its end."""
    _, found, command = str(message).partition("aws secretsmanager")
    assert found, message
    return found + command


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_a_value_stays_one_argument(shell: Shell, value: str) -> None:
    """Each value arrives as it is, as the one parameter that it is."""
    typed = secrets_manager("UpdateSecretVersionStage", ARN, VersionStage=value, RemoveFromVersionId="version")
    assert shell.calls(typed) == [
        {"": "update-secret-version-stage", "secretid": ARN, "versionstage": value, "removefromversionid": "version"}
    ]


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_the_secret_stays_one_argument(shell: Shell, value: str) -> None:
    """What an event calls the secret arrives as it is."""
    assert shell.calls(secrets_manager("RotateSecret", value)) == [{"": "rotate-secret", "secretid": value}]


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_a_command_out_of_the_raw_log_runs_nothing_else(shell: Shell, value: str) -> None:
    """Copied with the backslashes that JSON puts into a log's line, a command may fail, but never runs a value."""
    typed = secrets_manager("UpdateSecretVersionStage", ARN, VersionStage="AWSPENDING", RemoveFromVersionId=value)
    shell.run(json.dumps(typed)[1:-1])


CONFLICTS: list[Mapping[str, str]] = [{"{}": "AWSPENDING"}, {"{}": "AWSPENDING", "token": "MINE"}, {"{}": "MINE"}]


@pytest.mark.parametrize("value", A_FEW, ids=ascii)
@pytest.mark.parametrize("labels", CONFLICTS, ids=str)
def test_the_remedy_of_a_conflict(shell: Shell, labels: Mapping[str, str], value: str) -> None:
    """A conflict of labels names secret and version in commands that take the label off, and rotate again."""
    stages = {version.format(value): frozenset({label}) for version, label in labels.items()}
    with pytest.raises(LabelConflictError) as caught:
        judge(Step.SET_SECRET, Labels(ARN, stages), "token")
    *taken, last = shell.calls(to_be_typed(caught.value))
    assert last == {"": "rotate-secret", "secretid": ARN}
    assert [call["removefromversionid"] for call in taken] == [value] * ("AWSPENDING" in labels.values())
    assert all(call["secretid"] == ARN for call in taken)


@pytest.mark.parametrize("value", A_FEW[2:4], ids=ascii)
def test_the_remedy_of_a_conflict_works(
    newest_postgres: PostgresServer,
    value: str,
    make_user: MakeUser,
    make_application: MakeApplication,
    cloud_shell: Mapping[str, str],
) -> None:
    """With the AWS command line itself: what a stuck rotation prints takes its AWSPENDING away."""
    application = make_application(make_user(newest_postgres), SINGLE_USER)
    hostile = value.ljust(32, ".")
    application.secret.put({"any": "thing"}, stages=("AWSPENDING",), token=hostile)
    outcome = application.step("testSecret", secrets.token_hex(16))
    command, _, _ = to_be_typed(outcome.error_message).rpartition(" && ")
    assert application.secret.labels()[hostile] == {"AWSPENDING"}
    subprocess.run(["sh", "-c", command], env=cloud_shell, capture_output=True, text=True, check=True)
    assert hostile not in application.secret.labels()


def test_the_remedy_of_a_password_that_is_refused_works(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, cloud_shell: Mapping[str, str]
) -> None:
    """A password in the account's history is refused for ever: what the error prints has another one drawn."""
    user = make_user(mysql)
    application = make_application(user, SINGLE_USER)
    account = user.kit.account(user.username)
    user.administrate(f"ALTER USER {account} PASSWORD HISTORY 5")
    token = application.begin()
    assert not application.steps(token, "createSecret", "setSecret").failed
    user.administrate(f"ALTER USER {account} IDENTIFIED BY 'set-by-somebody-in-between'")
    outcome = application.step("setSecret", token)
    assert "PASSWORD HISTORY" in str(outcome.error_message), outcome
    command, _, _ = to_be_typed(outcome.error_message).rpartition(" && ")
    subprocess.run(["sh", "-c", command], env=cloud_shell, capture_output=True, text=True, check=True)
    assert application.rotate().succeeded
    assert application.works()


def test_the_remedy_of_a_password_that_was_replaced_works(
    user: ApplicationUser, make_application: MakeApplication, cloud_shell: Mapping[str, str]
) -> None:
    """Where somebody changed the password of the next user after setSecret, what testSecret prints mends it."""
    application = make_application(user, ALTERNATING_USERS)
    token = application.begin()
    assert not application.steps(token, "createSecret", "setSecret").failed
    user.set_password("set-by-somebody-in-between", f"{user.username}_clone")
    message = application.step("testSecret", token).error_message
    command, _, _ = to_be_typed(message).rpartition(" && ")
    subprocess.run(["sh", "-c", command], env=cloud_shell, capture_output=True, text=True, check=True)
    assert application.rotate().succeeded
    assert application.works()


def test_the_commands_of_all_steps(user: ApplicationUser, shell: Shell, make_application: MakeApplication) -> None:
    """AWSPENDING for another host, without a value, and rotation that is off: each remedy names the secret."""
    application = make_application(user, SINGLE_USER)
    arn, token = application.secret.arn, "x$(touch canary)' \"".ljust(32, "x")
    application.secret.begin(token)
    outcome = application.step("testSecret", token)
    assert shell.calls(to_be_typed(outcome.error_message)) == [{"": "rotate-secret", "secretid": arn}]
    application.secret.put({**application.secret.value(), "port": 1}, stages=("AWSPENDING",), token=token)
    clear, rotate = shell.calls(to_be_typed(application.step("setSecret", token).error_message))
    assert (clear["secretid"], clear["removefromversionid"]) == (arn, token)
    assert rotate == {"": "rotate-secret", "secretid": arn}
    application.secret.client.cancel_rotate_secret(SecretId=arn)
    (enable,) = shell.calls(to_be_typed(application.step("createSecret", token).error_message))
    assert enable == {
        "": "rotate-secret",
        "secretid": arn,
        "rotationlambdaarn": "FUNCTION",
        "rotationrules": "AutomaticallyAfterDays=30",
    }


def test_sql_with_an_odd_name(user: ApplicationUser, make_application: MakeApplication) -> None:
    """The statement that a refused rotation prints runs as it is, and the next rotation succeeds."""
    application = make_application(create_any_user(user, ODD_NAME), ALTERNATING_USERS)
    assert application.rotate().succeeded
    user.as_superuser(user.kit.lock_out(ODD_NAME))
    token = application.begin()
    message = str(application.steps(token, "createSecret", "setSecret").error_message)
    (statement,) = re.findall(r"ALTER (?:USER|ROLE) .* (?:ACCOUNT UNLOCK|LOGIN)", message)
    user.as_superuser(statement)
    assert not application.steps(token, "setSecret", "testSecret", "finishSecret").failed
    assert application.credentials()[0] == ODD_NAME
    assert application.logs_in()
