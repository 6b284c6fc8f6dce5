"""How a former configuration is put back: what waits for what, whatever AWS answers meanwhile."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError

from rotationctl.enabling.attachment import Attachments
from rotationctl.enabling.configuration import Configuration
from rotationctl.watch import Clock
from tests.rotationctl.conftest import ANOTHERS
from tests.rotationctl.metadata import ARN, CURRENT, NOW, secret

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

OFF, ON = (Configuration(ANOTHERS, {}, is_on) for is_on in (False, True))
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "."}}, "DescribeSecret")
GONE = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "."}}, "RotateSecret")


class SecretsManager:
    """Shows what a test leaves on the labels, look by look: whether AWSPENDING is there, or an error."""

    def __init__(self, looks: Sequence[bool | BaseException], refusal: Exception | None = None) -> None:
        self.looks = list(looks)
        self.refusal = refusal
        self.called: list[str] = []
        self.token = ""

    def rotate_secret(self, **parameters: str) -> None:
        """Begin a test."""
        self.called.append("rotate")
        self.token = parameters["ClientRequestToken"]
        if self.refusal:
            raise self.refusal

    def describe_secret(self, **_: str) -> dict[str, object]:
        """The next look; the last one is for ever."""
        self.called.append("look")
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, BaseException):
            raise look
        stages = {**CURRENT, **({self.token: ["AWSPENDING"]} if look else {})}
        return {"Name": "prod/shop", "ARN": ARN, "VersionIdsToStages": stages, "ResponseMetadata": {}}

    def update_secret_version_stage(self, **_: str) -> None:
        """Take the label off."""
        self.called.append("take off")

    def cancel_rotate_secret(self, **_: str) -> None:
        """Turn rotation off."""
        self.called.append("cancel")


class Time:
    """Goes on while somebody sleeps."""

    def __init__(self) -> None:
        self.now = NOW

    def tell(self) -> datetime:
        """What time it is."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """So long."""
        self.now += timedelta(seconds=seconds)


def put_back(client: SecretsManager, former: Configuration) -> list[str]:
    """What is called, a number of looks in a row as one."""
    time = Time()
    attachments = Attachments(cast("SecretsManagerClient", client), Clock(time.tell, time.sleep), wait_seconds=30)
    attachments.put_back(secret(), former)
    return [name for number, name in enumerate(client.called) if name != "look" or client.called[number - 1] != "look"]


def test_rotation_was_off() -> None:
    """The test of the former function is seen to its end, be AWS silent meanwhile, before rotation is turned off."""
    client = SecretsManager([False, True, THROTTLED, True, False])
    assert put_back(client, OFF) == ["rotate", "look", "cancel"]
    assert client.called.count("look") > len([False, True, THROTTLED, True, False])


def test_a_look_that_lags_behind() -> None:
    """A label that comes again is taken off before rotation is turned off."""
    assert put_back(SecretsManager([True, False, True]), OFF) == ["rotate", "look", "take off", "cancel"]


def test_a_test_that_is_too_short_to_be_seen() -> None:
    """Nothing is said by the absence of the label before it has had the time to come."""
    client = SecretsManager([False])
    assert put_back(client, OFF) == ["rotate", "look", "cancel"]
    assert client.called.count("look") > 10


def test_a_test_that_does_not_end() -> None:
    """Its label is taken off in the end."""
    assert put_back(SecretsManager([True]), OFF) == ["rotate", "look", "take off", "cancel"]


def test_ctrl_c_while_it_is_tested() -> None:
    """No label is left, and rotation is off."""
    client = SecretsManager([True, KeyboardInterrupt(), True])
    with pytest.raises(KeyboardInterrupt):
        put_back(client, OFF)
    assert client.called[-2:] == ["take off", "cancel"]


@pytest.mark.parametrize(("looks", "refusal"), [([GONE], None), ([False], GONE)], ids=["look", "rotate"])
def test_it_is_off_whatever_fails(looks: Sequence[bool | Exception], refusal: Exception | None) -> None:
    """Rotation that was off does not stay on because the former function cannot be attached any more."""
    client = SecretsManager(looks, refusal)
    with pytest.raises(ClientError, match="AccessDenied"):
        put_back(client, OFF)
    assert client.called[-1] == "cancel"


def test_rotation_was_on() -> None:
    """The test is seen to its end too, so that what follows is not refused because of it."""
    assert put_back(SecretsManager([True, False]), ON) == ["rotate", "look"]
    assert put_back(SecretsManager([True]), ON) == ["rotate", "look", "take off"]


def test_there_was_no_function() -> None:
    """Rotation is turned off, and that is all."""
    assert put_back(SecretsManager([False]), Configuration(None, {}, is_on=False)) == ["cancel"]
