"""Every error of PyMySQL and of the server becomes one of ours, without a word of the driver's."""

import ast
import inspect
import re
import struct
from dataclasses import replace
from pathlib import Path

import pymysql.err
import pytest

import secret_rotation.engines.mysql
from secret_rotation.credentials import Credentials
from secret_rotation.engines.mysql import causes
from secret_rotation.engines.mysql.connection import parse_version
from secret_rotation.engines.mysql.failures import DRIVER_ERRORS, login_failure, statement_failure
from secret_rotation.errors import (
    DatabaseError,
    DatabaseUnreachableError,
    LoginRefusedError,
    LoginRejectedError,
    NotPrimaryPasswordError,
    PermissionDeniedError,
    StatementFailedError,
)
from secret_rotation.password import Password
from secret_rotation.tls import Trust

LOGIN = "db.example.com", 3306, "app", Password("hunter2"), "shop"
CREDENTIALS = Credentials(*LOGIN, tls=True, superuser_arn=None, secret="AWSCURRENT of x")
ODD = replace(CREDENTIALS, username="x'y\"z`\\;{}%s", dbname="a_{}`\\%")
SOURCES = sorted(Path(secret_rotation.engines.mysql.__file__).parent.glob("*.py"))
NUMBERS = sorted({1045, 4242, *causes.REFUSED, *causes.UNREACHABLE, *causes.STATEMENT, *causes.DENIED})
DRIVER_CLASSES = [kind for _, kind in inspect.getmembers(pymysql.err, inspect.isclass)]
SET_PASSWORD = (
    "ALTER USER `app`@`%` IDENTIFIED WITH caching_sha2_password BY '<the password in AWSCURRENT>'; If its host is not "
    "%, this shows it: SELECT host FROM mysql.user WHERE user = 'app';"
)
TEXT = "near 'ALTER USER app IDENTIFIED BY 'hunter2'"


def exceptions_of(kind: type[BaseException]) -> list[BaseException]:
    """Exceptions of a class as PyMySQL raises them: with a number and a text, with a text, with nothing."""
    return [kind(1064, TEXT), kind(TEXT), kind(0, ""), kind()]


@pytest.mark.parametrize("kind", DRIVER_CLASSES, ids=lambda kind: kind.__name__)
def test_every_class_of_the_driver_is_mapped(kind: type[BaseException]) -> None:
    """Each exception class of pymysql.err is caught, and becomes a DatabaseError that does not quote it."""
    assert issubclass(kind, DRIVER_ERRORS)
    for error in exceptions_of(kind):
        for ours in (login_failure(error, CREDENTIALS, Trust()), statement_failure(error, "ALTER USER", CREDENTIALS)):
            assert isinstance(ours, DatabaseError)
            assert "hunter2" not in str(ours)
            assert "near" not in str(ours)


@pytest.mark.parametrize(
    "error",
    [
        *(OSError(), TimeoutError(), ValueError(TEXT), RuntimeError(TEXT), IndexError(), AssertionError()),
        *(struct.error(), TypeError(TEXT), AttributeError(TEXT), ArithmeticError(TEXT)),
    ],
)
def test_what_else_the_driver_raises_is_mapped(error: Exception) -> None:
    """What answers there may be anything: PyMySQL then raises Python's own exceptions, which are outages."""
    assert isinstance(error, DRIVER_ERRORS)
    assert type(login_failure(error, CREDENTIALS, Trust())) is DatabaseUnreachableError
    assert type(statement_failure(error, "SELECT", CREDENTIALS)) is DatabaseUnreachableError


def test_only_1045_rejects_a_password() -> None:
    """Of all errors at login exactly one means that another password may be tried."""
    errors = [pymysql.err.OperationalError(number, TEXT) for number in range(900, 7000)]
    rejected = [e for e in errors if isinstance(login_failure(e, CREDENTIALS, Trust()), LoginRejectedError)]
    assert [error.args[0] for error in rejected] == [1045]


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
        (1184, DatabaseUnreachableError, "init_connect"),
        (1193, DatabaseUnreachableError, "variables"),
        (1226, DatabaseUnreachableError, "MAX_USER_CONNECTIONS"),
        (2013, DatabaseUnreachableError, "closed"),
        (2026, DatabaseUnreachableError, "TLS"),
        (3159, DatabaseUnreachableError, "require_secure_transport"),
        (4082, DatabaseUnreachableError, "connection_memory_limit"),
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
        (1874, StatementFailedError, "read-only"),
        (1146, StatementFailedError, "dropped"),
        (1153, StatementFailedError, "max_allowed_packet"),
        (1184, StatementFailedError, "init_connect"),
        (1226, StatementFailedError, "FLUSH USER_RESOURCES"),
        (1524, StatementFailedError, "plugin"),
        (1792, StatementFailedError, "SET GLOBAL transaction_read_only = OFF"),
        (4165, StatementFailedError, "changed_characters_percentage"),
        (1205, StatementFailedError, "lock"),
        (4242, StatementFailedError, "4242"),
    ],
)
def test_statement_errors_say_what_to_do(number: int, kind: type[StatementFailedError], word: str) -> None:
    """Each known refusal of a statement has its own words and carries its number."""
    failure = statement_failure(pymysql.err.OperationalError(number, TEXT), "ALTER USER", CREDENTIALS)
    assert type(failure) is kind
    assert isinstance(failure, StatementFailedError)
    assert failure.code == str(number)
    assert word in str(failure)
    assert "user app at db.example.com" in str(failure)
    assert "ALTER USER" in str(failure)


@pytest.mark.parametrize("number", [2006, 2013, 3169, 4031, 4082])
def test_connection_that_ended_is_an_outage(number: int) -> None:
    """However the server ends a session, it is an outage in which the statement may have taken effect."""
    failure = statement_failure(pymysql.err.OperationalError(number, TEXT), "ALTER USER", CREDENTIALS)
    assert type(failure) is DatabaseUnreachableError
    assert "a repeat is safe" in str(failure)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("9.7.4-2", (9, 7, 4)),
        ("8.0.42", (8, 0, 42)),
        ("8.4", (8, 4, 0)),
        ("8.0.mysql_aurora.3.04.0", (8, 0, 23)),
        ("5.7.12-log", (5, 7, 12)),
        ("10.11.6-MariaDB", (10, 11, 6)),
        ("9" * 5000 + ".1", (0, 0, 0)),
        ("PostgreSQL", (0, 0, 0)),
    ],
)
def test_versions_are_read(text: str, version: tuple[int, ...]) -> None:
    """The greeting's version is compared as numbers, so that 9.7 and 8.0.42 are newer than 8.0.5."""
    assert parse_version(text) == version


def refused(number: int, said: str, credentials: Credentials = CREDENTIALS) -> str:
    """What is said of a login that the server refused with this error."""
    return str(login_failure(pymysql.err.OperationalError(number, said), credentials, Trust()))


@pytest.mark.parametrize(
    ("number", "statement"),
    [
        (1044, "GRANT SELECT ON `shop`.* TO `app`@`%`;"),
        (1130, "CREATE USER `app`@`%` IDENTIFIED BY '<the password in AWSCURRENT>';"),
        *((number, SET_PASSWORD) for number in (1251, 1524, 1698, 1862, 2059)),
        *((number, "ALTER USER `app`@`%` ACCOUNT UNLOCK;") for number in (3118, 3955)),
        (1129, "TRUNCATE TABLE performance_schema.host_cache;"),
        (3032, "SET GLOBAL offline_mode = OFF;"),
        (1184, "SET GLOBAL init_connect = '';"),
        (1226, "SHOW CREATE USER `app`@`%`;"),
        (1045, "WHERE user IN ('app', '');"),
    ],
)
def test_remedies_are_whole_statements(number: int, statement: str) -> None:
    """What is to be typed names the account, and never leaves it without a password."""
    message = refused(number, TEXT)
    assert statement in message
    names_the_user = re.search(r"(ALTER USER|CREATE USER|GRANT) [^;]*`app`", message)
    assert not names_the_user or "no account that is not this secret's own" in message


def test_the_causes_of_a_rejection_are_all_named() -> None:
    """The server says the same of a wrong password, a missing account, a nearer one and a certificate that it wants."""
    said = "Access denied for user 'app'@'10.1.2.3' (using password: YES)"
    message = refused(1045, said)
    assert [word for word in ("no such account", "10.1.2.3", "most specific host", "X509") if word not in message] == []
    assert "REQUIRE SSL" not in message
    assert "REQUIRE SSL" in refused(1045, said, replace(CREDENTIALS, tls=False))


@pytest.mark.parametrize("said", ["Host '10.1.2.3' is not allowed to connect", "Host 'a.example.com' is not allowed"])
def test_the_address_that_the_server_sees_is_named(said: str) -> None:
    """Where no account is for the address, the error says which that is, and makes one there."""
    address = said.split("'")[1]
    assert f"CREATE USER `app`@`{address}`" in refused(1130, said)


@pytest.mark.parametrize("host", ["x`; DROP USER `y", "", "a b", "$(id)", "\\"])
def test_what_is_no_address_is_not_repeated(host: str) -> None:
    """A server may say anything: what does not look like a host does not come into a statement."""
    for number, said in ((1130, f"Host '{host}' is"), (1044, f"Access denied for user 'app'@'{host}' to database 'x'")):
        assert "`app`@`%`" in refused(number, said)


def test_a_database_is_granted_alone() -> None:
    """Where _ and % are in a database's name, the statement for it is not about others too."""
    assert r"GRANT SELECT ON `a\_b\%`.* TO" in refused(1044, TEXT, replace(CREDENTIALS, dbname="a_b%"))


@pytest.mark.parametrize("limit", ["MAX_QUERIES_PER_HOUR", "MAX_USER_CONNECTIONS"])
def test_the_limit_that_is_reached_is_named(limit: str) -> None:
    """Of the four limits of an account, the one that the server names is to be lifted."""
    said = {"MAX_QUERIES_PER_HOUR": "max_questions", "MAX_USER_CONNECTIONS": "max_user_connections"}[limit]
    message = refused(1226, f"User 'app' has exceeded the '{said}' resource (current value: 1)")
    assert f"limits, {limit}." in message
    assert f"ALTER USER `app`@`%` WITH {limit} 0;" in message


@pytest.mark.parametrize("credentials", [CREDENTIALS, ODD, replace(ODD, dbname=None, tls=False)])
def test_every_text_can_be_filled_in(credentials: Credentials) -> None:
    """No error number leads to a text with a place that nothing fills, or that names break."""
    for number in NUMBERS:
        error = pymysql.err.OperationalError(number, TEXT)
        failures = (
            login_failure(error, credentials, Trust()),
            statement_failure(error, "ALTER USER", credentials),
        )
        assert not [text for text in map(str, failures) if "{set" in text or "{unlock" in text or "..." in text]


def test_a_password_that_is_refused_is_to_be_drawn_anew() -> None:
    """The policy, the history and likeness to the old password: another password may pass, this one never will."""
    failures = [
        statement_failure(pymysql.err.OperationalError(number, TEXT), "ALTER USER", CREDENTIALS) for number in NUMBERS
    ]
    refuses = [error.code for error in failures if isinstance(error, StatementFailedError) and error.refuses_password]
    assert refuses == ["1819", "3638", "4165"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_text_leaves_anything_out(path: Path) -> None:
    """Nothing that is said has an ellipsis in it: what is to be typed is there to the last letter."""
    tree = ast.parse(path.read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = [ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, documented)]
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert not [text for text in texts if ("..." in text or "\u2026" in text) and text not in docstrings]
