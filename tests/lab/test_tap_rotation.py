"""Rotations through the tap: their messages are the same each time, and tell nothing."""

from collections.abc import Callable

import pytest

from lab.application_user import create_application_user
from lab.engines import tapped
from lab.servers import DatabaseServer
from lab.tap import Message
from tests.fixtures.rotation import STRATEGIES, Application, MakeApplication


@pytest.fixture(params=STRATEGIES)
def record(
    either_engine: DatabaseServer,
    make_application: MakeApplication,
    unique_name: Callable[..., str],
    request: pytest.FixtureRequest,
) -> Callable[[], tuple[list[Message], Application]]:
    """Rotate a new user's secret twice, and return all messages, those of one connection after those of another."""

    def rotate_twice() -> tuple[list[Message], Application]:
        messages: list[Message] = []
        with tapped(either_engine, messages.append) as tap:
            user = create_application_user(either_engine, tap, unique_name())
            application = make_application(user, request.param)
            assert application.rotate().succeeded
            assert application.rotate().succeeded
            tap.wait_until_idle()
        return sorted(messages, key=lambda message: message.connection), application

    return rotate_twice


def test_messages_are_the_same_for_every_user(record: Callable[[], tuple[list[Message], Application]]) -> None:
    """The first rotation and the one after it have the same messages, whoever's secret it is."""
    first, second = ([str(message) for message in record()[0]] for _ in range(2))
    assert first == second
    assert any("Query: ALTER" in text for text in first)


def test_messages_tell_nothing(record: Callable[[], tuple[list[Message], Application]]) -> None:
    """No message's text holds a password, a verifier or a user name; whose it is, its attribute says."""
    messages, application = record()
    values = [application.secret.value(label) for label in ("AWSCURRENT", "AWSPREVIOUS")]
    secrets = {str(value[key]) for value in values for key in ("username", "password")}
    superuser = application.user.server.superuser
    secrets |= {application.user.username, application.user.password, superuser.username, superuser.password, "SCRAM-"}
    for text in {str(message) + repr(message) for message in messages}:
        assert not [secret for secret in secrets if secret in text], text
    assert application.user.username in {message.username for message in messages}
