"""The RSA encryption of a password for a login to MySQL without TLS."""

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from secret_rotation.engines.mysql.limits import WireError
from secret_rotation.engines.mysql.login import encrypt


@pytest.mark.parametrize("bits", [1024, 2048, 3072])
@pytest.mark.parametrize("length", [0, 1, 33, 80])
def test_rsa_is_read_by_another_implementation(bits: int, length: int) -> None:
    """What is encrypted here, the package cryptography decrypts."""
    key = rsa.generate_private_key(65537, bits)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    message = bytes(range(length))
    oaep = padding.OAEP(padding.MGF1(SHA1()), SHA1(), None)  # noqa: S303 - MySQL's protocol
    assert key.decrypt(encrypt(message, pem), oaep) == message
    assert encrypt(message, pem) != encrypt(message, pem)


@pytest.mark.parametrize("key", [b"", b"nonsense", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_no_key_is_an_error(key: bytes) -> None:
    """A server that sends no usable key gets nothing, and the failure is one that is mapped."""
    with pytest.raises(WireError, match="RSA key cannot be read"):
        encrypt(b"password", key)


def test_a_key_that_is_too_small_is_an_error() -> None:
    """A password that is longer than the key can encrypt is not sent."""
    key = rsa.generate_private_key(65537, 2048).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(WireError, match="too small for the password"):
        encrypt(bytes(215), pem)
