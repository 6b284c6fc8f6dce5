"""The handler's last line of defence: an exception that nobody foresaw."""

import time
from collections.abc import Mapping
from typing import ClassVar, NoReturn

import pytest

from lab.lambda_environment import InProcessContext
from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.errors import InvalidSettingsError, RotationError
from secret_rotation.handler import rotation_handler
from secret_rotation.strategies.single_user import SingleUser
from tests.fixtures.cloud import MakeSecret


class Defective(PostgreSQL):
    """An engine with a defect that quotes the password."""

    name: ClassVar[str] = "defective"

    def connect(self, credentials: Credentials, deadline: Deadline) -> NoReturn:  # noqa: ARG002
        """Fail as a driver does that nobody has mapped."""
        raise ZeroDivisionError(f"ALTER ROLE app PASSWORD '{credentials.password.reveal()}'")


def test_an_unforeseen_exception_tells_its_place_and_nothing_else(
    function_environment: Mapping[str, str], make_secret: MakeSecret, capsys: pytest.CaptureFixture[str]
) -> None:
    """What Lambda logs of a defect is the exception's class and where it was raised, never its words."""
    value = {"engine": "postgres", "host": "localhost", "username": "app", "password": "hunter2-canary"}
    secret = make_secret(value)
    secret.put(value, stages=("AWSPENDING",), token="t" * 32)
    handler = rotation_handler(Defective, SingleUser, function_environment)
    event = {"Step": "testSecret", "SecretId": secret.arn, "ClientRequestToken": "t" * 32}
    with pytest.raises(RotationError, match=r"Unexpected ZeroDivisionError at test_handler.py:\d+") as caught:
        handler(event, InProcessContext("function", "its ARN", "256", time.monotonic() + 60))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "hunter2" not in f"{caught.value} {capsys.readouterr()}"


def test_wrong_settings_stop_the_function_at_init() -> None:
    """A wrong environment variable is an error before any event is taken."""
    with pytest.raises(InvalidSettingsError, match="PASSWORD_LENGTH"):
        rotation_handler(PostgreSQL, SingleUser, {"PASSWORD_LENGTH": "3"})
