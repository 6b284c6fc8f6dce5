"""Clients that are killed at a message, and lines that the tap cuts there."""

import time

import pytest

from lab.application_user import ApplicationUser
from lab.tap import DROP, FORWARD, FROM_DATABASE, Message, Tap, Verdict
from tests.lab.helpers import CONNECTION_FAILED, wait_until
from tests.lab.tapped import client_process, log_in, run, without_numbers


def test_killed_client(tap: Tap, user: ApplicationUser) -> None:
    """When a client is killed, the server ends its session and rolls back, within seconds."""
    messages: list[Message] = []
    tap.observer = messages.append
    notes = user.kit.notes(user.username)
    insert = f"INSERT INTO {notes} VALUES ('x')"  # noqa: S608 - a name of our own
    with client_process(tap, user, insert) as client:
        assert client.stdout
        assert client.stdout.readline() == b"done\n"
        assert user.sessions() == 1
        client.kill()
        killed = time.monotonic()
        wait_until(lambda: user.sessions() == 0)
    assert time.monotonic() - killed < 30
    assert user.administrate(f"SELECT count(*) FROM {notes}") == [(0,)]  # noqa: S608
    assert without_numbers(messages)[-1] == "-> Disconnect"


@pytest.mark.parametrize("database_has_answered", [False, True], ids=["statement", "answer"])
def test_dropped(tap: Tap, user: ApplicationUser, database_has_answered: bool) -> None:
    """Cut at the statement the old password stays, cut at its answer the new one is set; the client gets an error."""
    changing: list[Message] = []

    def cut(message: Message) -> Verdict:
        if message.name.startswith("Query: ALTER"):
            changing.append(message)
            return FORWARD if database_has_answered else DROP
        return DROP if changing and message.direction is FROM_DATABASE else FORWARD

    tap.observer = cut
    with pytest.raises(CONNECTION_FAILED):
        run(tap, user, user.kit.change_of_own_password(user.username, "new"))
    tap.wait_until_idle()
    assert user.can_log_in(user.username, "new") == database_has_answered
    assert user.can_log_in(user.username, user.password) != database_has_answered


def test_dropped_connection(tap: Tap, user: ApplicationUser) -> None:
    """Cut at the opening of the connection the server never hears of it."""
    tap.observer = lambda message: DROP if message.name == "Connect" else FORWARD
    with pytest.raises(CONNECTION_FAILED):
        log_in(tap, user)
    assert tap.connections == 1
