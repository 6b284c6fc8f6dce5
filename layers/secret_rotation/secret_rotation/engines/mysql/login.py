"""Log in to MySQL: over verified TLS unless the secret says otherwise, in limited time.

Where a secret says `"ssl": false`, caching_sha2_password works without TLS: the password goes encrypted with RSA.
PyMySQL leaves this to the package `cryptography`, which is larger than all that is in the layer, for one operation that
needs no secret key: RSAES-OAEP with SHA-1, as the protocol prescribes. Whoever only listens learns nothing. Whoever can
put himself between here and the server can send a key of his own, and learns the password: that is what the secret's
own `"ssl": false` accepts. Plugins that would send the password as it is are refused.
Source: RFC 8017, sections 7.1.1 and B.2.1; MySQL Source Code Documentation, "caching_sha2_password information".
"""

import binascii
import hashlib
import secrets
import ssl
import time
from itertools import count
from typing import TYPE_CHECKING, Any

from pymysql.constants import CR
from pymysql.err import OperationalError

from secret_rotation.addresses import addresses, first_to_answer
from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.engine import STATEMENT_TIMEOUT_SECONDS
from secret_rotation.engines.mysql.connection import Connection, Driver
from secret_rotation.engines.mysql.failures import DRIVER_ERRORS, login_failure, unreadable_bundle, unresolved
from secret_rotation.engines.mysql.limits import WireError
from secret_rotation.tls import Trust

if TYPE_CHECKING:
    from pymysql import connections

_FAST_SUCCESS = 3
_REQUEST_PUBLIC_KEY = b"\x02"
_HASH_BYTES = hashlib.sha1(usedforsecurity=False).digest_size
CR_AUTH_PLUGIN_ERR = 2061
"""The client's error number for a failure in an authentication plugin."""
_MAX_MODULUS_BITS, _MAX_EXPONENT_BITS = 8192, 32
"""A server makes keys of 2,048 bits with the exponent 65,537. With 60,000 bits for both, pow() takes minutes, in which
nothing else of the process runs."""


def log_in(credentials: Credentials, deadline: Deadline, trust: Trust) -> Connection:
    """Log in at the first of the host's addresses that answers.

    Raises:
        DatabaseError: as Engine.connect.
    """
    seconds = deadline.to_connect()
    end = time.monotonic() + seconds
    context = _ssl_context(credentials, trust) if credentials.tls else None

    def log_in_at(address: str, seconds_there: float) -> Driver:
        try:
            driver = Driver(
                credentials,
                context,
                TLS_PLUGINS if context else PLAINTEXT_PLUGINS,
                lock_wait_seconds=_lock_wait_seconds(seconds),
                # A function that Lambda kills does not hang up: its session would hold its locks for hours.
                idle_seconds=max(1, round(deadline.remaining_seconds())),
            )
            driver.log_in(address, seconds_there)
        except DRIVER_ERRORS as error:
            raise login_failure(error, credentials, trust) from None
        return driver

    return Connection(first_to_answer(_addresses(credentials, end), end, log_in_at), credentials, deadline)


def _lock_wait_seconds(seconds: float) -> int:
    """How long a statement may wait for a lock, where the client waits `seconds` for the statement.

    The server must give up well before the client gives up waiting for the server.
    """
    return max(1, int(min(seconds, STATEMENT_TIMEOUT_SECONDS) * 0.5))


def _addresses(credentials: Credentials, end: float) -> list[str]:
    try:
        return addresses(credentials.host, credentials.port, end - time.monotonic())
    except OSError as error:
        raise unresolved(error, credentials) from None


def _ssl_context(credentials: Credentials, trust: Trust) -> ssl.SSLContext:
    try:
        return trust.ssl_context(credentials.certified_name)
    except OSError:
        raise unreadable_bundle(credentials, trust) from None


class PlaintextLogin:
    """The client's half of caching_sha2_password on a connection without TLS, as PyMySQL calls it."""

    def __init__(self, connection: "connections.Connection[Any]") -> None:
        self._connection: Any = connection

    def authenticate(self, packet: Any) -> Any:  # noqa: ANN401 - PyMySQL's packets have no types
        """Answer the server until it says yes or no, and return that packet."""
        if packet.is_auth_switch_request():
            self._connection.salt = packet.read_all().removesuffix(b"\0")
            packet = self._exchange(self._scramble())
        if not packet.is_extra_auth_data():
            return packet
        packet.advance(1)
        if packet.read_uint8() == _FAST_SUCCESS:
            return self._connection._read_packet()  # noqa: SLF001 - part of what a plugin is to use
        key = self._exchange(_REQUEST_PUBLIC_KEY)
        return self._exchange(encrypt(self._salted_password(), key.get_all_data()[1:]))

    def _exchange(self, data: bytes) -> Any:  # noqa: ANN401
        self._connection.write_packet(data)
        return self._connection._read_packet()  # noqa: SLF001

    def _scramble(self) -> bytes:
        once = hashlib.sha256(self._connection.password).digest()
        twice = hashlib.sha256(once).digest()
        return _xor(once, hashlib.sha256(twice + self._connection.salt).digest())

    def _salted_password(self) -> bytes:
        text = self._connection.password + b"\0"
        salt = self._connection.salt[:20]
        return _xor(text, salt * (len(text) // len(salt) + 1))


class RefusedPlugin:
    """A plugin that would send the password readable.

    Over TLS it is asked for by accounts of IAM, PAM and LDAP alone, whose passwords MySQL does not keep, and it answers
    error 1045 to a password of the secret's: that of others would be tried, and at last a superuser's work.
    """

    def __init__(self, connection: "connections.Connection[Any]") -> None:
        self._connection: Any = connection

    def authenticate(self, packet: object) -> None:  # noqa: ARG002 - PyMySQL's signature
        """Refuse."""
        number = CR.CR_AUTH_PLUGIN_CANNOT_LOAD if self._connection.ssl else CR_AUTH_PLUGIN_ERR
        raise OperationalError(number, "the server asked for a readable password")


TLS_PLUGINS: dict[str, Any] = dict.fromkeys(("mysql_clear_password", "dialog"), RefusedPlugin)
PLAINTEXT_PLUGINS: dict[str, Any] = {
    "caching_sha2_password": PlaintextLogin,
    **dict.fromkeys(("sha256_password", "mysql_clear_password", "mysql_old_password", "dialog"), RefusedPlugin),
}


def encrypt(message: bytes, public_key: bytes) -> bytes:
    """Encrypt with RSAES-OAEP (SHA-1, no label).

    Raises:
        WireError: the key is none that a server makes, or is too small for the message.
    """
    try:
        modulus, exponent = _read_public_key(public_key)
    except (ValueError, IndexError):
        raise _unusable("cannot be read") from None
    if not (_is_usual(modulus, _MAX_MODULUS_BITS) and _is_usual(exponent, _MAX_EXPONENT_BITS)):
        raise _unusable("is none that a server makes")
    size = (modulus.bit_length() + 7) // 8
    padding = size - len(message) - 2 * _HASH_BYTES - 2
    if padding < 0:
        raise _unusable("is too small for the password")
    block = hashlib.sha1(usedforsecurity=False).digest() + bytes(padding) + b"\x01" + message
    seed = secrets.token_bytes(_HASH_BYTES)
    masked = _xor(block, _mask(seed, len(block)))
    encoded = b"\0" + _xor(seed, _mask(masked, _HASH_BYTES)) + masked
    return pow(int.from_bytes(encoded), exponent, modulus).to_bytes(size)


def _is_usual(number: int, bits: int) -> bool:
    """Whether it can be part of a key: odd, more than 1 (so not negative), and not absurdly large."""
    return number > 1 and number % 2 == 1 and number.bit_length() <= bits


def _unusable(why: str) -> WireError:
    return WireError(
        f"the server's RSA key {why}; the password was not sent. Check what stands between here and there, or remove "
        '"ssl": false from the secret.'
    )


def _xor(one: bytes, two: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, two, strict=False))


def _mask(seed: bytes, length: int) -> bytes:
    """MGF1 with SHA-1."""
    mask = b""
    for counter in count():
        if len(mask) >= length:
            break
        mask += hashlib.sha1(seed + counter.to_bytes(4), usedforsecurity=False).digest()
    return mask[:length]


def _read_public_key(pem: bytes) -> tuple[int, int]:
    """Modulus and exponent of a SubjectPublicKeyInfo. Source: RFC 5280, section 4.1, and RFC 8017, section A.1.1."""
    body = b"".join(line for line in pem.split() if not line.startswith(b"-----") and line not in _PEM_WORDS)
    info = _element(binascii.a2b_base64(body), 0)[0]
    bits, _ = _element(info, _element(info, 0)[1])
    key = _element(bits[1:], 0)[0]
    modulus, end = _element(key, 0)
    exponent, _ = _element(key, end)
    return int.from_bytes(modulus, signed=True), int.from_bytes(exponent, signed=True)


_PEM_WORDS = (b"PUBLIC", b"KEY-----")


def _element(der: bytes, start: int) -> tuple[bytes, int]:
    """The content of the DER element at a position, and where the next one begins."""
    length, content = der[start + 1], start + 2
    if length & 0x80:
        octets = length & 0x7F
        length = int.from_bytes(der[content : content + octets])
        content += octets
    return der[content : content + length], content + length
