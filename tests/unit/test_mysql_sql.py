"""Statements of MySQL: what is sent, to the letter, and what of it may be shown."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secret_rotation.engines.mysql.accounts import Account, alteration, creation
from secret_rotation.engines.mysql.passwords import change_of, own_change
from secret_rotation.engines.mysql.records import PairRecord, alter_record, create_record, drop_record, hand_over
from secret_rotation.engines.mysql.sql import Abridged, Sql, account_name, literal
from secret_rotation.password import Password

RECORD = "`secret_rotation.a172cedcae47474b`@`localhost`"


def sent(statement: Sql) -> str:
    """A statement as a session sends it that reads no backslashes."""
    return statement.render(lambda text: "'" + text.replace("'", "''") + "'")


def account(**changes: object) -> Account:
    """An account with awkward names, and with settings that are not those of a new one."""
    values: dict[str, object] = {
        "user": "it's `a`",
        "host": "10.%",
        "plugin": "caching_sha2_password",
        "locked": False,
        "options": {
            "REQUIRE": "REQUIRE SSL",
            "MAX_QUERIES_PER_HOUR": "MAX_QUERIES_PER_HOUR 7",
            "EXPIRE": "PASSWORD EXPIRE NEVER",
        },
        "attribute": {"team": "it's {}"},
        "creation_mark": "abc",
        "has_secondary_password": False,
        "has_second_factor": False,
    }
    return Account(**{**values, **changes})  # type: ignore[arg-type]


@given(st.text(), st.text())
def test_values_are_quoted_and_secrets_are_not_shown(text: str, secret: str) -> None:
    """A value never becomes SQL, braces in it neither, and a password is in what is sent alone."""
    statement = Sql("SET @a = {}, @b = {}, @c = {}, @d = {}").format(
        text, Password(secret), 7, Abridged("'{}'", "more")
    )
    assert sent(statement) == f"SET @a = {literal(text)}, @b = {literal(secret)}, @c = 7, @d = '{{}}'"
    assert str(statement) == f"SET @a = {literal(text)}, @b = <password>, @c = 7, @d = <more>"
    assert repr(Password(secret)) in repr(statement)


@pytest.mark.parametrize(
    ("value", "is_read_otherwise"), [("plain", False), ("it's", False), ("back\\slash", True), ("ends with \\", True)]
)
def test_what_is_typed_is_read_as_it_is_sent(value: str, *, is_read_otherwise: bool) -> None:
    """Where the default sql_mode would read a string otherwise, that is changed first, and only there."""
    statement = Sql("ALTER USER {} ATTRIBUTE {}").format(account_name(value, "%"), value)
    mode = "SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',NO_BACKSLASH_ESCAPES'); "
    assert statement.typed() == (mode if is_read_otherwise else "") + str(statement)
    assert Sql("DROP USER {}").format(account_name(value, "%")).typed().startswith("SET") == value.endswith("\\")


@pytest.mark.parametrize("values", [(), (1,), (1, 2, 3)])
def test_a_value_for_each_place(values: tuple[int, ...]) -> None:
    """Too few and too many values are an error, and so are values for what has some already."""
    with pytest.raises(ValueError, match="zip"):
        Sql("{} {}").format(*values)
    with pytest.raises(TypeError, match="none yet"):
        Sql("{} {}").format(1, Password("secret")).format(*values)


def test_an_account_is_created_to_the_letter() -> None:
    """CREATE USER names what no new account has, then the lock, and the mark beside the attribute."""
    start = "CREATE USER `it's ``a```@`10.%` IDENTIFIED WITH 'caching_sha2_password' BY "
    end = (
        " REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 7 PASSWORD EXPIRE NEVER ACCOUNT LOCK ATTRIBUTE "
        """'{"team": "it''s {}", "secret_rotation": "abc"}'"""
    )
    statement = creation(account(), Password("p'w"))
    assert sent(statement) == f"{start}'p''w'{end}"
    assert str(statement) == f"{start}<password>{end}"


def test_an_account_is_altered_to_the_letter() -> None:
    """ALTER USER names what differs, and there is none where nothing does."""
    now = account(options={}, attribute={"gone": 1}, locked=True)
    statement = alteration(now, account())
    assert statement is not None
    assert sent(statement) == str(statement)
    assert str(statement) == (
        "ALTER USER `it's ``a```@`10.%` REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 7 PASSWORD EXPIRE NEVER ACCOUNT UNLOCK "
        """ATTRIBUTE '{"gone": null, "team": "it''s {}"}'"""
    )
    assert alteration(now, now) is None


@pytest.mark.parametrize(
    ("old", "retain", "end"),
    [
        (None, False, ""),
        (Password("o\\'ld"), False, " REPLACE {1}"),
        (Password("o\\'ld"), True, " REPLACE {1} RETAIN CURRENT PASSWORD"),
    ],
)
def test_a_user_changes_its_password_to_the_letter(old: Password | None, end: str, *, retain: bool) -> None:
    """The new password, the one that it replaces, and whether that stays; neither is shown."""
    statement, text = own_change(Password("n'ew"), old, retain=retain), "ALTER USER USER() IDENTIFIED BY {0}" + end
    assert sent(statement) == text.format("'n''ew'", "'o\\''ld'")
    assert str(statement) == text.format("<password>", "<password>")


def test_passwords_of_others_change_to_the_letter() -> None:
    """All accounts of a user in one statement, each with its plugin."""
    both = [(account(), "caching_sha2_password"), (account(user="b", host="%"), "sha256_password")]
    text = "ALTER USER `it's ``a```@`10.%` IDENTIFIED WITH 'caching_sha2_password' BY {0}, `b`@`%` IDENTIFIED WITH "
    text += "'sha256_password' BY {0}"
    assert sent(change_of(both, Password("new"))) == text.format("'new'")
    assert str(change_of(both, Password("new"))) == text.format("<password>")


def test_the_record_of_a_pair_is_written_to_the_letter() -> None:
    """The record goes out whole, and an error does not repeat it; who hands a pair over sees what to run."""
    record = PairRecord("arn:it's", {})
    text = literal(json.dumps(record.to_attribute("app")))
    create, alter = create_record("app", record), alter_record("app", record)
    assert sent(create) == f"CREATE USER {RECORD} IDENTIFIED BY RANDOM PASSWORD ACCOUNT LOCK ATTRIBUTE {text}"
    assert (
        str(create)
        == f"CREATE USER {RECORD} IDENTIFIED BY RANDOM PASSWORD ACCOUNT LOCK ATTRIBUTE <the record of the pair>"
    )
    assert sent(alter) == f"ALTER USER {RECORD} ATTRIBUTE {text}"
    assert str(alter) == f"ALTER USER {RECORD} ATTRIBUTE <the record of the pair>"
    assert sent(drop_record("app")) == f"DROP USER {RECORD}"
    assert str(hand_over("app", "arn:it's")) == f"""ALTER USER {RECORD} ATTRIBUTE '{{"secret": "arn:it''s"}}'"""
    assert str(account_name("app", "%")) == "`app`@`%`"
