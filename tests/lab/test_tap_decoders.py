"""The tap's decoders: where messages end, and what they are called, whatever pieces their bytes come in."""

import struct
from collections.abc import Callable
from contextlib import suppress
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.engines.mysql.decoder import MySQLDecoder
from lab.engines.postgresql.decoder import PostgreSQLDecoder
from lab.tap.decoder import Decoder, Frame, GarbageError
from lab.tap.message import FROM_DATABASE, TO_DATABASE, Direction
from lab.tap.statement import keywords

Transcript = list[tuple[Direction, bytes, list[str]]]
"""What is sent in one go in one direction, and the names of its messages."""

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
LONGEST_PACKET = 0xFFFFFF
CLIENT_SSL, CLIENT_DEPRECATE_EOF = 1 << 11, 1 << 24


def opening(code: int, content: bytes = b"") -> bytes:
    """A PostgreSQL client's first message."""
    return struct.pack("!ii", 8 + len(content), code) + content


def message(kind: bytes, content: bytes = b"") -> bytes:
    """A PostgreSQL message."""
    return kind + struct.pack("!i", 4 + len(content)) + content


def packet(sequence: int, payload: bytes) -> bytes:
    """A MySQL packet."""
    return len(payload).to_bytes(3, "little") + bytes([sequence]) + payload


def handshake(capabilities: int = 0, rest: bytes = b"") -> bytes:
    """The payload of a MySQL client's first packet."""
    return capabilities.to_bytes(4, "little") + bytes(28) + rest


STARTUP = opening(3 << 16, b"user\0app_1\0database\0postgres\0\0")
POSTGRESQL: Transcript = [
    (TO_DATABASE, opening(80877104), ["GSSENCRequest"]),
    (FROM_DATABASE, b"N", ["GSSENC refused"]),
    (TO_DATABASE, SSL_REQUEST, ["SSLRequest"]),
    (FROM_DATABASE, b"S", ["SSL accepted"]),
    (TO_DATABASE, STARTUP, ["StartupMessage"]),
    (FROM_DATABASE, message(b"R", struct.pack("!i", 10) + b"SCRAM-SHA-256\0\0"), ["AuthenticationSASL"]),
    (TO_DATABASE, message(b"p", b"SCRAM-SHA-256\0"), ["SASLInitialResponse"]),
    (FROM_DATABASE, message(b"R", struct.pack("!i", 11)), ["AuthenticationSASLContinue"]),
    (TO_DATABASE, message(b"p", b"c=biws"), ["SASLResponse"]),
    (
        FROM_DATABASE,
        message(b"R", struct.pack("!i", 12))
        + message(b"R", struct.pack("!i", 0))
        + message(b"S", b"DateStyle\0ISO\0") * 2
        + message(b"Z", b"I"),
        ["AuthenticationSASLFinal", "AuthenticationOk", *["ParameterStatus ..."] * 2, "ReadyForQuery"],
    ),
    (TO_DATABASE, message(b"Q", b"ALTER ROLE \"app_1\" PASSWORD 'x'\0"), ["Query: ALTER ROLE ... PASSWORD ..."]),
    (FROM_DATABASE, message(b"N", b"SNOTICE\0VNOTICE\0C00000\0\0"), ["NoticeResponse 00000 ..."]),
    (FROM_DATABASE, message(b"C", b"ALTER ROLE\0"), ["CommandComplete ALTER ROLE"]),
    (FROM_DATABASE, message(b"C", b"INSERT 0 1\0"), ["CommandComplete INSERT"]),
    (TO_DATABASE, message(b"P", b"name\0SELECT 1\0\0\0") + message(b"S"), ["Parse: SELECT ...", "Sync"]),
    (FROM_DATABASE, message(b"E", b"SERROR\0VERROR\0C42601\0Mapp_1\0\0"), ["ErrorResponse 42601"]),
    (TO_DATABASE, message(b"X"), ["Terminate"]),
]
TOO_MANY = message(b"E", b"SFATAL\0VFATAL\0C53300\0\0")
HANDSHAKE = packet(2, handshake(CLIENT_SSL, b"app_1\0\x20..."))
EOF = b"\xfe\0\0\2\0"
MYSQL_LOGIN: Transcript = [
    (FROM_DATABASE, packet(0, b"\x0a8.4.0\0..."), ["Greeting"]),
    (TO_DATABASE, packet(1, handshake(CLIENT_SSL)), ["SSLRequest"]),
    (TO_DATABASE, HANDSHAKE, ["HandshakeResponse"]),
    (FROM_DATABASE, packet(3, b"\xfecaching_sha2_password\0"), ["AuthSwitchRequest"]),
    (TO_DATABASE, packet(4, b"scramble"), ["AuthResponse"]),
    (FROM_DATABASE, packet(5, b"\x01\x04"), ["AuthMoreData"]),
    (TO_DATABASE, packet(6, b"\x03secret\0"), ["AuthResponse"]),
    (FROM_DATABASE, packet(7, b"\0\0\0\2\0\0\0"), ["OK"]),
]
MYSQL: Transcript = [
    *MYSQL_LOGIN,
    (
        TO_DATABASE,
        packet(0, b"\x03ALTER USER USER() IDENTIFIED BY 'x' REPLACE 'y' RETAIN CURRENT PASSWORD"),
        ["Query: ALTER USER ... IDENTIFIED BY ... REPLACE ... RETAIN CURRENT PASSWORD"],
    ),
    (FROM_DATABASE, packet(1, b"\0\0\0\2\0\0\0"), ["OK"]),
    (TO_DATABASE, packet(0, b"\x03SELECT 1, 2"), ["Query: SELECT ..."]),
    (
        FROM_DATABASE,
        b"".join(map(packet, count(1), [b"\x02", *[b"\x03def..."] * 2, EOF, b"\x011\x012", EOF])),
        ["ResultSet header", *["ColumnDefinition ..."] * 2, "EOF", "ResultSet row ...", "EOF"],
    ),
    (TO_DATABASE, packet(0, b"\x0e"), ["Ping"]),
    (FROM_DATABASE, packet(1, b"\xff" + struct.pack("<H", 1045) + b"#28000app_1"), ["Error 1045"]),
    (TO_DATABASE, packet(0, b"\x01"), ["Quit"]),
]
TRANSCRIPTS = [
    pytest.param(PostgreSQLDecoder, POSTGRESQL, id="postgresql"),
    pytest.param(MySQLDecoder, MYSQL, id="mysql"),
]

KINDS = st.sampled_from([b"R", b"C", b"E", b"Q", b"P"])
CONTENT = st.binary(max_size=20)


def whole(data: bytes) -> list[bytes]:
    """In one piece."""
    return [data]


def replay(
    decoder: Decoder, transcript: Transcript, pieces: Callable[[bytes], list[bytes]] = whole
) -> list[list[Frame]]:
    """Feed a transcript in pieces; the messages of each of its entries."""
    return [
        [frame for piece in pieces(data) for frame in decoder.feed(direction, piece)]
        for direction, data, _ in transcript
    ]


def assert_same(frames: list[list[Frame]], transcript: Transcript) -> None:
    """The messages have the names and the bytes of the transcript."""
    assert [[frame.name for frame in entry] for entry in frames] == [names for _, _, names in transcript]
    assert [b"".join(frame.data for frame in entry) for entry in frames] == [data for _, data, _ in transcript]


@pytest.mark.parametrize(("new_decoder", "transcript"), TRANSCRIPTS)
def test_whole(new_decoder: Callable[[], Decoder], transcript: Transcript) -> None:
    """Each message has its name, and all of its bytes; who logs in and who ends the connection is known."""
    decoder = new_decoder()
    assert_same(replay(decoder, transcript[:-1]), transcript[:-1])
    assert (decoder.username, decoder.has_ended) == ("app_1", False)
    assert_same(replay(decoder, transcript[-1:]), transcript[-1:])
    assert decoder.has_ended


@pytest.mark.parametrize(("new_decoder", "transcript"), TRANSCRIPTS)
def test_split(new_decoder: Callable[[], Decoder], transcript: Transcript) -> None:
    """A split at any byte changes nothing, and neither does one at every byte."""
    for position in range(max(len(data) for _, data, _ in transcript)):
        cut = lambda data, position=position: [data[:position], data[position:]]  # noqa: E731 - short and used once
        assert_same(replay(new_decoder(), transcript, cut), transcript)
    assert_same(replay(new_decoder(), transcript, lambda data: [bytes([byte]) for byte in data]), transcript)


def test_postgresql_tls_begins_after_the_yes() -> None:
    """Both sides of PostgreSQL begin TLS after the server's S, and only then."""
    frames = [frame for entry in replay(PostgreSQLDecoder(), POSTGRESQL) for frame in entry]
    assert [frame.name for frame in frames if frame.early_tls is not None] == ["SSL accepted"]


def test_mysql_tls_begins_after_the_request() -> None:
    """Both sides of MySQL begin TLS after the client's SSLRequest; what came with it is of the client's handshake."""
    decoder = MySQLDecoder()
    decoder.feed(*MYSQL[0][:2])
    (frame,) = decoder.feed(TO_DATABASE, MYSQL[1][1] + b"\x16\x03\x01")
    assert (frame.name, frame.early_tls) == ("SSLRequest", b"\x16\x03\x01")
    (frame,) = decoder.feed(TO_DATABASE, HANDSHAKE)
    assert (frame.name, frame.early_tls) == ("HandshakeResponse", None)


def test_postgresql_refused_tls() -> None:
    """A connection goes on in clear where the server has no TLS and the client wants none."""
    decoder = PostgreSQLDecoder()
    decoder.feed(TO_DATABASE, SSL_REQUEST)
    (refused,) = decoder.feed(FROM_DATABASE, b"N")
    (startup,) = decoder.feed(TO_DATABASE, STARTUP)
    assert (refused.name, refused.early_tls, startup.name) == ("SSL refused", None, "StartupMessage")


@pytest.mark.parametrize(
    ("new_decoder", "before", "direction", "sent", "name"),
    [
        (PostgreSQLDecoder, POSTGRESQL[2:3], FROM_DATABASE, TOO_MANY, "ErrorResponse 53300"),
        (PostgreSQLDecoder, [], TO_DATABASE, opening(80877102, bytes(8)), "CancelRequest"),
        (MySQLDecoder, [], FROM_DATABASE, packet(0, b"\xff\x10\x04Too many connections"), "Error 1040"),
    ],
    ids=["PostgreSQL's error", "PostgreSQL's cancel request", "MySQL's error"],
)
def test_connections_that_end_early(
    new_decoder: Callable[[], Decoder], before: Transcript, direction: Direction, sent: bytes, name: str
) -> None:
    """A server in trouble says so instead of yes or a greeting; a CancelRequest is all that its connection is for."""
    decoder = new_decoder()
    replay(decoder, before)
    (frame,) = decoder.feed(direction, sent)
    assert (frame.name, decoder.has_ended) == (name, True)


def test_mysql_result_without_eof() -> None:
    """A client may ask for results without EOF in the middle; a long row that begins like one is a row."""
    login: Transcript = [MYSQL_LOGIN[0], (TO_DATABASE, packet(1, handshake(CLIENT_DEPRECATE_EOF, b"app_1\0")), [])]
    decoder = MySQLDecoder()
    replay(decoder, [*login, (FROM_DATABASE, packet(2, b"\0\0\0\2\0\0\0"), [])])
    decoder.feed(TO_DATABASE, packet(0, b"\x03SELECT 1"))
    row = b"\xfe" + (1 << 24).to_bytes(8, "little") + bytes(1 << 24)
    payloads = (b"\x01", b"\x03def", row[:LONGEST_PACKET], row[LONGEST_PACKET:], b"\xfe\0\0\2\0\0\0")
    frames = decoder.feed(FROM_DATABASE, b"".join(map(packet, count(1), payloads)))
    assert [frame.name for frame in frames] == ["ResultSet header", "ColumnDefinition ...", "ResultSet row ...", "EOF"]


@pytest.mark.parametrize("extra", [0, 1, 100])
def test_mysql_message_of_16_mb(extra: int) -> None:
    """A message that is longer than a packet can be ends with the first packet that is not full, even an empty one."""
    decoder = MySQLDecoder()
    replay(decoder, MYSQL_LOGIN)
    data = packet(0, b"\x03SELECT '".ljust(LONGEST_PACKET, b"x")) + packet(1, b"'".rjust(extra, b"x")[:extra])
    assert decoder.feed(TO_DATABASE, data[:-1]) == []
    (frame,) = decoder.feed(TO_DATABASE, data[-1:])
    assert (frame.name, frame.data == data) == ("Query: SELECT ...", True)
    assert [frame.name for frame in decoder.feed(FROM_DATABASE, packet(2, b"\0\0\0\2\0\0\0"))] == ["OK"]


@pytest.mark.parametrize(
    ("decoder", "before", "direction", "garbage"),
    [
        (PostgreSQLDecoder, [], TO_DATABASE, b"GET / HTTP/1.1\r\n"),
        (PostgreSQLDecoder, [], TO_DATABASE, opening(80877199)),
        (PostgreSQLDecoder, [], FROM_DATABASE, b"HTTP/1.1 400"),
        (PostgreSQLDecoder, POSTGRESQL[:3], FROM_DATABASE, b"X"),
        (PostgreSQLDecoder, POSTGRESQL[:3], FROM_DATABASE, b"S" + message(b"Z", b"I")),
        (PostgreSQLDecoder, POSTGRESQL[:5], TO_DATABASE, b"\0" * 8),
        (PostgreSQLDecoder, POSTGRESQL[:5], TO_DATABASE, b"Q\0\0\0\3"),
        (MySQLDecoder, [], FROM_DATABASE, b"HTTP/1.1 400"),
        (MySQLDecoder, [], FROM_DATABASE, packet(0, b"\x09")),
        (MySQLDecoder, MYSQL_LOGIN[:1], TO_DATABASE, b"GET / HTTP/1.1\r\n"),
        (MySQLDecoder, MYSQL_LOGIN, TO_DATABASE, packet(7, b"\x0e")),
    ],
)
def test_garbage(decoder: type[Decoder], before: Transcript, direction: Direction, garbage: bytes) -> None:
    """What is not of the protocol is said to be so, and not waited for."""
    conversation = decoder()
    replay(conversation, before)
    with pytest.raises(GarbageError):
        conversation.feed(direction, garbage)


@pytest.mark.parametrize(
    ("new_decoder", "transcript", "sent_at_last"),
    [
        pytest.param(PostgreSQLDecoder, POSTGRESQL, st.builds(message, KINDS, CONTENT), id="postgresql"),
        pytest.param(MySQLDecoder, MYSQL, st.builds(packet, st.just(0), CONTENT), id="mysql"),
    ],
)
@given(data=st.data())
def test_any_bytes(
    new_decoder: Callable[[], Decoder],
    transcript: Transcript,
    sent_at_last: st.SearchStrategy[bytes],
    data: st.DataObject,
) -> None:
    """Whatever comes is said to be garbage, or becomes messages that are what came, as far as they are complete."""
    decoder = new_decoder()
    replay(decoder, transcript[: data.draw(st.integers(0, len(transcript)))])
    direction, sent = data.draw(st.sampled_from(Direction)), data.draw(sent_at_last)
    with suppress(GarbageError):
        frames = decoder.feed(direction, sent)
        assert sent.startswith(b"".join(frame.data for frame in frames))


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("select usename from pg_user where usename = 'a;b'", "SELECT ..."),
        ("SET ROLE NONE; SELECT current_setting('x')", "SET ROLE NONE; SELECT ..."),
        ('GRANT "a""b" TO "c;d" WITH INHERIT TRUE;', "GRANT ... TO ... WITH ..."),
        ("ALTER USER `a`@'%', 'b'@'%' IDENTIFIED BY 'it''s'", "ALTER USER ... IDENTIFIED BY ..."),
        ("ALTER USER USER() DISCARD OLD PASSWORD", "ALTER USER ... DISCARD OLD PASSWORD"),
        ("/* set */ BEGIN -- role", "... BEGIN ..."),
        ("ALTER ROLE app_1 PASSWORD $x$hunter2$x$ VALID UNTIL NULL", "ALTER ROLE ... PASSWORD ... VALID UNTIL ..."),
        ("ALTER USER a IDENTIFIED BY 'never \\' hunter2 closed", "ALTER USER ... IDENTIFIED BY ..."),
        ("", ""),
    ],
)
def test_keywords(sql: str, name: str) -> None:
    """A statement is named by its keywords alone."""
    assert keywords(sql) == name
