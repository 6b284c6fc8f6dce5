"""`rotationctl rotate` on a fleet: real functions, real databases, and a failure in the middle."""

import json
import shlex
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

from lab.engines import KITS, kit_of
from lab.secretsmanager import LocalSecretsManager, faults
from lab.secretsmanager.events import EventName, RotationEvent
from lab.servers import DatabaseServer
from rotationctl.exits import Exit
from tests.fixtures.databases import MakeUser, newest_database_name
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication
from tests.fixtures.servers import server_called
from tests.rotationctl.conftest import VARIABLES
from tests.rotationctl.shell import TIMEOUT_SECONDS, running, shell_environment

EACH = 15
HOLD_SECONDS = 4
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:prod-{}SingleUserFunction-1a2B3c4D5e6F"


@pytest.fixture
def servers(request: pytest.FixtureRequest) -> list[DatabaseServer]:
    """One server of each engine."""
    return [server_called(request.config, newest_database_name(kit)) for kit in KITS]


@pytest.fixture
def fleet(
    servers: list[DatabaseServer], make_user: MakeUser, make_application: MakeApplication, cloud: LocalSecretsManager
) -> Iterator[list[Application]]:
    """Applications on each server, rotated by one function for each, in the order of their secrets' names."""
    applications = []
    for server in servers:
        engine = kit_of(server).name
        arn = FUNCTION.format(engine.capitalize())
        for number in range(EACH):
            application = make_application(make_user(server), SINGLE_USER)
            if number == 0:
                cloud.register(arn, application.function)
            cloud.enable_rotation(application.secret.arn, arn)
            cloud.client().tag_resource(
                SecretId=application.secret.arn,
                Tags=[{"Key": "team", "Value": "waves"}, {"Key": "database", "Value": engine}],
            )
            applications.append(application)
    with redirect_stdout(StringIO()):
        yield sorted(applications, key=lambda application: application.secret.name)


def rotate(cloud: LocalSecretsManager, *arguments: str) -> tuple[int, dict[str, dict[str, Any]], str]:
    """How the program ends, its lines by the names of the secrets, and what it says."""
    environment = {**shell_environment(), **VARIABLES, "AWS_ENDPOINT_URL": cloud.endpoint_url}
    with running(*arguments, env=environment) as process:
        out, err = process.communicate(timeout=TIMEOUT_SECONDS)
    return process.returncode, {line["name"]: line for line in map(json.loads, out.splitlines())}, err


def test_a_fleet_with_a_failure_in_the_middle(fleet: list[Application], cloud: LocalSecretsManager) -> None:
    """It stops at the one whose password was changed behind its back, says why, and goes on once that is mended."""
    broken = fleet[4]
    login = broken.credentials()
    broken.user.set_password("changed by hand")
    for other in fleet[5:]:
        waits = faults.call("PutSecretValue", lambda: _wait_for_failure(broken), secret_arn=other.secret.arn)
        cloud.faults.add(waits)
    asked = ("rotate", "--tag", "team=waves", "--group-by", "database", "--per-database", "3", "--yes", "--json")
    code, lines, err = rotate(cloud, *asked)
    assert code == Exit.PARTLY, err
    failed = lines[broken.secret.name]
    assert (failed["outcome"], failed["step"], failed["error"]) == ("failed", "setSecret", "LoginRejectedError")
    assert broken.user.username in failed["message"]
    outcomes = [line["outcome"] for line in lines.values()]
    assert len(outcomes) == 2 * EACH
    assert outcomes.count("failed") == 1, lines
    assert "not started" in outcomes
    assert outcomes.count("done") == 2 * EACH - 1 - outcomes.count("not started")

    broken.user.set_password(login[1])
    for application in fleet:
        # The label says that it is done before Secrets Manager has taken note of the end, which the next run asks for.
        if lines[application.secret.name]["outcome"] == "done":
            assert cloud.wait_for_rotation(application.secret.arn).succeeded
    again = next(line for line in err.splitlines() if line.startswith("rotationctl rotate"))
    code, lines, err = rotate(cloud, *shlex.split(again)[1:])
    assert code == Exit.FINE, err
    assert len(lines) == outcomes.count("not started") + 1, lines
    assert all(application.logs_in() for application in fleet)
    for application in fleet:
        assert cloud.wait_for_rotation(application.secret.arn).succeeded
        assert [event.name for event in _events(application)].count(EventName.ROTATION_SUCCEEDED) == 1


def _wait_for_failure(application: Application) -> None:
    """Hold others back until a rotation of this one has failed, but for less than a call may take.

    It may itself have to wait for one that is held.
    """
    deadline = time.monotonic() + HOLD_SECONDS
    while EventName.ROTATION_FAILED not in [event.name for event in _events(application)]:
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)


def _events(application: Application) -> list[RotationEvent]:
    return application.secret.cloud.events(application.secret.arn)
