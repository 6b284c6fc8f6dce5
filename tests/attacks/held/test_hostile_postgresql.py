"""What answers as PostgreSQL means harm: no password is given away, and the error is one of ours."""

import re
import struct

import pytest

from lab.engines.postgresql import PostgresServer
from tests.attacks.held.hostile import MARK, Peer, Script, Takeover, assert_harmless, meet
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication

TLS_REQUEST = struct.pack("!II", 8, 80_877_103)
HEADER_BYTES = 5
READABLE, MD5, SASL = 3, 5, 10
OTHER_WAYS = {"kerberos 4": 1, "kerberos 5": 2, "crypt": 4, "scm": 6, "gss": 7, "gss goes on": 8, "sspi": 9, "none": 99}


def message(kind: bytes, payload: bytes = b"") -> bytes:
    """One message."""
    return kind + struct.pack("!I", 4 + len(payload)) + payload


def authentication(way: int, more: bytes = b"") -> bytes:
    """What the server wants for a login; 0 is nothing more."""
    return message(b"R", struct.pack("!I", way) + more)


def error(text: bytes, code: bytes = b"XX000", kind: bytes = b"E") -> bytes:
    """An error, or a notice."""
    return message(kind, b"SFATAL\0VFATAL\0C" + code + b"\0M" + text + b"\0\0")


READY = message(b"Z", b"I")
LET_IN = authentication(0) + message(b"S", b"server_version\00017.1\0") + READY


def says(*parts: bytes) -> Script:
    """A server that answers each thing that it hears with the next part, and then listens."""

    def script(peer: Peer) -> None:
        for part in parts:
            peer.hear()
            peer.send(part)
        peer.hear()

    return script


AT_LOGIN: dict[str, Script] = {
    "readable": says(authentication(READABLE), LET_IN),
    "nothing": says(LET_IN),
    "readable, then nothing": says(authentication(READABLE) + LET_IN),
    **{name: says(authentication(way, bytes(16)), LET_IN) for name, way in OTHER_WAYS.items()},
    "a mechanism that nobody knows": says(authentication(SASL, MARK.encode() + b"\0\0"), LET_IN),
    "a readable mechanism": says(authentication(SASL, b"PLAIN\0\0"), LET_IN),
    "no mechanism": says(authentication(SASL, b"\0"), LET_IN),
    "scram, then nothing": says(authentication(SASL, b"SCRAM-SHA-256\0\0"), LET_IN),
    "scram, then readable": says(authentication(SASL, b"SCRAM-SHA-256\0\0"), authentication(READABLE), LET_IN),
    "scram with junk": says(authentication(SASL, b"SCRAM-SHA-256\0\0"), authentication(11, MARK.encode()), LET_IN),
    "scram with another nonce": says(
        authentication(SASL, b"SCRAM-SHA-256\0\0"), authentication(11, b"r=other,s=QUJD,i=4096"), LET_IN
    ),
    "scram with a wrong proof": says(authentication(SASL, b"SCRAM-SHA-256\0\0"), authentication(12, b"v=QUJD"), LET_IN),
    "md5 with a salt that is cut": says(authentication(MD5, b"ab"), LET_IN),
    "md5, then readable": says(authentication(MD5, b"salt"), authentication(READABLE), LET_IN),
    "hang up": lambda _: None,
    "junk": says(b"\xff\xfe" * 40),
    "http": says(f"HTTP/1.1 400 Bad Request\r\n\r\n{MARK}".encode()),
    "a length below nothing": says(b"R" + struct.pack("!i", -5) + bytes(20)),
    "a length of nothing": says(b"R" + bytes(20)),
    "a message that is cut": says(authentication(MD5)[:7]),
    "a message of no kind": says(message(b"\0", b"x" * 30)),
    "another protocol": says(message(b"v", struct.pack("!II", 1, 0))),
    "copy at the login": says(message(b"G", b"\0\0\0")),
    "a huge error": says(error(MARK.encode() * 700)),
    "an error that is no text": says(error(b"\xff\xfe\xc3(" + MARK.encode())),
    "an error without fields": says(message(b"E", b"\0")),
    "an error that is cut": says(message(b"E", b"SFATAL\0M")),
    "an error of the old protocol": says(b"E" + MARK.encode() + b"\0"),
    "a notice, and the end": says(error(MARK.encode(), kind=b"N")),
}
WITH_TLS: dict[str, Script] = {
    "refused": says(b"N", LET_IN),
    "refused, and let in": says(b"N" + LET_IN),
    "an error": says(error(MARK.encode())),
    "gss": says(b"G", LET_IN),
    "an answer that is none": says(b"X", LET_IN),
    "accepted, and let in without it": says(b"S" + LET_IN),
    "accepted, and junk": says(b"S", MARK.encode() * 9),
    "accepted, and the password wanted": says(b"S" + authentication(READABLE)),
}
COLUMN = b"a\0" + struct.pack("!IHIhiH", 0, 0, 25, -1, -1, 0)
ONE_COLUMN = message(b"T", struct.pack("!H", 1) + COLUMN)
DONE = message(b"C", b"SELECT 1\0")


def row(*values: bytes | None) -> bytes:
    """A row of a result."""
    fields = (struct.pack("!i", -1) if one is None else struct.pack("!i", len(one)) + one for one in values)
    return message(b"D", struct.pack("!H", len(values)) + b"".join(fields))


IN_SESSION: dict[str, bytes] = {
    "copy in": message(b"G", b"\0\0\0") + READY,
    "copy out": message(b"H", b"\0\0\0") + message(b"d", MARK.encode()) + message(b"c") + READY,
    "copy out without an end": message(b"H", b"\0\0\0") + message(b"d", MARK.encode()),
    "two columns in one": ONE_COLUMN + row(b"t", b"t") + DONE + READY,
    "a row that is cut": ONE_COLUMN + message(b"D", struct.pack("!Hi", 1, 99) + b"t") + DONE + READY,
    "a row before its columns": row(b"t") + DONE + READY,
    "junk": b"\xff\xfe" * 40,
    "a huge error": error(MARK.encode() * 700, b"42501") + READY,
    "an error that is no text": error(b"\xff\xfe\xc3(" + MARK.encode(), b"42501") + READY,
    "an error without fields": message(b"E", b"\0") + READY,
    "an error of no class": error(MARK.encode(), b"\0\0") + READY,
    "the end": error(MARK.encode(), b"57P01"),
    "another login": authentication(READABLE) + READY,
}
PARAMETERS = {
    "server_version": ["", "absurd", "99999999999999999999", "-1", "9.6.24", "8.0.mysql", MARK],
    "client_encoding": ["", "NONSENSE", "LATIN1", MARK],
    "standard_conforming_strings": ["off", "", MARK],
    "integer_datetimes": ["", "off"],
}


@pytest.fixture
def application(newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application on PostgreSQL."""
    return make_application(make_user(newest_postgres), SINGLE_USER)


def split(buffer: bytearray) -> list[bytes]:
    """The messages that are whole."""
    messages = []
    while len(buffer) >= HEADER_BYTES and len(buffer) >= (end := 1 + int.from_bytes(buffer[1:5], "big")):
        messages.append(bytes(buffer[:end]))
        del buffer[:end]
    return messages


def is_ready(one: bytes) -> bool:
    """Whether the server is ready for a statement."""
    return one[:1] == b"Z"


@pytest.mark.parametrize("name", AT_LOGIN)
def test_at_the_login(application: Application, name: str) -> None:
    """Without TLS, no way of logging in that a server asks for gets the password as it is, nor is it a login."""
    assert_harmless(application, meet(application, AT_LOGIN[name], ssl=False))


@pytest.mark.parametrize("name", WITH_TLS)
def test_with_tls_nothing_is_sent_without_it(application: Application, name: str) -> None:
    """There is no fallback to plaintext: a server that does not speak TLS learns that TLS is wanted, and no more."""
    outcome = meet(application, WITH_TLS[name], ssl=True)
    assert_harmless(application, outcome)
    assert outcome.sent.startswith(TLS_REQUEST)
    assert application.user.username.encode() not in outcome.sent


@pytest.mark.parametrize("name", IN_SESSION)
def test_in_a_session(application: Application, name: str) -> None:
    """Whatever a server answers to a statement is an error of ours, unless it is what was asked for."""

    def answer(peer: Peer) -> None:
        while peer.hear():
            peer.send(IN_SESSION[name])

    port = application.user.server.port
    assert_harmless(application, meet(application, Takeover(port, split, is_ready, answer), ssl=False))


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in PARAMETERS.items() for value in values])
def test_what_a_server_says_of_itself(application: Application, name: str, value: str) -> None:
    """A version, an encoding, a setting that nobody has is an error of ours, or does not matter."""

    def alter(one: bytes) -> bytes:
        known = re.match(rb"S....(" + name.encode() + rb")\0", one, re.DOTALL)
        return message(b"S", name.encode() + b"\0" + value.encode() + b"\0") if known else one

    def answer(peer: Peer) -> None:
        peer.hear()
        peer.send(error(b"enough", b"57P01"))

    port = application.user.server.port
    outcome = meet(application, Takeover(port, split, is_ready, answer, alter), ssl=False)
    assert_harmless(application, outcome)
