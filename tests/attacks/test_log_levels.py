"""Whatever the log is set to: no password, no rotation token, no credentials in it, and no ERROR line missing."""

import json
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from lab.engines import KITS, Kit
from lab.lambda_environment import FunctionCode
from lab.pairing import PAIRINGS, Pairing, StrategyName
from tests.fixtures.databases import ApplicationUser
from tests.fixtures.deployed import STEPS, Deploy, Deployed, each_function
from tests.fixtures.rotation import MakeApplication

SESSION_TOKEN = "session-token-of-the-role"
LOUDEST = {
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
    "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
    "POWERTOOLS_LOG_LEVEL": "DEBUG",
    "POWERTOOLS_DEBUG": "true",
    "POWERTOOLS_LOGGER_LOG_EVENT": "true",
    "AWS_SESSION_TOKEN": SESSION_TOKEN,
    "EXCLUDE_PUNCTUATION": "true",  # so that a password looks the same in every escaping
}
LATE = """
import logging

from app import lambda_handler

for name in (None, *logging.root.manager.loggerDict):
    logging.getLogger(name).setLevel(logging.DEBUG)
"""


@each_function
def test_a_log_at_the_loudest(deploy: Deploy, pairing: Pairing) -> None:
    """Lambda's and Powertools' levels at DEBUG show nothing that is secret, in steps that succeed and that fail."""
    deployed = deploy(pairing, variables=LOUDEST)
    hidden = rotated_well_and_badly(deployed)
    assert len(deployed.function.log_lines) > 2 * len(STEPS)
    assert shown(deployed, hidden) == []


def test_levels_that_are_set_after_the_init(deploy: Deploy, tmp_path: Path) -> None:
    """Code that sets every logger to DEBUG once the function is up hears nothing more from them."""
    (tmp_path / "late.py").write_text(LATE)

    def louder(name: str) -> FunctionCode:
        code = FunctionCode.from_source(name)
        return FunctionCode(tmp_path, (code.task_root, *code.python_path), "late.lambda_handler")

    deployed = deploy(PAIRINGS["mysql_alternating_users"], find_code=louder, variables=LOUDEST)
    assert shown(deployed, rotated_well_and_badly(deployed)) == []


def rotated_well_and_badly(deployed: Deployed) -> Mapping[str, str]:
    """Rotate, rotate with a database that does not exist, and repeat steps; all that was secret then, by its name."""
    secret = deployed.secret
    secret.cloud.require_rotation_token(secret.arn)
    hidden = {"session token": SESSION_TOKEN, "superuser's password": deployed.user.server.superuser.password}
    for wrong in ({}, {"dbname": "nowhere"}):
        secret.put({**secret.value(), **wrong})
        token = secret.begin()
        outcomes = [deployed.step(step, token).failed for step in STEPS[:3]]
        assert outcomes == [False, bool(wrong), bool(wrong)]
        hidden[f"rotation token of {token}"] = str(secret.event("createSecret", token)["RotationToken"])
        for label in ("AWSCURRENT", "AWSPENDING"):
            hidden[f"{label} of {secret.version_with(label)}"] = secret.value(label)["password"]
        deployed.step("finishSecret", token)
        deployed.step("createSecret", token)
    return hidden


def shown(deployed: Deployed, hidden: Mapping[str, str]) -> list[str]:
    """What of the hidden things the process wrote."""
    output = "\n".join(deployed.function.log_lines)
    return [name for name, text in hidden.items() if text in output]


@pytest.mark.parametrize("key", ["Step", "SecretId", "ClientRequestToken"])
def test_an_event_that_cannot_be_encoded(deploy: Deploy, key: str) -> None:
    """Half of a character in the event is an error with its line in the log, and the runtime lives on."""
    deployed = deploy(PAIRINGS["postgresql_single_user"])
    event = {**deployed.secret.event("createSecret", deployed.secret.begin()), key: "half \ud800"}
    refused(deployed, event, "InvalidEventError", key)


@pytest.mark.parametrize("kit", KITS, ids=str)
def test_a_user_name_that_cannot_be_encoded(deploy: Deploy, kit: Kit) -> None:
    """Half of a character in the secret is an error with its line in the log, and the runtime lives on."""
    deployed = deploy(Pairing(kit, StrategyName.SINGLE_USER), username="half \ud800")
    event = deployed.secret.event("createSecret", deployed.secret.begin())
    refused(deployed, event, "InvalidSecretError", "'username'")


def test_a_version_id_that_cannot_be_encoded(user: ApplicationUser, make_application: MakeApplication) -> None:
    """Half of a character in the id of another version is told, and logged, in characters that can be encoded."""
    application = make_application(user, "single_user")
    token = application.begin()
    application.secret.put("{}", stages=("AWSPENDING",), token="half \ud800".ljust(32, "x"))
    with redirect_stdout(application.stdout):
        outcome = application.step("testSecret", token)
    assert b"half \\ud800" in str(outcome.error_message).encode()
    assert [line["message"] for line in application.log() if line.get("error")] == [outcome.error_message]


def refused(deployed: Deployed, event: Mapping[str, object], error: str, words: str) -> None:
    """The function answers with this error, logs it, has written nothing, and its process is still the same."""
    deployed.function.invoke({})
    process = deployed.function.process_ids
    invocation = deployed.function.invoke(event)
    assert (invocation.failed, invocation.error_type) == (True, error)
    assert words in str(invocation.error_message)
    lines = [json.loads(line) for line in invocation.log.splitlines() if line.startswith("{")]
    assert [line["error"] for line in lines if line.get("level") == "ERROR"] == [error]
    assert deployed.function.process_ids == process
    assert "PutSecretValue" not in deployed.secret.operations()
