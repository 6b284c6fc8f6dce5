"""`rotationctl status --watch` beside a real rotation on a real server."""

import threading

from lab.secretsmanager import faults
from lab.servers import DatabaseServer
from rotationctl.exits import Exit
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, MakeApplication
from tests.rotationctl.conftest import CALLER, VARIABLES
from tests.rotationctl.shell import running, shell_environment


def test_a_real_rotation_is_followed_to_its_end(
    any_database: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """It waits as long as the rotation does, tells the labels that moved, and ends well; the new password logs in."""
    application = make_application(make_user(any_database), SINGLE_USER)
    cloud, secret = application.secret.cloud, application.secret
    seen = threading.Event()
    cloud.faults.add(faults.call("PutSecretValue", lambda: _wait(seen)))
    cloud.watch(lambda request, done: seen.set() if request.caller == CALLER and done else None)
    former = secret.version_with("AWSCURRENT")
    secret.client.rotate_secret(SecretId=secret.arn)
    token = secret.version_with("AWSPENDING")

    # In a process of its own: the function runs in this one, with its own variables.
    environment = {**shell_environment(), **VARIABLES, "AWS_ENDPOINT_URL": cloud.endpoint_url}
    with running("status", "--watch", secret.name, env=environment) as process:
        out, err = process.communicate(timeout=60)

    assert cloud.wait_for_rotation(secret.arn).succeeded
    assert process.returncode == Exit.FINE, err
    assert f"  AWSCURRENT  {former} -> {token}\n" in out
    assert err == f"The rotation of {secret.name} is done: version {token} is AWSCURRENT.\n"
    assert application.logs_in()
    assert {call.operation for call in cloud.calls.all() if call.caller == CALLER} == {"DescribeSecret"}


def _wait(seen: threading.Event) -> None:
    """Hold createSecret back until the program has looked at the secret."""
    assert seen.wait(30)
