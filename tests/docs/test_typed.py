"""The commands of the runbook do what it says, typed as they stand with the AWS command line in version 1.

It is the older one that must not be forgotten: whoever writes the documents has version 2.
"""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from lab.engines.postgresql import PostgresServer
from tests.docs.markdown import README, ROOT, Document, document
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication

OPERATIONS = document("docs/operations.md")
STACKS_OWN = "arn:aws:lambda:us-east-1:123456789012:function:secret-rotation-PostgresqlSingleUserFunction-1a2B3c4D5e6F"


class Terminal:
    """A terminal in a folder of its own, whose user has typed the first lines of the runbook for one secret."""

    def __init__(self, application: Application, environment: Mapping[str, str], folder: Path) -> None:
        self.application, self.folder = application, folder
        path = os.pathsep.join([str(_with_rotationctl(folder)), environment["PATH"]])
        python_path = os.pathsep.join([str(ROOT), str(ROOT / "layers/secret_rotation")])
        self._environment = {**environment, "HOME": str(folder), "PATH": path, "PYTHONPATH": python_path}
        self._first = _shown(OPERATIONS, "SECRET=prod/shop")

    @property
    def function(self) -> str:
        """The ARN of the function that rotates the secret."""
        secret = self.application.secret
        return secret.client.describe_secret(SecretId=secret.arn)["RotationLambdaARN"]

    def types(self, page: Document, words: str, **instead: str) -> str:
        """Type the one block of a document that has these words, with its examples replaced; what is printed."""
        done = self.tries(page, words, **instead)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def tries(self, page: Document, words: str, **instead: str) -> subprocess.CompletedProcess[str]:
        """Type it, where it may be refused."""
        typed = f"{self._first}\n{_shown(page, words)}".replace("prod/shop", self.application.secret.name)
        for example, value in instead.items():
            typed = typed.replace(example, value)
        shell = ["sh", "-eu", "-c", typed]
        return subprocess.run(
            shell, cwd=self.folder, env=self._environment, capture_output=True, text=True, check=False
        )

    def give_up(self, pending: str) -> None:
        """Type what takes AWSPENDING off this version and rotates anew."""
        self.types(OPERATIONS, "PENDING=", **{"00000000-0000-0000-0000-000000000000": pending})

    def rotated(self) -> None:
        """Check that the rotation that was asked for succeeds, and that AWSCURRENT logs in."""
        assert self.application.secret.cloud.wait_for_rotation(self.application.secret.arn).succeeded
        assert self.application.works()


def _with_rotationctl(folder: Path) -> Path:
    """A folder for PATH in which rotationctl is this checkout's."""
    program = folder / "bin" / "rotationctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m rotationctl "$@"\n')
    program.chmod(0o755)
    return program.parent


def _shown(page: Document, words: str) -> str:
    """The one block of shell commands that is these words, or else has them in it."""
    blocks = [textwrap.dedent(block.text) for block in page.blocks() if block.language == "sh"]
    [found] = [text for text in blocks if text == words] or [text for text in blocks if words in text]
    return found


@pytest.fixture
def terminal(
    newest_postgres: PostgresServer,
    make_user: MakeUser,
    make_application: MakeApplication,
    cloud_shell: Mapping[str, str],
    tmp_path: Path,
) -> Terminal:
    """A terminal for an application whose secret has been rotated once."""
    application = make_application(make_user(newest_postgres), SINGLE_USER)
    assert application.rotate().succeeded
    return Terminal(application, cloud_shell, tmp_path)


def test_the_readme_attaches_and_rotates(terminal: Terminal) -> None:
    """A secret that names no function gets the one of its stack by the README's commands, which then rotate it."""
    application, cloud = terminal.application, terminal.application.secret.cloud
    cloud.register(STACKS_OWN, application.function)
    client, arn = application.secret.client, application.secret.arn
    client.cancel_rotate_secret(SecretId=arn)
    before = application.secret.version_with("AWSCURRENT")
    terminal.types(README, "rotationctl enable")
    described = client.describe_secret(SecretId=arn)
    assert (described["RotationLambdaARN"], described["RotationRules"]["Duration"]) == (STACKS_OWN, "2h")
    assert application.secret.version_with("AWSCURRENT") != before
    assert application.works()


def test_a_rotation_is_asked_for_and_looked_at(terminal: Terminal) -> None:
    """Two commands rotate, and show labels and dates."""
    page = document("docs/moving-over.md")
    typed = terminal.types(page, "describe-secret --secret-id prod/shop --query '[LastRotatedDate")
    answer, _ = json.JSONDecoder().raw_decode(typed)
    terminal.rotated()
    assert terminal.application.secret.version_with("AWSCURRENT") == answer["VersionId"]
    shown = terminal.types(OPERATIONS, "query '{enabled: RotationEnabled")
    assert json.loads(shown)["labels"].keys() == terminal.application.secret.labels().keys()


def test_a_stuck_rotation_is_asked_for_again(terminal: Terminal) -> None:
    """Refused with the words that the runbook has as a sign, RotateSecret resumes the rotation."""
    token = terminal.application.begin()
    assert not terminal.application.step("createSecret", token).failed
    refused = terminal.tries(OPERATIONS, 'aws secretsmanager rotate-secret --secret-id "$SECRET"')
    sign = "A previous rotation isn't complete. That rotation will be reattempted."
    assert sign in refused.stderr
    assert sign in " ".join(OPERATIONS.prose())
    terminal.rotated()
    assert terminal.application.secret.version_with("AWSCURRENT") == token


def test_a_stuck_rotation_is_recovered(terminal: Terminal) -> None:
    """The one command of the runbook goes on with a rotation that stopped halfway, and waits for its end."""
    token = terminal.application.begin()
    assert not terminal.application.step("createSecret", token).failed
    terminal.application.secret.client.cancel_rotate_secret(SecretId=terminal.application.secret.arn)
    terminal.types(OPERATIONS, 'rotationctl recover "$SECRET" --yes')
    assert terminal.application.secret.version_with("AWSCURRENT") == token
    assert terminal.application.works()


def test_a_rotation_is_given_up(terminal: Terminal) -> None:
    """An AWSPENDING that can never succeed is taken off, and a new rotation succeeds."""
    secret = terminal.application.secret
    token = secret.put({"no": "password"}, stages=("AWSPENDING",))
    terminal.give_up(token)
    terminal.rotated()
    assert token not in secret.labels()


def test_a_secret_that_is_not_rotated_any_more_is_found(terminal: Terminal) -> None:
    """The list has a secret whose rotation was turned off, and none that was rotated in time."""
    name, words = terminal.application.secret.name, "SINCE="
    assert name not in terminal.types(OPERATIONS, words)
    terminal.types(OPERATIONS, 'aws secretsmanager cancel-rotate-secret --secret-id "$SECRET"')
    [line] = [line for line in terminal.types(OPERATIONS, words).splitlines() if name in line]
    assert line.split("\t")[:2] == [name, "False"]


def test_a_secret_that_was_rotated_too_long_ago_is_found(terminal: Terminal) -> None:
    """The list has a secret whose last rotation was before the day."""
    name = terminal.application.secret.name
    listed = terminal.types(OPERATIONS, "SINCE=", **{"40 days ago": "tomorrow"})
    [line] = [line for line in listed.splitlines() if name in line]
    assert line.split("\t")[:2] == [name, "True"]


def test_a_schedule_is_given(terminal: Terminal) -> None:
    """The window at night is what the secret has then, and nothing is rotated."""
    secret = terminal.application.secret
    before = secret.version_with("AWSCURRENT")
    terminal.types(OPERATIONS, "ScheduleExpression=")
    rules = secret.client.describe_secret(SecretId=secret.arn)["RotationRules"]
    assert rules["ScheduleExpression"].startswith("cron(0 3")
    assert secret.version_with("AWSCURRENT") == before


def test_a_known_password_is_put_into_the_secret(terminal: Terminal) -> None:
    """A password that somebody set in the database gets into the secret from a file, and then it can be rotated.

    AWSPENDING stayed where AWSCURRENT was, as it may on AWS, so it is taken off as the runbook says.
    """
    application = terminal.application
    application.user.set_password("set by somebody")
    value = {**application.secret.value(), "password": "set by somebody"}
    (terminal.folder / "secret.json").write_text(json.dumps(value))
    terminal.types(OPERATIONS, "put-secret-value")
    assert application.works()
    assert application.secret.is_stuck
    terminal.give_up(str(application.secret.version_with("AWSPENDING")))
    terminal.rotated()


def test_a_secret_is_pointed_at_a_function_without_being_rotated(terminal: Terminal) -> None:
    """The step of moving over gives the secret its function and schedule, tries it, and rotates nothing."""
    secret = terminal.application.secret
    before, function = secret.version_with("AWSCURRENT"), terminal.function
    terminal.types(document("docs/moving-over.md"), "--no-rotate-immediately", **{'"$FUNCTION"': function})
    assert secret.cloud.wait_for_rotation(secret.arn).succeeded
    described = secret.client.describe_secret(SecretId=secret.arn)
    assert (described["RotationLambdaARN"], described["RotationRules"]["AutomaticallyAfterDays"]) == (function, 30)
    assert secret.version_with("AWSCURRENT") == before
