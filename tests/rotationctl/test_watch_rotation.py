"""`rotationctl status --watch` beside a real rotation on a real server."""

import threading

from lab.application import new_token
from lab.secretsmanager import faults
from lab.servers import DatabaseServer
from rotationctl.exits import Exit
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, MakeApplication
from tests.rotationctl.conftest import CALLER, VARIABLES
from tests.rotationctl.shell import TIMEOUT_SECONDS, running, shell_environment


def test_a_real_rotation_is_followed_to_its_end(
    any_database: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """It waits as long as the rotation does, tells the labels that moved, and ends well; the new password logs in."""
    application = make_application(make_user(any_database), SINGLE_USER)
    cloud, secret = application.secret.cloud, application.secret
    token, seen = new_token(), threading.Event()

    def begin() -> None:
        secret.client.rotate_secret(SecretId=secret.arn, ClientRequestToken=token)

    # The rotation begins with the program's first look, however long that takes, and goes on after it.
    cloud.faults.add(faults.call("DescribeSecret", begin))
    cloud.faults.add(faults.call("PutSecretValue", lambda: _wait(seen), times=None))
    cloud.watch(lambda request, done: seen.set() if request.caller == CALLER and done else None)
    former = secret.version_with("AWSCURRENT")

    # In a process of its own: the function runs in this one, with its own variables.
    environment = {**shell_environment(), **VARIABLES, "AWS_ENDPOINT_URL": cloud.endpoint_url}
    with running("status", "--watch", secret.name, env=environment) as process:
        out, err = process.communicate(timeout=TIMEOUT_SECONDS)

    assert cloud.wait_for_rotation(secret.arn).succeeded
    assert process.returncode == Exit.FINE, err
    assert f"  AWSCURRENT  {former} -> {token}\n" in out
    assert err == f"The rotation of {secret.name} is done: version {token} is AWSCURRENT.\n"
    assert application.logs_in()
    assert {call.operation for call in cloud.calls.all() if call.caller == CALLER} == {"DescribeSecret"}


def _wait(seen: threading.Event) -> None:
    """Hold createSecret back until the program has looked at the secret."""
    assert seen.wait(30)
