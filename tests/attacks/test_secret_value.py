"""Whoever may write a secret can make neither its reading nor that of its older versions outlast an invocation."""

import json
import time

import pytest

from secret_rotation.credentials import Credentials
from secret_rotation.deadline import RESERVE_SECONDS, Deadline
from secret_rotation.engines.mysql import MySQL
from secret_rotation.errors import InvalidSecretError, RotationError
from secret_rotation.older_versions import OlderVersions
from secret_rotation.store import SecretStore
from tests.attacks.one_login import credentials
from tests.fixtures.cloud import MakeSecret


@pytest.mark.parametrize("host", [":" * 65_000 + "x", "a" + "-" * 65_000, "." * 65_000 + "!"])
def test_a_host_is_read_in_time(host: str) -> None:
    """However long it is, and whatever it is made of."""
    document = {"engine": "mysql", "host": host, "username": "app", "password": "never said"}
    start = time.process_time()
    with pytest.raises(InvalidSecretError, match="not a host name"):
        Credentials.parse(json.dumps(document), "AWSCURRENT of prod/app", MySQL.secret_format)
    assert time.process_time() - start < 1


def test_older_versions_are_read_while_there_is_time(make_secret: MakeSecret) -> None:
    """No more of them is read once the invocation's time is used up, so that it says so before it is killed."""
    value = {"engine": "mysql", "host": "localhost", "port": 3306, "username": "app", "password": "never said"}
    secret = make_secret(value)
    secret.put(value)
    left = [RESERVE_SECONDS + 1, RESERVE_SECONDS]
    versions = OlderVersions(
        SecretStore(secret.client), secret.arn, MySQL.secret_format, credentials(3306), Deadline(lambda: left.pop(0))
    )
    assert next(versions.all()).name == "AWSPREVIOUS"
    with pytest.raises(RotationError, match="time is used up"):
        list(versions.all())
