"""Passwords that can be told from everything else, whole or in part, as they are or encoded."""

import re
import secrets

LENGTH = 32
MARKING = {
    "EXCLUDE_CHARACTERS": "ABCDEFGHIJKLMNOPRSTUVWXY",
    "EXCLUDE_LOWERCASE": "true",
    "EXCLUDE_NUMBERS": "true",
    "EXCLUDE_PUNCTUATION": "true",
}
"""A function with these variables makes its passwords of Q and Z alone, so that each piece of one is a mark."""
_PIECES = {
    rb"QZ": re.compile(rb"[QZ]{12}"),
    rb"51Aa": re.compile(rb"(?:5[1Aa]){12}"),
    rb"UWVlFpRa": re.compile(rb"(?:[UW][Vl][Fp][Ra]){4}"),
}
"""Twelve letters of such a password: as they are, which no escaping changes, in hexadecimal digits, and in Base64.

Each with the characters that it is made of: whether so many of these stand in a row is found out much faster.
"""
_SHORTEST = 12


def marked_password() -> str:
    """A password as such a function makes them."""
    return "".join(secrets.choice("QZ") for _ in range(LENGTH))


def marks(content: bytes) -> int:
    """How many pieces of marked passwords stand there."""
    return sum(len(piece.findall(content)) for letters, piece in _PIECES.items() if _has_run(content, letters))


def _has_run(content: bytes, letters: bytes) -> bool:
    table = bytes(code in letters for code in range(256))
    return bytes([True]) * _SHORTEST in content.translate(table)
