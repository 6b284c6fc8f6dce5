"""The tap: a relay that sees the protocol messages, and that neither side can tell from a plain connection."""

import json
import socket
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from lab.application_user import ApplicationUser
from lab.engines import tapped
from lab.engines.pool import shared
from lab.servers import CertificateAuthority, DatabaseServer
from lab.tap import Message, Tap
from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from tests.lab.helpers import CONNECTION_FAILED, wait_until
from tests.lab.tapped import behind, log_in, without_numbers


def test_long_result_is_one_event(tap: Tap, user: ApplicationUser) -> None:
    """The rows of a result are one event, in however many pieces they come, and all of them arrive."""
    messages: list[Message] = []
    tap.observer = messages.append
    numbers = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
    with closing(log_in(tap, user)) as session, session.cursor() as cursor:
        cursor.execute(f"{numbers} SELECT i, repeat('x', 900) FROM n")  # noqa: S608
        assert len(cursor.fetchall()) == 900
    assert sum(" row" in message.name or "DataRow" in message.name for message in messages) == 1


def test_client_verifies(tap: Tap, either_engine: DatabaseServer, tmp_path: Path) -> None:
    """A client that does not trust the server's authority does not trust the tap, and hangs up before it logs in."""
    messages: list[Message] = []
    tap.observer = messages.append
    stranger = tmp_path / "ca.pem"
    stranger.write_bytes(CertificateAuthority().bundle)
    facts = replace(either_engine.facts, port=tap.port, ca_bundle=stranger)
    with pytest.raises(CONNECTION_FAILED, match=r"(?i)certificate"):
        shared(facts).connect(either_engine.superuser)
    tap.wait_until_idle()
    assert without_numbers(messages)[-1] == "-> Disconnect"
    assert {message.username for message in messages} == {None}


def test_plaintext(tap: Tap, user: ApplicationUser) -> None:
    """A connection without TLS passes too."""
    messages: list[Message] = []
    tap.observer = messages.append
    engine = user.kit.engine()
    secret = Credentials.parse(json.dumps(user.secret_value(ssl=False)), "AWSCURRENT", engine.secret_format)
    with engine.connect(secret, Deadline.after(60)):
        pass
    tap.wait_until_idle()
    assert not any("SSL" in message.name for message in messages)
    assert messages[-1].name in ("Terminate", "Quit")


def test_new_certificate(own_server: DatabaseServer) -> None:
    """The tap presents what the server presents, also once that has changed."""
    with tapped(own_server) as tap:
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
    wait_until(lambda: tap.connections == 1)
