"""`rotationctl leaked --local`: values that no database is behind, or that are none."""

import json
import socket
from collections.abc import Iterator

import pytest

from lab.engines import KITS, Kit
from rotationctl.exits import Exit
from tests.rotationctl.conftest import ANOTHERS, Account, Program


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port at which nobody answers, and which nobody else can take meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize("kit", KITS, ids=str)
def test_a_name_that_a_terminal_would_obey(program: Program, account: Account, kit: Kit, deaf_port: int) -> None:
    """Where its sessions cannot be seen, it is told with escapes."""
    secret = account.add("prod/shop")
    engine = min(kit.engine.secret_format.engine_names)
    value = {
        "engine": engine,
        "host": "127.0.0.1",
        "port": deaf_port,
        "username": "a\x1b[2Jb",
        "password": "never shown",
    }
    account.client.put_secret_value(SecretId=secret.arn, SecretString=json.dumps(value))
    call = ("leaked", "prod/shop", "--local", "--yes", "--rotations", "0", "--endpoint-url")
    result = program(*call, account.cloud.endpoint_url)
    assert result.code is Exit.NOT_FINE, result
    assert "Sessions of a\\x1b[2Jb cannot be seen." in result.err
    assert "\x1b" not in result.out + result.err
    assert "never shown" not in result.out + result.err


def test_a_version_that_holds_bytes(program: Program, account: Account) -> None:
    """Whose sessions there may be is not known then, which is said."""
    secret = account.add("prod/shop")
    engine = min(KITS[0].engine.secret_format.engine_names)
    value = {"engine": engine, "host": "127.0.0.1", "username": "app", "password": "never shown"}
    client = account.client
    leaked = client.put_secret_value(SecretId=secret.arn, SecretString=json.dumps(value))["VersionId"]
    client.put_secret_value(SecretId=secret.arn, SecretBinary=b"no text")
    call = ("leaked", "prod/shop", "--version-id", leaked, "--local", "--yes", "--rotations", "0", "--endpoint-url")
    result = program(*call, account.cloud.endpoint_url)
    assert result.code is Exit.NOT_FINE, result
    assert "holds no value, so that its user is not known." in result.err


@pytest.mark.parametrize("text", ["no JSON", "{}", "[" * 65_000, '"text"'], ids=["no", "empty", "deep", "string"])
def test_a_version_that_holds_no_login(program: Program, account: Account, text: str) -> None:
    """Nothing can be tried with it, and nobody stumbles over it."""
    secret = account.add("prod/shop", ANOTHERS)
    leaked = account.client.put_secret_value(SecretId=secret.arn, SecretString=text)["VersionId"]
    secret.put({"engine": "mysql", "host": "127.0.0.1", "username": "app", "password": "never shown"})
    call = ("leaked", "prod/shop", "--version-id", leaked, "--local", "--endpoint-url", account.cloud.endpoint_url)
    result = program(*call)
    assert result.code is Exit.NOT_FINE, result
    assert leaked in result.err
