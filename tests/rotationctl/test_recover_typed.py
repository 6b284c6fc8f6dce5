"""What `rotationctl recover` prints, typed: a real rotation that stopped is brought to its end."""

import json
from collections.abc import Mapping

import pytest

from lab.servers import DatabaseServer
from rotationctl.exits import Exit
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication
from tests.rotationctl.conftest import OURS
from tests.rotationctl.shell import TIMEOUT_SECONDS, running, type_in

STEPS = ("createSecret", "setSecret", "testSecret")


@pytest.fixture
def application(any_database: DatabaseServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application with a single user, whose function is called as one of a stack."""
    application = make_application(make_user(any_database), SINGLE_USER)
    application.secret.cloud.register(OURS, application.function)
    application.secret.cloud.enable_rotation(application.secret.arn, OURS)
    return application


def recover(application: Application, typed: Mapping[str, str]) -> tuple[str, list[str]]:
    """The condition, and the commands of the way out."""
    with running("recover", application.secret.name, "--json", env=typed) as process:
        out, err = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == Exit.NOT_FINE, err
    document = json.loads(out)
    return document["condition"], [step["command"] for step in document["plan"]]


@pytest.mark.parametrize("reached", [0, 1, 2, 3])
@pytest.mark.parametrize("way", [1, 2], ids=["go on", "give up"])
def test_a_cancelled_rotation_ends_well(
    application: Application, typed: Mapping[str, str], reached: int, way: int
) -> None:
    """Cancelled after any step, going on and giving up both end with an AWSCURRENT that logs in, and rotates again."""
    application.steps(application.begin(), *STEPS[:reached])
    application.secret.client.cancel_rotate_secret(SecretId=application.secret.arn)
    typed = {**typed, "AWS_ENDPOINT_URL": application.secret.cloud.endpoint_url}
    condition, commands = recover(application, typed)
    assert condition == "cancelled"
    done = type_in(commands[way], typed)
    assert application.secret.cloud.wait_for_rotation(application.secret.arn).succeeded
    assert done.returncode == Exit.FINE, done
    assert application.logs_in()
    assert application.rotate().succeeded
    assert application.logs_in()


def test_a_value_that_was_put_back(application: Application, typed: Mapping[str, str]) -> None:
    """AWSPENDING is left on AWSPREVIOUS: what is printed takes it off, and the next rotation succeeds."""
    application.rotate()
    former = application.secret.version_with("AWSPREVIOUS")
    cloud = application.secret.cloud
    application.secret.client.update_secret_version_stage(
        SecretId=application.secret.arn, VersionStage="AWSPENDING", MoveToVersionId=str(former),
        RemoveFromVersionId=str(application.secret.version_with("AWSPENDING")),
    )  # fmt: skip
    application.secret.client.cancel_rotate_secret(SecretId=application.secret.arn)
    typed = {**typed, "AWS_ENDPOINT_URL": cloud.endpoint_url}
    condition, [command] = recover(application, typed)
    assert condition == "outdated"
    assert type_in(command, typed).returncode == Exit.FINE
    assert cloud.wait_for_rotation(application.secret.arn).succeeded
    assert application.logs_in()
