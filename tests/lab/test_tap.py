"""The tap: a relay that sees the protocol messages, and that neither side can tell from a plain connection."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import psycopg2
import pymysql
import pytest

from lab.servers import CertificateAuthority
from lab.servers.pool import MYSQL, shared
from lab.tap import Message, Tap
from tests.lab.tapped import CONNECTION_FAILED, behind, log_in, run, without_numbers

if TYPE_CHECKING:
    from pathlib import Path

    from lab.application_user import ApplicationUser
    from lab.servers import DatabaseServer, MySQLServer, PostgresServer

POSTGRESQL_SESSION = [
    "-> Connect",
    "-> SSLRequest",
    "<- SSL accepted",
    "-> StartupMessage",
    "<- AuthenticationSASL",
    "-> SASLInitialResponse",
    "<- AuthenticationSASLContinue",
    "-> SASLResponse",
    "<- AuthenticationSASLFinal",
    "<- AuthenticationOk",
    "<- ParameterStatus ...",
    "<- BackendKeyData",
    "<- ReadyForQuery",
    "-> Query: SELECT ...",
    "<- RowDescription",
    "<- DataRow ...",
    "<- CommandComplete SELECT",
    "<- ReadyForQuery",
    "-> Terminate",
]
MYSQL_SESSION = [
    "-> Connect",
    "<- Greeting",
    "-> SSLRequest",
    "-> HandshakeResponse",
    "<- AuthMoreData",
    "-> AuthResponse",
    "<- OK",
    "-> Query: SET NAMES ...",
    "<- OK",
    "-> Query: SELECT ...",
    "<- ResultSet header",
    "<- ColumnDefinition ...",
    "<- EOF",
    "<- ResultSet row ...",
    "<- EOF",
    "-> Quit",
]


def test_messages_of_a_session(tap: Tap, user: ApplicationUser) -> None:
    """A login, a statement and a goodbye pass, and each of their messages is seen, by its name and in order."""
    messages: list[Message] = []
    tap.observer = messages.append
    run(tap, user, "SELECT 1")
    tap.wait_until_idle()
    assert without_numbers(messages) == (MYSQL_SESSION if user.engine == MYSQL else POSTGRESQL_SESSION)
    assert {message.username for message in messages[6:]} == {user.username}
    assert tap.connections == 1


def test_long_result_is_one_event(tap: Tap, user: ApplicationUser) -> None:
    """The rows of a result are one event, in however many pieces they come, and all of them arrive."""
    messages: list[Message] = []
    tap.observer = messages.append
    numbers = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
    with closing(log_in(tap, user)) as session, session.cursor() as cursor:
        cursor.execute(f"{numbers} SELECT i, repeat('x', 900) FROM n")  # noqa: S608
        assert len(cursor.fetchall()) == 900
    assert sum(" row" in message.name or "DataRow" in message.name for message in messages) == 1


def test_channel_binding_holds(newest_postgres: PostgresServer) -> None:
    """PostgreSQL's SCRAM-SHA-256-PLUS, which is bound to the server's certificate, works through the tap."""
    login = newest_postgres.superuser
    with Tap(newest_postgres) as tap:
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


def test_client_verifies(tap: Tap, either_engine: DatabaseServer, tmp_path: Path) -> None:
    """A client that does not trust the server's authority does not trust the tap, and hangs up before it logs in."""
    messages: list[Message] = []
    tap.observer = messages.append
    stranger = tmp_path / "ca.pem"
    stranger.write_bytes(CertificateAuthority().bundle)
    facts = cast("PostgresServer | MySQLServer", either_engine).facts
    with pytest.raises(CONNECTION_FAILED, match=r"(?i)certificate"):
        shared(replace(facts, port=tap.port, ca_bundle=stranger)).connect(either_engine.superuser)
    tap.wait_until_idle()
    assert without_numbers(messages)[-1] == "-> Disconnect"
    assert {message.username for message in messages} == {None}


def test_plaintext(tap: Tap, user: ApplicationUser) -> None:
    """A connection without TLS passes too."""
    messages: list[Message] = []
    tap.observer = messages.append
    if user.engine == MYSQL:
        address: dict[str, Any] = {"host": "localhost", "port": tap.port, "ssl_disabled": True}
        pymysql.connect(user=user.username, password=user.password, **address).close()
    else:
        address = {"host": "localhost", "port": tap.port, "dbname": user.dbname, "sslmode": "disable"}
        psycopg2.connect(user=user.username, password=user.password, **address).close()
    tap.wait_until_idle()
    assert not any("SSL" in message.name for message in messages)
    assert messages[-1].name in ("Terminate", "Quit")


def test_rejected_login(tap: Tap, user: ApplicationUser) -> None:
    """A rejected login ends with the server's error: that the client hangs up after it is no event."""
    messages: list[Message] = []
    tap.observer = messages.append
    assert not behind(tap, user.server).can_log_in(user.username, "wrong", user.dbname)
    tap.wait_until_idle()
    assert messages[-1].name == ("Error 1045" if user.engine == MYSQL else "ErrorResponse 28P01")


def test_new_certificate(own_server: DatabaseServer) -> None:
    """The tap presents what the server presents, also once that has changed."""
    with Tap(own_server) as tap:
        behind(tap, own_server).connect(own_server.superuser).close()
        own_server.use_certificate(CertificateAuthority().issue())
        with pytest.raises(CONNECTION_FAILED, match=r"(?i)certificate"):
            behind(tap, own_server).connect(own_server.superuser)


def test_silent(tap: Tap) -> None:
    """A silent tap takes a connection, and leaves it without an answer."""
    tap.silent = True
    with socket.create_connection(("localhost", tap.port), timeout=0.5) as client:
        client.sendall(b"\0\0\0\x08\x04\xd2\x16\x2f")
        with pytest.raises(TimeoutError):
            client.recv(1)
    assert tap.connections == 1
