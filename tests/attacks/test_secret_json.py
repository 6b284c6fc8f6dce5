"""The secret's JSON: all that is not the login survives, and what can never log in is refused before it is written."""

import json
from collections.abc import Sequence

import pytest

from lab.engines.mysql import MySQLServer
from lab.engines.postgresql import PostgresServer
from tests.attacks.accounts import create_any_user
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication

MAX_BYTES = 65_536
KEPT = r"""
    "big": 12345678901234567890.123, "bigger": 1e400, "digits": DIGITS, "nan": NaN, "spelt": [ 1.0, 1E2, -0, 0.10 ],
    "twice": "first", "twice": "second",
    "text": "\u0041 \/ \ud83d\udd11 half of one: \ud800", "Ünïcode": "日本語 🔑",
    "nested": { "username":"nobody", "password" : "not this" },"deep": [[[[[[[[[[]]]]]]]]]]
""".replace("DIGITS", "7" * 5_000)
CLONES = ["_clone", "_clone_clone", "app_clone_clone"]
NEVER_MYSQL = ["app ", "\tapp", " ", "   ", "app\n", "app\U0001f511"]
NEVER_POSTGRESQL = ["none", "public", "pg_app"]
ODD = "x \t\n\x01\x7f'\"`\\%@\u00fc\u65e5\u00a0"
ODD_POSTGRESQL = [" ", "\nx ", "\U0001f511"]


def text_of(application: Application) -> str:
    """AWSCURRENT as it is stored."""
    answer = application.secret.client.get_secret_value(SecretId=application.secret.arn, VersionStage="AWSCURRENT")
    return answer["SecretString"]


def login_of(text: str) -> tuple[str, str]:
    """User name and password in a secret's JSON."""
    value = json.loads(text, parse_int=str)
    return value["username"], value["password"]


def with_login(text: str, username: str, password: str) -> str:
    """The text with a login written into its places."""
    return text.replace("USERNAME", json.dumps(username)).replace("PASSWORD", json.dumps(password))


def test_every_character_but_the_login_survives(
    user: ApplicationUser, strategy: str, make_application: MakeApplication
) -> None:
    """Numbers, spelling, order, white space and keys that stand twice are after two rotations what they were."""
    application = make_application(user, strategy)
    known = {key: value for key, value in application.secret.value().items() if key not in ("username", "password")}
    known_text = json.dumps(known, separators=(" ,\n  ", " : "))
    text = "\n { " + known_text[1:-1] + ', "username" :USERNAME,' + KEPT + ',"password":  PASSWORD } \t'
    application.secret.put(with_login(text, user.username, user.password))
    for _ in range(2):
        assert application.rotate().succeeded
        username, password = login_of(text_of(application))
        assert text_of(application) == with_login(text, username, password)
        assert user.can_work(username, password)
        assert password != user.password


def test_a_login_that_stands_twice_is_replaced_twice(
    user: ApplicationUser, strategy: str, make_application: MakeApplication
) -> None:
    """Whichever of two equal keys an application reads, it reads the new login."""
    application = make_application(user, strategy)
    rest = json.dumps({**application.secret.value(), "password": 1})[1:].replace('"password": 1', '"a": 1')
    text = '{"username": USERNAME, "passw\\u006frd": PASSWORD, "password": PASSWORD,' + rest.replace(
        json.dumps(user.username), "USERNAME", 1
    )
    application.secret.put(with_login(text, user.username, user.password))
    assert application.rotate().succeeded
    assert text_of(application) == with_login(text, *application.credentials())
    assert application.works()


@pytest.mark.parametrize("filler", ["x", "\u65e5", "\U0001f511"], ids=ascii)
def test_a_secret_is_as_large_as_its_bytes(
    user: ApplicationUser, strategy: str, filler: str, make_application: MakeApplication
) -> None:
    """A value of almost 65,536 bytes of UTF-8 without a blank rotates, in whatever script it is written."""
    application = make_application(user, strategy, environ={"PASSWORD_LENGTH": str(len(user.password))})

    def text(note: str) -> str:
        return json.dumps({**application.secret.value(), "note": note}, separators=(",", ":"), ensure_ascii=False)

    room = MAX_BYTES - len(text("").encode()) - len("_clone")
    application.secret.put(text(filler * (room // len(filler.encode()))))
    assert application.rotate().succeeded
    assert len(text_of(application).encode()) > MAX_BYTES - 10
    assert application.works()


@pytest.mark.parametrize("text", ["\ufeff{}", '{"a": "\0"}', '{"a": 1,}', "{} {}", "[" * 60_000, '{"a":' * 10_000])
def test_what_cannot_be_read_is_an_error_of_ours(
    user: ApplicationUser, text: str, make_application: MakeApplication
) -> None:
    """A byte order mark, a NUL, a comma too many, two values or endless nesting are told, and nothing is written."""
    application = make_application(user, SINGLE_USER)
    application.secret.put(text)
    assert "is not JSON" in refused(application)


@pytest.mark.parametrize("key", ["username", "password", "dbname", "host", "masterarn", "engine"])
def test_half_of_a_character_is_refused(application: Application, key: str) -> None:
    """A lone surrogate in a key that is used is refused by the key's name, and its value is not told."""
    application.secret.put({**application.secret.value(), key: "canary\udfff"})
    message = refused(application)
    assert f"'{key}'" in message
    assert "half of a character" in message
    assert "canary" not in message


@pytest.mark.parametrize("name", CLONES)
def test_the_clone_of_nobody_is_refused(user: ApplicationUser, name: str, make_application: MakeApplication) -> None:
    """A user whose original would have no name, or be a clone itself, does not alternate; alone it may be rotated."""
    assert name in refused(make_application(user, ALTERNATING_USERS, username=name))
    application = make_application(user, SINGLE_USER, username=name)
    assert not application.step("createSecret", application.begin()).failed


def assert_no_account(
    user: ApplicationUser, make_application: MakeApplication, names: Sequence[str], original: str
) -> None:
    """None of these names can rotate, nor can the clone of an original that is one of them."""
    for name in ("a\0b", *names):
        assert "'username'" in refused(make_application(user, SINGLE_USER, username=name))
        assert "'username'" in refused(make_application(user, ALTERNATING_USERS, username=name))
    clone = f"{original}_clone"
    assert "next version's user" in refused(make_application(user, ALTERNATING_USERS, username=clone))


def test_a_name_that_no_account_of_postgresql_can_have_is_refused(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Names that the server reserves are refused, that of the twin too, and so is NUL."""
    assert_no_account(make_user(newest_postgres), make_application, NEVER_POSTGRESQL, "none")


def test_a_name_that_no_account_of_mysql_can_have_is_refused(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Names that the server cuts or changes are refused, that of the twin too, and so is NUL."""
    assert_no_account(make_user(mysql), make_application, NEVER_MYSQL, "app ")


def assert_rotates(user: ApplicationUser, name: str, make_application: MakeApplication) -> None:
    """A user of this name rotates to the clone and back."""
    application = make_application(create_any_user(user, name), ALTERNATING_USERS)
    assert application.logs_in()
    for expected in (name + "_clone", name):
        assert application.rotate().succeeded
        assert application.credentials()[0] == expected
        assert application.logs_in()


def test_a_name_that_an_account_can_have_rotates(user: ApplicationUser, make_application: MakeApplication) -> None:
    """Blanks, quotes, control characters and other scripts in a name are nothing that a rotation minds."""
    assert_rotates(user, ODD, make_application)


@pytest.mark.parametrize("name", ODD_POSTGRESQL, ids=ascii)
def test_a_name_that_only_a_role_of_postgresql_can_have_rotates(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication, name: str
) -> None:
    """Neither are blanks around a name, nor characters beyond the basic plane."""
    assert_rotates(make_user(newest_postgres), name, make_application)


def refused(application: Application) -> str:
    """The message with which createSecret stops, having written nothing."""
    application.secret.cloud.calls.clear()
    outcome = application.step("createSecret", application.begin())
    assert outcome.error_type == "InvalidSecretError", outcome
    assert "PutSecretValue" not in application.secret.operations()
    assert application.secret.arn in str(outcome.error_message)
    return str(outcome.error_message)
