"""Passwords of all characters and lengths that a function may draw, and the strangest settings for quoting them."""

import string
from collections.abc import Callable, Mapping
from itertools import product

import pytest

from lab.engines.mysql import MySQLServer
from lab.engines.postgresql import PostgresServer
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, STEPS, STRATEGIES, Application, MakeApplication

PRINTABLE = string.ascii_letters + string.digits + string.punctuation
LENGTHS = [8, 9, 64, 72, 73, 128, 255, 256]
TYPES = {
    "EXCLUDE_LOWERCASE": string.ascii_lowercase,
    "EXCLUDE_UPPERCASE": string.ascii_uppercase,
    "EXCLUDE_NUMBERS": string.digits,
    "EXCLUDE_PUNCTUATION": string.punctuation,
}
COMBINATIONS = [excluded for excluded in product([False, True], repeat=len(TYPES)) if not all(excluded)]
AWKWARD = [
    PRINTABLE,
    PRINTABLE[::-1],
    "'; DROP USER app; --",
    '"\\"\\\\"',
    "\\",
    "\\'",
    "''",
    "\\' OR 1=1 -- ",
    "%s%(a)s{}{0}",
    "$$;$1`a`@`b`",
    "md5" + "a" * 32,
    " blanks around ",
]
SQL_MODES = ["NO_BACKSLASH_ESCAPES", "NO_BACKSLASH_ESCAPES,ANSI_QUOTES", "", "ANSI_QUOTES"]


def rotate_to(application: Application, password: str) -> None:
    """Rotate to a password that is already in AWSPENDING when createSecret comes."""
    token, current = application.begin(), application.secret.value()
    username = application.user.username
    if "masterarn" in current and current["username"] == username:
        username += "_clone"
    application.secret.put({**current, "username": username, "password": password}, stages=("AWSPENDING",), token=token)
    outcome = application.steps(token, *STEPS)
    assert not outcome.failed, (password, outcome.error_message)
    assert application.credentials() == (username, password)
    assert application.logs_in(), password


def rotate_with(application: Application, make_application: MakeApplication, environ: Mapping[str, str]) -> str:
    """Rotate by a function that has these variables; the password that it draws."""
    environ = {"EXCLUDE_CHARACTERS": "", **environ}
    function = make_application(application.user, ALTERNATING_USERS, environ=environ).function
    application.secret.enable_rotation(function)
    run = application.secret.rotate()
    assert run.succeeded, run.outcome
    assert application.works()
    return application.credentials()[1]


def test_every_character(user: ApplicationUser, make_application: MakeApplication, strategy: str) -> None:
    """Each of the 94 printable characters, and what ends a string or a statement elsewhere."""
    application = make_application(user, strategy)
    for password in AWKWARD:
        rotate_to(application, password)


def test_every_length(application: Application, make_application: MakeApplication) -> None:
    """Passwords of each length that may be asked for, of any printable characters."""
    drawn = [rotate_with(application, make_application, {"PASSWORD_LENGTH": str(length)}) for length in LENGTHS]
    assert [len(password) for password in drawn] == LENGTHS
    assert len(set("".join(drawn))) > len(PRINTABLE) - 10  # all of them come, but chance may leave one or two out


def test_every_combination_of_types(application: Application, make_application: MakeApplication) -> None:
    """Whatever types of characters are excluded: the password has none of them, each of the others, and logs in."""
    for excluded in COMBINATIONS:
        environ = {name: str(is_out) for name, is_out in zip(TYPES, excluded, strict=True)}
        password = set(rotate_with(application, make_application, environ))
        assert tuple(not password & set(characters) for characters in TYPES.values()) == excluded


@pytest.mark.parametrize(("sql_mode", "strategy"), list(zip(SQL_MODES, STRATEGIES * 2, strict=True)))
def test_every_sql_mode(
    own_mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, sql_mode: str, strategy: str
) -> None:
    """MySQL: whatever quotes and backslashes mean to the server, and if its clients speak gbk."""
    application = make_application(make_user(own_mysql), strategy)
    own_mysql.reconfigure(sql_mode=sql_mode, character_set_client="gbk", init_connect="SET NAMES gbk")
    try:
        for password in AWKWARD[:6]:
            rotate_to(application, password)
    finally:
        own_mysql.reconfigure(sql_mode="", character_set_client="utf8mb4", init_connect="")


def test_strings_that_do_not_conform(
    newest_postgres: PostgresServer,
    make_user: MakeUser,
    make_application: MakeApplication,
    unique_name: Callable[..., str],
    strategy: str,
) -> None:
    """PostgreSQL: where backslashes are escapes in every string."""
    user, database = make_user(newest_postgres), unique_name("db")
    user.administrate(f"CREATE DATABASE {database}", f"ALTER DATABASE {database} SET standard_conforming_strings = off")
    user.dbname = database
    application = make_application(user, strategy)
    application.superuser_secret.change(dbname=database)
    assert user.administrate("SHOW standard_conforming_strings") == [("off",)]
    for password in AWKWARD[:6]:
        rotate_to(application, password)
