"""--local: how databases are reached from here, and what is said where they are not."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping

import pytest

from lab.servers import DatabaseServer
from rotationctl.exits import Exit
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication
from tests.rotationctl.conftest import ANOTHERS, Account, Program
from tests.rotationctl.shell import TIMEOUT_SECONDS
from tests.rotationctl.wayout import local, named, quick


@pytest.fixture
def application(any_database: DatabaseServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application with a single user, whose rotation was cancelled before its first step."""
    application = named(make_application(make_user(any_database), SINGLE_USER))
    application.begin()
    application.secret.client.cancel_rotate_secret(SecretId=application.secret.arn)
    return application


def logins(application: Application, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, str]:
    """What `recover` says of the login of each version, by its labels; and what it remarks."""
    capsys.readouterr()
    assert quick("recover", application.secret.name, *options, "--json") == Exit.NOT_FINE
    document = json.loads(capsys.readouterr().out)
    found = {"".join(version["labels"]): version["logs_in"] for version in document["versions"]}
    return {**found, "remarks": " ".join(document["remarks"])}


def test_through_a_tunnel(application: Application, capsys: pytest.CaptureFixture[str]) -> None:
    """A host that only the network over there knows: the tunnel leads to it, and the certificate is the database's."""
    application.secret.change(host="db.over.there.invalid", tlsname=application.user.server.host)
    tunnel = f"127.0.0.1:{application.user.relay.port}"
    database = local(application.user.server)
    assert logins(application, capsys, *database, "--through", tunnel)["AWSCURRENT"] == "yes"
    application.secret.change(tlsname="db.over.there.invalid")
    found = logins(application, capsys, *database, "--through", tunnel)
    assert found["AWSCURRENT"] == "unknown"
    assert "certificate is for another name than db.over.there.invalid" in found["remarks"]


def test_a_server_that_does_not_answer(application: Application, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is known of the logins, and why; the plan is the one of the labels."""
    application.secret.change(port=1)
    found = logins(application, capsys, *local(application.user.server))
    assert found["AWSCURRENT"] == "unknown"
    assert f"{application.user.server.host}:1" in found["remarks"]


@pytest.mark.parametrize("address", ["nowhere", "host:0", "host:99999", ":5432", "-x:1"])
def test_a_tunnel_that_is_none(rotationctl: Program, address: str) -> None:
    """It is refused before anything is asked."""
    result = rotationctl("recover", "prod/shop", "--local", f"--through={address}")
    assert result.code == Exit.USAGE
    assert "no HOST:PORT" in result.err


def test_a_tunnel_without_local(rotationctl: Program) -> None:
    """It means nothing."""
    assert rotationctl("recover", "prod/shop", "--through", "127.0.0.1:5433").code == Exit.USAGE


def test_without_a_driver(account: Account, shell: Mapping[str, str]) -> None:
    """Where no driver is installed, it is said which, and how to install it."""
    shop = account.add("prod/shop")
    account.client.cancel_rotate_secret(SecretId=shop.arn)
    program = "import sys; sys.modules['pymysql'] = None; from rotationctl.app import run; sys.exit(run(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", program, "recover", "prod/shop", "--local"],
        env=dict(shell), capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS,
    )  # fmt: skip
    assert done.returncode == Exit.USAGE
    assert "There is no pymysql here to log in with. Install it: pip install 'rotationctl[local]'\n" in done.stderr


def test_anothers_function_and_nobody_knows_whether_awscurrent_logs_in(account: Account, program: Program) -> None:
    """Its rotations are not given up: it may never try what is given up."""
    shop = account.add("prod/shop", ANOTHERS)
    pending = shop.begin()
    account.client.cancel_rotate_secret(SecretId=shop.arn)
    result = program("recover", "prod/shop", "--yes", "--give-up", "--endpoint-url", account.cloud.endpoint_url)
    assert result.code == Exit.NOT_FINE
    assert (
        "nobody knows whether AWSCURRENT logs in. Nothing was done. Find out: rotationctl recover prod/shop"
        in result.err
    )
    assert shop.version_with("AWSPENDING") == pending


@pytest.mark.parametrize(("answer", "code"), [("y\n", Exit.FINE), ("\n", Exit.NOT_FINE), ("\x04", Exit.INTERRUPTED)])
def test_a_terminal_is_asked(account: Account, shell: Mapping[str, str], answer: str, code: Exit) -> None:
    """It names what would be done; yes does it, anything else does not, Ctrl-D neither."""
    shop = account.add("prod/shop")
    pending = shop.begin()
    account.client.cancel_rotate_secret(SecretId=shop.arn)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "rotationctl", "recover", "prod/shop"],
        env=dict(shell), stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            asked = b""
            while b"[y/N]" not in asked:
                asked += os.read(ours, 1000)
            os.write(ours, answer.encode())
            process.communicate(timeout=TIMEOUT_SECONDS)
        finally:
            process.kill()
    os.close(theirs)
    os.close(ours)
    assert b"Rotate prod/shop now, and follow that to its end?" in asked
    assert process.returncode == code
    assert (shop.version_with("AWSCURRENT") == pending) is (code is Exit.FINE)
