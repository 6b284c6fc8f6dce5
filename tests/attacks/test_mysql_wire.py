"""Servers that answer late, never, or without end, and what stands in front of them: all of it has a bound."""

import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import chain, count, cycle, repeat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lab.engines.mysql import MySQLServer
from lab.servers.process import free_port
from lab.tap.tls import tls_of
from secret_rotation.deadline import RESERVE_SECONDS, Deadline
from secret_rotation.engines.mysql import MySQL
from secret_rotation.errors import DatabaseUnreachableError
from tests.attacks.one_login import credentials
from tests.engines.mysql_protocol import DECIMAL, END_OF_ROWS, OK, Script, column, greeting, packet, served
from tests.engines.mysql_users import User

Names = Callable[..., str]
WAIT_SECONDS = 4.0
"""How long there is to wait where nothing comes."""
FLOOD_SECONDS = 50.0
"""How long there is to read what does not end: far longer than that takes."""
MARGIN_SECONDS = RESERVE_SECONDS
"""Then Lambda ends the invocation."""
DRIP_SECONDS = 0.3
PEAK_MEMORY_KB = 160 * 1024
"""Of a process that does nothing else; what else a function loads takes less than 96 MB."""
CHUNK = bytes(64 * 1024)
REPOSITORY = Path(__file__).parents[2]


def fail(port: int, *, tls: bool = False, host: str = "localhost", bundle: Path | None = None) -> str:
    """Log in and run a statement, which has to fail as unreachable, in time; what the error says."""
    start = time.monotonic()
    with (
        pytest.raises(DatabaseUnreachableError) as raised,
        MySQL(bundle).connect(
            credentials(port, tls=tls, host=host), Deadline.after(RESERVE_SECONDS + WAIT_SECONDS)
        ) as session,
    ):
        session.verify_identity()
    assert time.monotonic() - start < WAIT_SECONDS + MARGIN_SECONDS
    assert "app" in str(raised.value)
    return str(raised.value)


def fail_apart(port: int) -> str:
    """The same in a process of its own, which must not need much memory."""
    command = [sys.executable, "-m", "tests.attacks.one_login", str(port), str(FLOOD_SECONDS)]
    path = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "layers/secret_rotation")))
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=True, timeout=150
    )
    error, peak_memory_kb = done.stdout.splitlines()
    assert int(peak_memory_kb) < PEAK_MEMORY_KB
    return error


def speak(*turns: bytes | Callable[[], Iterable[bytes]]) -> Script:
    """Say each of these in turn, in one piece or in many, and listen in between; then say nothing more."""

    def script(connection: socket.socket) -> None:
        for turn in turns:
            for piece in [turn] if isinstance(turn, bytes) else turn():
                connection.sendall(piece)
            connection.recv(4096)
        silence(connection)

    return script


def silence(connection: socket.socket) -> None:
    """Say nothing, until the other side ends it."""
    while connection.recv(4096):
        pass


def drip(data: bytes) -> Iterator[bytes]:
    """A byte now and then."""
    for byte in data:
        yield bytes([byte])
        time.sleep(DRIP_SECONDS)


def handshaking(tls: Callable[[], Iterable[bytes]]) -> Script:
    """Begin TLS, then send these records of it."""

    def script(connection: socket.socket) -> None:
        connection.sendall(greeting())
        connection.recv(36)  # the request for TLS
        connection.recv(4096)
        for piece in tls():
            connection.sendall(piece)

    return script


LOGIN = (greeting(), packet(OK, 2), packet(OK, 1))
"""Greet, and accept whoever it is: without TLS, and with one statement of set-up."""
HELLO_REQUESTS = b"\x16\x03\x03\x3f\xfc" + bytes(0x3FFC)
"""A record of TLS that asks for a handshake 4095 times: in the middle of one, this is read and means nothing."""


@pytest.mark.parametrize(
    ("script", "tls", "words"),
    [
        (silence, True, "sends no greeting"),
        (speak(partial(drip, greeting())), True, "sends no greeting"),
        (speak(greeting(), partial(drip, b"\x16\x03\x03\x40\x00" + bytes(100))), True, "TLS handshake"),
        # so little that nobody counts it
        (handshaking(partial(drip, b"\x16\x03\x03\0\4\0\0\0\0" * 8)), True, "TLS handshake"),
        (speak(greeting()), False, "user name and password"),
        (
            speak(*LOGIN, partial(drip, packet(b"\x01", 1) + packet(column(b"CURRENT_USER()"), 2))),
            False,
            "gave up waiting for the end of: SELECT CURRENT_USER()",
        ),
    ],
    ids=["silence", "greeting", "TLS", "requests for handshakes", "nothing after the login", "rows"],
)
def test_what_comes_late_ends_with_the_deadline(script: Script, tls: bool, words: str) -> None:
    """A byte now and then does not put off the end; the error says what was waited for."""
    with served(script) as port:
        error = fail(port, tls=tls)
    assert words in error
    assert "no answer in time" in error.lower()


def test_a_connection_that_was_reset_is_an_outage() -> None:
    """A server that has reset the connection when a statement is sent gives no other error than one that hangs up."""
    reset = threading.Event()

    def script(connection: socket.socket) -> None:
        for turn in LOGIN:
            connection.sendall(turn)
            if turn is not LOGIN[-1]:
                connection.recv(4096)
        reset.wait(60)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with served(script) as port, MySQL().connect(credentials(port, tls=False), Deadline.after(20)) as session:
        reset.set()
        time.sleep(0.2)
        with pytest.raises(DatabaseUnreachableError, match=r"was lost during: SELECT CURRENT_USER\(\)"):
            session.verify_identity()


def again_and_again(payload: bytes, first: int) -> Iterator[bytes]:
    """The same packet without end, numbered on."""
    return repeat(b"".join(packet(payload, first + number) for number in range(256)) * 8)


COLUMN = packet(b"\x01", 1) + packet(column(b"a"), 2) + packet(END_OF_ROWS, 3)
WIDTH = 500
COLUMNS = packet(b"\xfc" + WIDTH.to_bytes(2, "little"), 1)
COLUMNS += b"".join(packet(column(b""), 2 + number) for number in range(WIDTH)) + packet(END_OF_ROWS, 2 + WIDTH)
FLOODS = {
    "greetings of 16 MiB": speak(lambda: cycle([b"\xff\xff\xff\0", *repeat(CHUNK, 256)])),
    "a row that does not end": speak(
        *LOGIN,
        lambda: chain(
            [COLUMN],
            *([b"\xff\xff\xff" + bytes([number % 256]), *repeat(CHUNK, 256)] for number in range(4, 260)),
        ),
    ),
    "rows": speak(*LOGIN, lambda: chain([COLUMN], again_and_again(b"\x02ab", 4))),
    "columns": speak(
        *LOGIN, lambda: chain([packet(b"\xfe" + bytes([255] * 7) + b"\0", 1)], again_and_again(column(b""), 2))
    ),
    "few, short packets of very many values": speak(
        *LOGIN, lambda: chain([COLUMNS], again_and_again(b"\x02ab" * WIDTH, 3 + WIDTH))
    ),
}


@pytest.mark.parametrize("script", FLOODS.values(), ids=FLOODS)
def test_what_does_not_end_is_not_held(script: Script) -> None:
    """Whatever a server sends without end is given up before it fills the memory."""
    with served(script) as port:
        assert "server sends more than any MySQL server would" in fail_apart(port)


def test_handshake_that_does_not_end_is_given_up() -> None:
    """A man in the middle without any certificate cannot keep a login in its TLS handshake past its end."""
    with served(handshaking(partial(repeat, HELLO_REQUESTS * 64))) as port:
        assert "server sends more than any MySQL server would" in fail(port, tls=True)


def test_answer_after_answer_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """One empty answer after the other takes no memory, but time: that has its end."""
    # On a fast machine all of them together would come to their limit before the time does.
    monkeypatch.setattr("secret_rotation.engines.mysql.connection.ANSWER_BYTES", 1 << 28)
    with served(speak(*LOGIN, partial(again_and_again, b"\0\0\0\x0a\0\0\0", 1))) as port:
        assert "gave up waiting for the end of: SELECT CURRENT_USER()" in fail(port)


@pytest.mark.parametrize(
    "answer",
    [
        packet(b"\x01", 1) + packet(b"\xfb" * 8, 2),
        packet(b"\x01", 1) + packet(column(b"a", DECIMAL), 2) + packet(END_OF_ROWS, 3) + packet(b"\x02ab", 4),
    ],
    ids=["column without a name", "number of letters"],
)
def test_nonsense_is_an_outage(answer: bytes) -> None:
    """What no server says is an error of ours, as everything is that the driver trips over."""
    with served(speak(*LOGIN, answer)) as port:
        assert "was lost during: SELECT CURRENT_USER()" in fail(port)


@pytest.mark.parametrize(
    "rows", [[], [b"\x011", b"\x011"], [b"\x03app"], [b"\xfb"]], ids=["none", "two", "text", "NULL"]
)
def test_answer_of_another_form_is_an_outage(rows: list[bytes]) -> None:
    """Where a statement answers with one number, whatever else comes is no answer of a MySQL server."""
    answer = b"".join(map(packet, [b"\x01", column(b"a"), END_OF_ROWS, *rows, END_OF_ROWS], count(1)))
    with (
        served(speak(*LOGIN, answer)) as port,
        MySQL(None).connect(credentials(port), Deadline.after(30)) as session,
        pytest.raises(DatabaseUnreachableError, match=r"is no MySQL server: .* GET_LOCK"),
    ):
        session.lock("app")


def public_key(modulus: int, exponent: int) -> bytes:
    """An RSA key, whether it makes sense or not, as a server sends it."""
    numbers = b"".join(_der(2, number.to_bytes(number.bit_length() // 8 + 1)) for number in (modulus, exponent))
    info = _der(0x30, _der(0x30, bytes.fromhex("06092a864886f70d0101010500")) + _der(3, b"\0" + _der(0x30, numbers)))
    text = ssl.DER_cert_to_PEM_cert(info)
    return text.replace("CERTIFICATE", "PUBLIC KEY").encode()


def _der(tag: int, content: bytes) -> bytes:
    length = len(content).to_bytes(4)
    return bytes([tag, 0x84]) + length + content


@contextmanager
def handing_out(key: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server that gives this key to encrypt the password with: its port, and what it gets for the key."""
    heard: list[bytes] = []

    def script(connection: socket.socket) -> None:
        connection.sendall(greeting())
        connection.recv(4096)
        connection.sendall(packet(b"\x01\x04", 2))
        connection.recv(4096)
        connection.sendall(packet(b"\x01" + key, 4))
        heard.append(connection.recv(4096))

    with served(script) as port:
        yield port, heard


def test_usual_key_is_used() -> None:
    """The keys of the next test are refused for what they are, not for how they are written."""
    numbers = rsa.generate_private_key(65_537, 2_048).public_key()
    usual = numbers.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for key in (usual, public_key(numbers.public_numbers().n, 65_537)):
        with handing_out(key) as (port, heard):
            assert "closed the connection" in fail(port)
        assert len(heard[0]) == 4 + 2_048 // 8


@pytest.mark.parametrize(
    ("modulus", "exponent"),
    [
        (2**60_000 + 1, 2**60_000 - 1),
        (2**8_192 + 1, 65_537),
        (2**2_047 + 1, 2**32 + 1),
        (2**2_047 + 2, 65_537),
        (2**2_047 + 1, 1),
        (0, 65_537),
        (2**2_047 + 1, 0),
    ],
    ids=["huge", "long", "slow", "even", "readable", "zero", "no exponent"],
)
def test_absurd_key_is_refused(modulus: int, exponent: int) -> None:
    """A key that no server makes is neither used nor taken to the end of the invocation."""
    with handing_out(public_key(modulus, exponent)) as (port, heard):
        assert "RSA key" in fail(port)
    assert heard == [b""]


@contextmanager
def black_holes(*addresses: str, port: int) -> Iterator[None]:
    """Make addresses that take no connection and refuse none: their queues are full."""
    with ExitStack() as stack:
        for address in addresses:
            listener = stack.enter_context(socket.socket())
            listener.bind((address, port))
            listener.listen(0)
            for _ in range(3):
                waiting = stack.enter_context(socket.socket())
                waiting.settimeout(0)
                with suppress(BlockingIOError):
                    waiting.connect((address, port))
        yield


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let DNS answer with these addresses; those themselves it knows."""
    real = socket.getaddrinfo

    def answer(host: str, port: int, *args: int, **kwargs: int) -> list[object]:
        names = addresses if host == "localhost" else (host,)
        return [entry for name in names for entry in real(name, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


DEAD = ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")


def test_dead_addresses_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four addresses that do not answer take no longer than one; the error names one."""
    port = free_port()
    resolve_to(monkeypatch, *DEAD)
    with black_holes(*DEAD, port=port):
        error = fail(port)
    assert f"no answer in time: {DEAD[-1]} takes no connection" in error


def test_live_address_is_found_among_dead_ones(
    mysql: MySQLServer, unique_name: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one of a host's addresses is alive, the login succeeds there, in the time that it has."""
    app = User.create(mysql, unique_name())
    resolve_to(monkeypatch, DEAD[0], "127.0.0.1")
    with black_holes(DEAD[0], port=mysql.port), app.session(seconds=RESERVE_SECONDS + 12) as session:
        session.verify_identity()


def test_resolver_that_hangs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS that does not answer is given up, and named."""
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: over.wait(60) and [])
    try:
        assert "DNS gave no answer in time" in fail(3306)
    finally:
        over.set()


def test_resolver_that_hangs_keeps_nobody_else_waiting(
    mysql: MySQLServer, unique_name: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one question to DNS hangs, the next one is asked."""
    app = User.create(mysql, unique_name())
    over, real = threading.Event(), socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: over.wait(60) and [])
    try:
        fail(3306)
        monkeypatch.setattr(socket, "getaddrinfo", real)
        with app.session() as session:
            session.verify_identity()
    finally:
        over.set()


def test_name_without_an_address_is_named() -> None:
    """A name that DNS does not know is said to be one."""
    assert "the host name has no address" in fail(3306, host="nowhere.invalid")


def test_bytes_before_tls_are_not_taken_for_answers(mysql: MySQLServer) -> None:
    """What a man in the middle adds to the greeting is thrown away when TLS begins."""

    def script(connection: socket.socket) -> None:
        connection.sendall(greeting() + packet(OK, 3))
        connection.recv(36)  # the request for TLS
        with tls_of(mysql).towards_client.wrap_socket(connection, server_side=True) as encrypted:
            silence(encrypted)

    with served(script) as port:
        assert "user name and password" in fail(port, tls=True, bundle=mysql.ca_bundle)
