"""`rotationctl history` of real rotations on real servers, those that succeed and those that fail."""

import json
from collections.abc import Mapping
from typing import Any

from lab.application import Secret
from lab.lambda_environment import InProcessFunction
from lab.servers import DatabaseServer
from rotationctl.exits import Exit
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, MakeApplication
from tests.rotationctl.conftest import OURS
from tests.rotationctl.shell import TIMEOUT_SECONDS, type_in

OPERATOR = "arn:aws:iam::123456789012:user/LABOPERATOR"


def test_real_rotations(
    either_engine: DatabaseServer,
    make_user: MakeUser,
    make_application: MakeApplication,
    typed: Mapping[str, str],
) -> None:
    """A rotation, a dry run, one by the schedule, and one that fails because somebody has changed the password."""
    application = make_application(make_user(either_engine), SINGLE_USER)
    secret, cloud = application.secret, application.secret.cloud
    cloud.register(OURS, InProcessFunction(application.function.handler))
    cloud.enable_rotation(secret.arn, OURS)
    assert application.rotate().succeeded
    assert application.rotate(RotateImmediately=False).succeeded
    assert cloud.rotate_on_schedule(secret.arn).succeeded
    application.user.set_password("by hand")
    failed = application.rotate()
    assert not failed.succeeded
    way_out = f"rotationctl recover {secret.name} --endpoint-url {cloud.endpoint_url}"
    assert _history(secret, typed)["secret"]["next_command"] == way_out
    secret.remove_pending()
    found = _history(secret, typed)["entries"]
    [taken_off] = (entry for entry in found if entry["what"] == "by hand")
    given_up, *others = (entry for entry in found if entry["what"] != "by hand")
    change = (taken_off["change"], taken_off["by"], taken_off["version"])
    assert change == ("AWSPENDING taken off", OPERATOR, failed.token)
    assert (given_up["outcome"], given_up["attempts"], given_up["version"]) == ("given up", 3, failed.token)
    invocation = failed.steps[-1].invocation
    told = (given_up["by"], given_up["step"], given_up["error"], given_up["message"])
    assert told == (OPERATOR, "setSecret", invocation.error_type, invocation.error_message)
    assert [(entry["what"], entry["outcome"], entry["by"]) for entry in others] == [
        ("rotation", "succeeded", "schedule"),
        ("dry run", "succeeded", OPERATOR),
        ("rotation", "succeeded", OPERATOR),
    ]
    assert all(0 < entry["seconds"] < TIMEOUT_SECONDS and entry["error"] is None for entry in others)


def _history(secret: Secret, typed: Mapping[str, str]) -> dict[str, Any]:
    done = type_in(f"rotationctl history {secret.name} --json --endpoint-url {secret.cloud.endpoint_url}", typed)
    assert done.returncode == Exit.FINE, done
    document: dict[str, Any] = json.loads(done.stdout)
    return document
