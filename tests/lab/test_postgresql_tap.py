"""The tap in front of PostgreSQL."""

from contextlib import closing
from typing import TYPE_CHECKING, cast

import psycopg2
import pytest

from lab.application_user import ApplicationUser
from lab.engines.postgresql import PostgresServer
from lab.tap import DROP, FORWARD, Tap
from tests.lab.tapped import behind, end_of_a_rejected_login, kill_at_the_answer, messages_of_a_session

if TYPE_CHECKING:
    from psycopg2.extensions import connection

SESSION = [
    "-> Connect", "-> SSLRequest", "<- SSL accepted", "-> StartupMessage", "<- AuthenticationSASL",
    "-> SASLInitialResponse", "<- AuthenticationSASLContinue", "-> SASLResponse", "<- AuthenticationSASLFinal",
    "<- AuthenticationOk", "<- ParameterStatus ...", "<- BackendKeyData", "<- ReadyForQuery",
    "-> Query: SELECT ...", "<- RowDescription", "<- DataRow ...", "<- CommandComplete SELECT",
    "<- ReadyForQuery", "-> Terminate",
]  # fmt: skip


@pytest.fixture
def either_engine(newest_postgres: PostgresServer) -> PostgresServer:
    """No other engine."""
    return newest_postgres


def test_messages_of_a_session(tap: Tap, user: ApplicationUser) -> None:
    """A login, a statement and a goodbye pass, and each of their messages is seen, by its name and in order."""
    assert messages_of_a_session(tap, user) == SESSION


def test_rejected_login(tap: Tap, user: ApplicationUser) -> None:
    """A rejected login ends with the server's error: that the client hangs up after it is no event."""
    assert end_of_a_rejected_login(tap, user) == "ErrorResponse 28P01"


def test_observer_kills_client(tap: Tap, user: ApplicationUser) -> None:
    """A client that the observer kills at an answer never gets it; what was not committed by then is undone."""
    kill_at_the_answer(tap, user)
    assert not user.can_log_in(user.username, "new")


def test_channel_binding_holds(tap: Tap, newest_postgres: PostgresServer) -> None:
    """PostgreSQL's SCRAM-SHA-256-PLUS, which is bound to the server's certificate, works through the tap."""
    login = newest_postgres.superuser
    psycopg2.connect(
        host=newest_postgres.host,
        port=tap.port,
        user=login.username,
        password=login.password,
        dbname="postgres",
        sslmode="verify-full",
        sslrootcert=str(newest_postgres.ca_bundle),
        channel_binding="require",
    ).close()


def test_messages_before_the_dropped_one(tap: Tap, newest_postgres: PostgresServer) -> None:
    """What came in one piece with the dropped message, but before it, is forwarded: it was a message of its own."""
    with closing(behind(tap, newest_postgres).connect(newest_postgres.superuser)) as session:
        tap.observer = lambda message: DROP if message.name == "CommandComplete DO" else FORWARD
        with pytest.raises(psycopg2.OperationalError):
            session.cursor().execute("DO $$ BEGIN RAISE NOTICE 'before'; END $$")
        assert "before" in str(cast("connection", session).notices)
