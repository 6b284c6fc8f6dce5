"""SHA-256-crypt, the slow hash as which MySQL stores passwords.

Source: Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6; the server's mysys/crypt_genhash_impl.cc,
which takes 20 bytes of salt where the specification takes 16.
"""

import hashlib

_ALPHABET = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BITS, _MASK = 6, 0b111111


def sha256_crypt(password: bytes, salt: bytes, rounds: int) -> bytes:
    """The 43 characters at the end of such a hash. The time that it takes grows with the rounds and the password."""
    size = len(password)
    inner = _sha256(password + salt + password)
    by_bits = b"".join(inner if size >> bit & 1 else password for bit in range(size.bit_length()))
    result = _sha256(password + salt + _repeated(inner, size) + by_bits)
    secret = _repeated(_sha256(password * size), size)
    grain = _repeated(_sha256(salt * (16 + result[0])), len(salt))
    for number in range(rounds):
        first, last = (secret, result) if number % 2 else (result, secret)
        result = _sha256(first + (grain if number % 3 else b"") + (secret if number % 7 else b"") + last)
    return _encoded(result)


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data, usedforsecurity=False).digest()


def _repeated(data: bytes, size: int) -> bytes:
    return (data * (size // len(data) + 1))[:size]


def _encoded(digest: bytes) -> bytes:
    """Three bytes as four characters, in the order of the specification; the last two bytes as three."""
    text, (high, middle, low) = b"", (0, 10, 20)
    for _ in range(10):
        text += _characters(bytes((digest[high], digest[middle], digest[low])), 4)
        high, middle, low = low + 1, high + 1, middle + 1
    return text + _characters(digest[:-3:-1], 3)


def _characters(data: bytes, count: int) -> bytes:
    number = int.from_bytes(data)
    return bytes(_ALPHABET[number >> _BITS * position & _MASK] for position in range(count))
