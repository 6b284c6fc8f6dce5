"""caching_sha2_password without TLS, for secrets that say `"ssl": false`: the password goes encrypted with RSA.

PyMySQL leaves this to the package `cryptography`, which is larger than all that is in the layer, for one operation that
needs no secret key: RSAES-OAEP with SHA-1, as the protocol prescribes. Whoever only listens learns nothing. Whoever can
put himself between here and the server can send a key of his own, and learns the password: that is what the secret's
own `"ssl": false` accepts. Plugins that would send the password as it is are refused.
Source: RFC 8017, sections 7.1.1 and B.2.1; MySQL Source Code Documentation, "caching_sha2_password information".
"""

import binascii
import hashlib
import secrets
from itertools import count
from typing import TYPE_CHECKING, Any

from pymysql.err import OperationalError

if TYPE_CHECKING:
    from pymysql.connections import Connection

_FAST_SUCCESS, _FULL_AUTHENTICATION = 3, 4
_REQUEST_PUBLIC_KEY = b"\x02"
_HASH_BYTES = hashlib.sha1(usedforsecurity=False).digest_size
CR_AUTH_PLUGIN_ERR = 2061
"""The client's error number for a failure in an authentication plugin."""


class PlaintextLogin:
    """The client's half of caching_sha2_password on a connection without TLS, as PyMySQL calls it."""

    def __init__(self, connection: "Connection[Any]") -> None:
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
    """A plugin that would send the password readable."""

    def __init__(self, connection: "Connection[Any]") -> None:
        """Take the connection that PyMySQL passes, and leave it alone."""

    def authenticate(self, packet: object) -> None:  # noqa: ARG002 - PyMySQL's signature
        """Refuse."""
        raise OperationalError(CR_AUTH_PLUGIN_ERR, "the server asked for a readable password")


PLAINTEXT_PLUGINS: dict[str, Any] = {
    "caching_sha2_password": PlaintextLogin,
    **dict.fromkeys(("sha256_password", "mysql_clear_password", "mysql_old_password", "dialog"), RefusedPlugin),
}


def encrypt(message: bytes, public_key: bytes) -> bytes:
    """Encrypt with RSAES-OAEP (SHA-1, no label).

    Raises:
        OperationalError: the key is none, or is too small for the message.
    """
    try:
        modulus, exponent = _read_public_key(public_key)
    except (ValueError, IndexError):
        raise OperationalError(CR_AUTH_PLUGIN_ERR, "the server's public key cannot be read") from None
    size = (modulus.bit_length() + 7) // 8
    padding = size - len(message) - 2 * _HASH_BYTES - 2
    if padding < 0:
        raise OperationalError(CR_AUTH_PLUGIN_ERR, "the server's public key is too small for the password")
    block = hashlib.sha1(usedforsecurity=False).digest() + bytes(padding) + b"\x01" + message
    seed = secrets.token_bytes(_HASH_BYTES)
    masked = _xor(block, _mask(seed, len(block)))
    encoded = b"\0" + _xor(seed, _mask(masked, _HASH_BYTES)) + masked
    return pow(int.from_bytes(encoded), exponent, modulus).to_bytes(size)


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
    return int.from_bytes(modulus), int.from_bytes(exponent)


_PEM_WORDS = (b"PUBLIC", b"KEY-----")


def _element(der: bytes, start: int) -> tuple[bytes, int]:
    """The content of the DER element at a position, and where the next one begins."""
    length, content = der[start + 1], start + 2
    if length & 0x80:
        octets = length & 0x7F
        length = int.from_bytes(der[content : content + octets])
        content += octets
    return der[content : content + length], content + length
