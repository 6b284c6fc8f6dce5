"""Every error of PyMySQL and of the server becomes one of ours, without a word of the driver's."""

import inspect
import struct

import pymysql.err
import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from secret_rotation.engines.mysql.connection import parse_version
from secret_rotation.engines.mysql.failures import DRIVER_ERRORS, login_failure, statement_failure
from secret_rotation.engines.mysql.rsa import encrypt
from secret_rotation.errors import (
    DatabaseError,
    DatabaseUnreachableError,
    LoginRefusedError,
    LoginRejectedError,
    NotPrimaryPasswordError,
    PermissionDeniedError,
    StatementFailedError,
)
from secret_rotation.model import Credentials, Password
from secret_rotation.tls import Trust

CREDENTIALS = Credentials(
    host="db.example.com",
    port=3306,
    username="app",
    password=Password("hunter2"),
    dbname="shop",
    tls=True,
    superuser_arn=None,
    secret="AWSCURRENT of x",
    document={},
)
DRIVER_CLASSES = [kind for _, kind in inspect.getmembers(pymysql.err, inspect.isclass)]
TEXT = "near 'ALTER USER app IDENTIFIED BY 'hunter2'"


def exceptions_of(kind: type[BaseException]) -> list[BaseException]:
    """Exceptions of a class as PyMySQL raises them: with a number and a text, with a text, with nothing."""
    return [kind(1064, TEXT), kind(TEXT), kind(0, ""), kind()]


@pytest.mark.parametrize("kind", DRIVER_CLASSES, ids=lambda kind: kind.__name__)
def test_every_class_of_the_driver_is_mapped(kind: type[BaseException]) -> None:
    """Each exception class of pymysql.err is caught, and becomes a DatabaseError that does not quote it."""
    assert issubclass(kind, DRIVER_ERRORS)
    for error in exceptions_of(kind):
        for ours in (login_failure(error, CREDENTIALS, Trust()), statement_failure(error, "ALTER USER ...", "app")):
            assert isinstance(ours, DatabaseError)
            assert "hunter2" not in str(ours)
            assert "near" not in str(ours)


@pytest.mark.parametrize(
    "error",
    [OSError(), TimeoutError(), ValueError(TEXT), RuntimeError(TEXT), IndexError(), AssertionError(), struct.error()],
)
def test_what_else_the_driver_raises_is_mapped(error: Exception) -> None:
    """What answers there may be anything: PyMySQL then raises Python's own exceptions, which are outages."""
    assert isinstance(error, DRIVER_ERRORS)
    assert type(login_failure(error, CREDENTIALS, Trust())) is DatabaseUnreachableError
    assert type(statement_failure(error, "SELECT", "app")) is DatabaseUnreachableError


def test_only_1045_rejects_a_password() -> None:
    """Of all errors at login exactly one means that another password may be tried."""
    failures = {
        number: login_failure(pymysql.err.OperationalError(number, TEXT), CREDENTIALS, Trust())
        for number in range(900, 7000)
    }
    assert [number for number, failure in failures.items() if isinstance(failure, LoginRejectedError)] == [1045]


@pytest.mark.parametrize(
    ("number", "kind", "word"),
    [
        (1044, LoginRefusedError, "shop"),
        (1049, LoginRefusedError, "shop"),
        (1130, LoginRefusedError, "address"),
        (1862, LoginRefusedError, "expired"),
        (3118, LoginRefusedError, "locked"),
        (3955, LoginRefusedError, "failed logins"),
        (1524, LoginRefusedError, "plugin"),
        (1040, DatabaseUnreachableError, "max_connections"),
        (1203, DatabaseUnreachableError, "max_user_connections"),
        (1226, DatabaseUnreachableError, "limits"),
        (2013, DatabaseUnreachableError, "in time"),
        (2026, DatabaseUnreachableError, "TLS"),
        (3159, DatabaseUnreachableError, "require_secure_transport"),
        (4242, DatabaseUnreachableError, "4242"),
    ],
)
def test_login_errors_say_what_to_do(number: int, kind: type[DatabaseError], word: str) -> None:
    """Each known failure of a login has its own words; an unknown one has its number."""
    failure = login_failure(pymysql.err.OperationalError(number, TEXT), CREDENTIALS, Trust())
    assert type(failure) is kind
    assert word in str(failure)
    assert "app of AWSCURRENT of x at db.example.com:3306" in str(failure)


@pytest.mark.parametrize(
    ("number", "kind", "word"),
    [
        (1227, PermissionDeniedError, "privilege"),
        (1142, PermissionDeniedError, "privilege"),
        (3891, NotPrimaryPasswordError, "primary"),
        (1819, StatementFailedError, "policy"),
        (3638, StatementFailedError, "before"),
        (1290, StatementFailedError, "read-only"),
        (1836, StatementFailedError, "read-only"),
        (1205, StatementFailedError, "lock"),
        (4242, StatementFailedError, "4242"),
    ],
)
def test_statement_errors_say_what_to_do(number: int, kind: type[StatementFailedError], word: str) -> None:
    """Each known refusal of a statement has its own words and carries its number."""
    failure = statement_failure(pymysql.err.OperationalError(number, TEXT), "ALTER USER ...", "user app")
    assert type(failure) is kind
    assert isinstance(failure, StatementFailedError)
    assert failure.code == str(number)
    assert word in str(failure)
    assert "ALTER USER ..." in str(failure)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("9.7.4-2", (9, 7, 4)),
        ("8.0.42", (8, 0, 42)),
        ("8.4", (8, 4, 0)),
        ("8.0.mysql_aurora.3.04.0", (8, 0, 23)),
        ("5.7.12-log", (5, 7, 12)),
        ("10.11.6-MariaDB", (10, 11, 6)),
        ("PostgreSQL", (0, 0, 0)),
    ],
)
def test_versions_are_read(text: str, version: tuple[int, ...]) -> None:
    """The greeting's version is compared as numbers, so that 9.7 and 8.0.42 are newer than 8.0.5."""
    assert parse_version(text) == version


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
def test_no_key_is_an_error_of_the_driver(key: bytes) -> None:
    """A server that sends no usable key gets nothing, and the failure is one that is mapped."""
    with pytest.raises(pymysql.err.OperationalError):
        encrypt(b"password", key)
