"""Clients that are killed at a message, and lines that the tap cuts there."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, cast

import psycopg2
import pytest

from lab.servers.pool import MYSQL
from lab.tap import DROP, FORWARD, FROM_DATABASE, Message, Tap
from tests.lab.helpers import wait_until
from tests.lab.tapped import (
    CONNECTION_FAILED,
    behind,
    change_password,
    client_process,
    log_in,
    notes,
    run,
    sessions,
    without_numbers,
)

if TYPE_CHECKING:
    from psycopg2.extensions import connection

    from lab.application_user import ApplicationUser
    from lab.servers import PostgresServer
    from lab.tap import Verdict


def test_killed_client(tap: Tap, user: ApplicationUser) -> None:
    """When a client is killed, the server ends its session and rolls back, within a second."""
    messages: list[Message] = []
    tap.observer = messages.append
    insert = f"INSERT INTO {notes(user)} VALUES ('x')"  # noqa: S608 - a name of our own
    with client_process(tap, user, insert) as client:
        assert client.stdout
        assert client.stdout.readline() == "done\n"
        assert sessions(user) == 1
        client.kill()
        killed = time.monotonic()
        wait_until(lambda: sessions(user) == 0)
    assert time.monotonic() - killed < 1
    assert user.administrate(f"SELECT count(*) FROM {notes(user)}") == [(0,)]  # noqa: S608
    assert without_numbers(messages)[-1] == "-> Disconnect"


def test_observer_kills_client(tap: Tap, user: ApplicationUser) -> None:
    """A client that the observer kills at an answer never gets it; what was not committed by then is undone."""
    changing: list[Message] = []

    def strike(message: Message) -> None:
        if message.name.startswith("Query: ALTER"):
            changing.append(message)
        elif changing and message.direction is FROM_DATABASE:
            client.kill()

    with client_process(tap, user, change_password(user, "new"), "COMMIT") as client:
        tap.observer = strike
        assert client.stdout
        assert client.stdout.read() == ""
    tap.wait_until_idle()
    wait_until(lambda: sessions(user) == 0)
    assert user.can_log_in(user.username, "new") == (user.engine == MYSQL)


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
        run(tap, user, change_password(user, "new"))
    tap.wait_until_idle()
    assert user.can_log_in(user.username, "new") == database_has_answered
    assert user.can_log_in(user.username, user.password) != database_has_answered


def test_dropped_connection(tap: Tap, user: ApplicationUser) -> None:
    """Cut at the opening of the connection the server never hears of it."""
    tap.observer = lambda message: DROP if message.name == "Connect" else FORWARD
    with pytest.raises(CONNECTION_FAILED):
        log_in(tap, user)
    assert tap.connections == 1


def test_messages_before_the_dropped_one(newest_postgres: PostgresServer) -> None:
    """What came in one piece with the dropped message, but before it, is forwarded: it was a message of its own."""
    with (
        Tap(newest_postgres) as tap,
        closing(behind(tap, newest_postgres).connect(newest_postgres.superuser)) as session,
    ):
        tap.observer = lambda message: DROP if message.name == "CommandComplete DO" else FORWARD
        with pytest.raises(psycopg2.OperationalError):
            session.cursor().execute("DO $$ BEGIN RAISE NOTICE 'before'; END $$")
        assert "before" in str(cast("connection", session).notices)
