"""What the documents say about the secret's JSON is what the code reads."""

import json
from typing import ClassVar, Self

import pytest

from secret_rotation import secret_fields
from secret_rotation.credentials import Credentials, SecretFormat, SuperuserSecret
from secret_rotation.engines.mysql import MySQL
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.errors import InvalidSecretError
from secret_rotation.secret_json import SecretDocument
from tests.docs.markdown import DOCUMENTS, REFERENCE, Block, code

FORMATS = (PostgreSQL.secret_format, MySQL.secret_format)
ANY_ENGINE = SecretFormat(frozenset().union(*(f.engine_names for f in FORMATS)), default_port=1)
COMPLETE = {
    "engine": "mysql",
    "host": "db.example.com",
    "username": "shop",
    "password": "secret",
    "port": 3306,
    "dbname": "shop",
    "ssl": True,
    "tlsname": "db1.example.com",
    "masterarn": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:superuser-AbCdEf",
}
ROWS = {code(row["Key"])[0]: row for row in REFERENCE.table("Key | Type")}
JSON_BLOCKS = [block for document in DOCUMENTS for block in document.blocks() if block.language == "json"]


class Asked(SecretDocument):
    """A complete secret that remembers which keys were asked for, in whatever way."""

    keys: ClassVar[set[str]] = set()

    @classmethod
    def parse(cls, text: str, secret: str) -> Self:  # noqa: ARG003 - always the complete secret
        cls.keys.clear()
        return cls(json.dumps(COMPLETE))

    def get(self, key: str) -> object:
        self.keys.add(key)
        return super().get(key)

    __getitem__ = get

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None


def test_every_key_that_the_code_reads_is_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of keys is the keys that are read, no more and no less."""
    monkeypatch.setattr(secret_fields, "SecretDocument", Asked)
    Credentials.parse("", "a secret", ANY_ENGINE)
    assert set(ROWS) == Asked.keys
    SuperuserSecret.parse("", "a superuser's secret", ANY_ENGINE)
    assert set(ROWS) > Asked.keys


@pytest.mark.parametrize("key", sorted(ROWS))
def test_the_table_says_which_keys_are_required(key: str) -> None:
    """A secret without the key is refused exactly where the table calls the key required."""
    text = json.dumps({name: value for name, value in COMPLETE.items() if name != key})
    if ROWS[key]["Default"] == "required":
        with pytest.raises(InvalidSecretError, match=f"'{key}'"):
            Credentials.parse(text, "a secret", ANY_ENGINE)
    else:
        Credentials.parse(text, "a secret", ANY_ENGINE)


def test_the_documented_defaults_are_those_of_the_engines() -> None:
    """Ports and engine names in the table are those of the engines."""
    assert ROWS["port"]["Default"] == " or ".join(str(expected.default_port) for expected in FORMATS)
    assert set(code(ROWS["engine"]["Meaning"])) == ANY_ENGINE.engine_names
    without = Credentials.parse(json.dumps({**COMPLETE, "ssl": None, "dbname": None}), "a secret", ANY_ENGINE)
    assert (ROWS["ssl"]["Default"], without.tls) == ("true", True)


@pytest.mark.parametrize("block", JSON_BLOCKS, ids=str)
def test_every_json_example_is_json(block: Block) -> None:
    """A JSON example can be pasted; one that is a secret is a secret that the functions accept."""
    value = json.loads(block.text)
    if "engine" in value:
        Credentials.parse(block.text, "the example", ANY_ENGINE)
    elif "password" in value:
        SuperuserSecret.parse(block.text, "the example", ANY_ENGINE)


def test_there_is_an_example_of_each_kind_of_secret() -> None:
    """The reference shows a secret for each engine, one with a superuser, and one that RDS manages."""
    values = [json.loads(block.text) for block in REFERENCE.blocks() if block.language == "json"]
    engines = {value["engine"] for value in values if "engine" in value}
    assert all(engines & expected.engine_names for expected in FORMATS)
    assert any("masterarn" in value for value in values)
    assert any("engine" not in value for value in values)
