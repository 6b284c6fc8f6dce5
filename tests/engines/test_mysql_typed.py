"""Statements that are printed for people do the same in every sql_mode in which somebody may type them."""
# ruff: noqa: S608 - names of our own in all statements

import json
import re

import pytest

from secret_rotation.engines.mysql.records import PairRecord, hand_over, record_username, restore_record
from secret_rotation.engines.mysql.sql import Sql, account_name
from tests.engines.mysql_users import User

MODES = ["DEFAULT", "''", "'NO_BACKSLASH_ESCAPES'", "'ANSI_QUOTES'"]
every_mode = pytest.mark.parametrize("mode", MODES, ids=["default", "none", "no_backslash_escapes", "ansi_quotes"])


def type_in(user: User, mode: str, text: str) -> None:
    """Type statements as an administrator whose session has this sql_mode."""
    user.admin(f"SET SESSION sql_mode = {mode}", *re.split(r"(?<=\)); ", text))


def attribute_of(user: User, name: str) -> str:
    """The attribute of an account, as text."""
    ((text,),) = user.admin(f"SELECT attribute FROM information_schema.user_attributes WHERE user = '{name}'")
    return str(text)


@every_mode
def test_the_record_of_a_pair_is_put_back(app: User, mode: str) -> None:
    """The undo of a record, which the log prints where it fails, puts back the record, JSON within JSON."""
    app.admin(f"GRANT SELECT ON `{app.db}`.* TO `{app.name}`")
    app.mirror(app.clone)
    name = record_username(app.name)
    before = attribute_of(app, name)
    record = PairRecord.from_attribute(json.loads(before), app.name)
    app.admin(f'ALTER USER `{name}`@localhost ATTRIBUTE \'{{"hosts": "lost"}}\'')
    type_in(app, mode, restore_record(app.name, record).typed())
    assert attribute_of(app, name) == before
    type_in(app, mode, hand_over(app.name, 'arn:it\'s \\ "odd"').typed())
    assert PairRecord.from_attribute(json.loads(attribute_of(app, name)), app.name).secret.endswith('"odd"')


@every_mode
@pytest.mark.parametrize("name", ["back\\slash", "it's \\", 'say "\\"', "\\`"])
def test_an_account_is_named(app: User, mode: str, name: str) -> None:
    """A name is that account's in every mode, whatever quotes and backslashes are in it."""
    account = account_name(f"{app.name} {name}", "%")
    type_in(app, mode, Sql("CREATE USER {} COMMENT {}").format(account, name).typed())
    ((found, comment),) = app.admin(
        f"SELECT user, attribute->>'$.comment' FROM information_schema.user_attributes WHERE user LIKE '{app.name} %'"
    )
    assert (found, comment) == (f"{app.name} {name}", name)
    type_in(app, mode, Sql("DROP USER {}").format(account).typed())
