"""SHA-256-crypt, against what crypt(3) of glibc makes of the same."""

import pytest

from secret_rotation.engines.mysql.sha256_crypt import sha256_crypt
from secret_rotation.engines.mysql.stored_passwords import Hash
from secret_rotation.password import Password

KNOWN = [
    ("Hello world!", b"saltstring", 5000, b"5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
    ("Hello world!", b"saltstringsaltst", 10000, b"3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA"),
    ("\u00e9\u20ac\u8a9e" * 20, b"anotherlongsalt", 1400, b"n4QY0WeQoeEMqHMhL3vfP5wCQL5PD7L.GWFJT4qkSW4"),
    ("", b"x", 1000, b"kIBhdUvT3pHpfTjzR8s1XJu3y/HRJeFxMSffBtF8jx9"),
]
NATIVE = "*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4"
"""PASSWORD('mypass'). Source: MySQL 5.7 Reference Manual, "Password Hashing in MySQL"."""


@pytest.mark.parametrize(("password", "salt", "rounds", "expected"), KNOWN)
def test_it_is_what_crypt_makes(password: str, salt: bytes, rounds: int, expected: bytes) -> None:
    """The hashes are those of the C library."""
    assert sha256_crypt(password.encode(), salt, rounds) == expected


def test_a_hash_of_mysql_native_password() -> None:
    """That plugin, which servers before 9.0 have, hashes twice and takes no salt."""
    stored = Hash(NATIVE, "mysql_native_password")
    assert stored.accepts(Password("mypass"))
    assert not stored.accepts(Password("mypasS"))


@pytest.mark.parametrize(
    ("text", "plugin"),
    [
        ("", "caching_sha2_password"),
        ("$A$005$", "caching_sha2_password"),
        (f"$A$FFF${'s' * 20}{'d' * 43}", "caching_sha2_password"),
        ("mypass", "mysql_native_password"),
        (NATIVE, "auth_socket"),
        (NATIVE, "AWSAuthenticationPlugin"),
        ("\ud800" * 70, "sha256_password"),
    ],
)
def test_what_cannot_be_told_is_no(text: str, plugin: str) -> None:
    """Of an unknown plugin, of another form, or of more rounds than a function has time for: nothing is proven."""
    assert not Hash(text, plugin).accepts(Password("mypass"))


def test_a_password_that_no_account_can_have_is_not_hashed() -> None:
    """A secret may hold 65,536 bytes, of which the hash would take minutes."""
    assert not Hash(f"$A$005${'s' * 20}{'d' * 43}", "caching_sha2_password").accepts(Password("x" * 60_000))


def test_a_hash_does_not_show_itself() -> None:
    """Neither in a log nor in an exception."""
    assert NATIVE not in repr(Hash(NATIVE, "mysql_native_password"))
