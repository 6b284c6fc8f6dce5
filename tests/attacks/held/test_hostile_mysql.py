"""What answers as MySQL means harm: no password is given away, no file is read, and the error is one of ours."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lab.address import LOOPBACK
from lab.engines.mysql import MySQLServer
from tests.attacks.held.hostile import MARK, Peer, Script, Takeover, assert_harmless, hostile, meet
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication

SSL_CAPABILITY = 1 << 11
SALT = b"12345678" + b"abcdefghijkl"
NATIVE = b"mysql_native_password"
OK = b"\x00\x00\x00\x02\x00\x00\x00"
HEADER_BYTES = 4
READABLE_PLUGINS = [b"mysql_clear_password", b"dialog", b"sha256_password", b"authentication_ldap_simple_client"]
VERSIONS = [
    "", "9", "9.x.1", "-1.-1.-1", "99999999999999999999.1.2", "8.0.mysql_aurora", f"8.0.36-{MARK}", "8.0." + "9" * 200,
    '8.0.21\n{"level": "INFO"}', "5.5.5-10.11.6-MariaDB", "é語",
]  # fmt: skip


def packet(sequence: int, payload: bytes) -> bytes:
    """One packet."""
    return len(payload).to_bytes(3, "little") + bytes([sequence % 256]) + payload


def greeting(version: bytes = b"9.7.4", plugin: bytes = NATIVE, capabilities: int = 0xFFFF_FFFF) -> bytes:
    """A server's first packet; without TLS unless the capabilities say so."""
    low, high = capabilities & 0xFFFF, capabilities >> 16
    body = b"\x0a" + version + b"\0\x01\0\0\0" + SALT[:8] + b"\0" + low.to_bytes(2, "little") + b"\xff\x02\0"
    return packet(0, body + high.to_bytes(2, "little") + b"\x15" + bytes(10) + SALT[8:] + b"\0" + plugin + b"\0")


def error(message: bytes, number: int = 1105, state: bytes = b"#HY000") -> bytes:
    """The payload of an error."""
    return b"\xff" + number.to_bytes(2, "little") + state + message


def says(*parts: bytes) -> Script:
    """A server that says one thing after the other, whatever it hears between them, and listens to the end."""

    def script(peer: Peer) -> None:
        for part in parts:
            peer.send(part)
            peer.hear()
        peer.hear()

    return script


def switches_to(plugin: bytes, *more: bytes) -> Script:
    """A server that wants another plugin than the one of its greeting, and then says more."""
    switch = packet(2, b"\xfe" + plugin + b"\0" + SALT + b"\0")
    return says(greeting(), switch, *(packet(4 + 2 * at, payload) for at, payload in enumerate(more)))


BEFORE_LOGIN: dict[str, Script] = {
    **{f"first {plugin.decode()}": says(greeting(plugin=plugin), packet(2, OK)) for plugin in READABLE_PLUGINS},
    **{f"switch {plugin.decode()}": switches_to(plugin, OK) for plugin in READABLE_PLUGINS},
    "dialog with a prompt": switches_to(b"dialog", b"\x02Password: ", b"\x04Password: ", OK),
    "old password": says(greeting(), packet(2, b"\xfe"), packet(4, OK)),
    "old password, named": switches_to(b"mysql_old_password", OK),
    "first old password": says(greeting(plugin=b"mysql_old_password"), packet(2, b"\xfe"), packet(4, OK)),
    "no plugin": switches_to(b"", OK),
    "unknown plugin": switches_to(MARK.encode(), OK),
    "one switch after another": switches_to(NATIVE, b"\xfe" + NATIVE + b"\0" + SALT + b"\0", b"\xfe"),
    "a salt that is cut": says(greeting(), packet(2, b"\xfe" + NATIVE + b"\0abc")),
    "a key that is none": says(
        greeting(plugin=b"caching_sha2_password"),
        packet(2, b"\x01\x04"),
        packet(4, b"\x01-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
    ),
    "more data that is none": says(
        greeting(plugin=b"caching_sha2_password"), packet(2, b"\x01"), packet(4, b"\x01\xff")
    ),
    "nothing": lambda _: None,
    "half a packet": says(b"\xff\xff\x00\x00half"),
    "zeros": says(bytes(64)),
    "an empty packet": says(packet(0, b"")),
    "a wrong sequence": says(packet(7, greeting()[HEADER_BYTES:])),
    "http": says(f"HTTP/1.1 400 Bad Request\r\n\r\n{MARK}".encode()),
    "ssh": says(f"SSH-2.0-OpenSSH_9.6 {MARK}\r\n".encode()),
    "protocol 9": says(packet(0, b"\x09" + greeting()[HEADER_BYTES + 1 :])),
    "a huge error": says(packet(0, error(MARK.encode() * 3000))),
    "an error that is no text": says(packet(0, error(b"\xff\xfe\xc3(" + MARK.encode()))),
    "an error without a state": says(packet(0, error(MARK.encode(), state=b""))),
    "an error that is cut": says(packet(0, b"\xff")),
    "a huge error at login": says(greeting(), packet(2, error(MARK.encode() * 3000, 1044))),
    "an unknown error at login": says(greeting(), packet(2, error(MARK.encode(), 65_535))),
    "an OK that is cut": says(greeting(), packet(2, b"\x00")),
    "a file instead of an OK": says(greeting(), packet(2, b"\xfb/etc/hostname")),
}
# What follows a statement of the client, as payloads of packets; rows have one column.
COLUMN = b"\x03def\0\0\0\x01a\0\x0c\x2d\0\xff\0\0\0\xfd\0\0\0\0\0"
END = b"\xfe\0\0\x02\0"
IN_SESSION: dict[str, tuple[bytes, ...]] = {
    "a column that is missing": (b"\x02", COLUMN, END, END),
    "a row that is cut": (b"\x01", COLUMN, END, b"\x20abc", END),
    "a row of NULL": (b"\x01", COLUMN, END, b"\xfb", END),
    "a row that is no text": (b"\x01", COLUMN, END, b"\x04\xff\xfe\xc3(", END),
    "no end": (b"\x01", COLUMN),
    "nothing": (b"",),
    "a wrong count": (b"\xfc",),
    "a huge error": (error(MARK.encode() * 3000, 1064),),
    "an error that is no text": (error(b"\xff\xfe\xc3(" + MARK.encode(), 1227),),
    "an error that is cut": (b"\xff\x01",),
    "an unknown error": (error(MARK.encode(), 65_535),),
}


@pytest.fixture
def application(mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application on MySQL."""
    return make_application(make_user(mysql), SINGLE_USER)


def split(buffer: bytearray) -> list[bytes]:
    """The packets that are whole."""
    packets = []
    while len(buffer) >= HEADER_BYTES and len(buffer) >= (end := HEADER_BYTES + int.from_bytes(buffer[:3], "little")):
        packets.append(bytes(buffer[:end]))
        del buffer[:end]
    return packets


def after_login(server: MySQLServer, answer: Callable[[Peer], None]) -> Script:
    """A script that begins once a real server has let the client in."""
    return Takeover(server.port, split, lambda one: one[HEADER_BYTES] == OK[0], answer)


@pytest.mark.parametrize("name", BEFORE_LOGIN)
def test_before_the_login(application: Application, name: str) -> None:
    """Without TLS, no plugin that a server names gets the password as it is, and no nonsense is a failure of ours."""
    assert_harmless(application, meet(application, BEFORE_LOGIN[name], ssl=False))


@pytest.mark.parametrize("version", VERSIONS)
def test_absurd_versions(application: Application, version: str) -> None:
    """A version that is none is an error, and is not repeated."""
    outcome = meet(application, says(greeting(version.encode()), packet(2, error(b"", 1045))), ssl=False)
    assert_harmless(application, outcome)


@pytest.mark.parametrize("name", ["no TLS", "TLS that is none", "an error", "OK"])
def test_with_tls_nothing_is_sent_without_it(application: Application, name: str) -> None:
    """There is no fallback to plaintext: a server that does not speak TLS learns neither password nor user name."""
    scripts = {
        "no TLS": says(greeting(capabilities=0xFFFF_FFFF & ~SSL_CAPABILITY), packet(2, OK)),
        "TLS that is none": says(greeting(), packet(2, b"\xfemysql_clear_password\0"), packet(3, OK)),
        "an error": says(greeting(), packet(2, error(b"TLS is not possible just now, go on without", 2026))),
        "OK": says(greeting(), packet(2, OK), packet(1, OK)),
    }
    outcome = meet(application, scripts[name], ssl=True)
    assert_harmless(application, outcome)
    assert application.user.username.encode() not in outcome.sent


@pytest.mark.parametrize("name", IN_SESSION)
def test_in_a_session(application: Application, mysql: MySQLServer, name: str) -> None:
    """Whatever a server answers to a statement is an error of ours, unless it is what was asked for."""

    def answer(peer: Peer) -> None:
        while peer.hear():
            peer.send(*(packet(at, payload) for at, payload in enumerate(IN_SESSION[name], start=1)))

    outcome = meet(application, after_login(mysql, answer), ssl=False)
    assert_harmless(application, outcome)


def test_no_file_is_sent(application: Application, mysql: MySQLServer, tmp_path: Path) -> None:
    """A server that answers a statement with LOAD DATA LOCAL INFILE gets no file, at the login and in the session."""
    file = tmp_path / "file"
    file.write_text("what nobody is to read")
    wants = b"\xfb" + str(file).encode()

    def answer(peer: Peer) -> None:
        while peer.hear():
            peer.send(packet(1, wants))

    outcome = meet(application, after_login(mysql, answer), ssl=False)
    assert_harmless(application, outcome)
    assert file.read_bytes() not in outcome.sent


def test_a_greeting_with_another_plugin(application: Application, mysql: MySQLServer) -> None:
    """Where a server's default is not the account's plugin, the login without TLS switches to the account's."""

    def older(message: bytes) -> bytes:
        is_greeting = message[HEADER_BYTES] == greeting()[HEADER_BYTES]
        return message.replace(b"caching_sha2_password", NATIVE) if is_greeting else message

    with hostile(Takeover(mysql.port, split, lambda _: False, lambda _: None, older)) as server:
        application.secret.change(host=LOOPBACK, port=server.port, ssl=False)
        assert application.rotate().succeeded
    assert server.connections == 2
