"""The secret's JSON: what is read, what is refused, and that no message repeats a value."""

import copy
import json
import pickle
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from secret_rotation.credentials import Credentials, SecretFormat, SuperuserSecret, refuse_proxy, require_superuser_arn
from secret_rotation.errors import InvalidSecretError
from secret_rotation.password import Password
from secret_rotation.secret_json import SecretDocument

FORMAT = SecretFormat(frozenset({"postgres", "aurora-postgresql"}), 5432)
WHERE = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app-AbCdEf (AWSCURRENT)"
ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app-AbCdEf"
CANARY = "hunter2-canary"
SECRET: dict[str, object] = {"engine": "postgres", "host": "db.example.com", "username": "app", "password": CANARY}


def parse(**changes: object) -> Credentials:
    """Credentials of the secret above, with some keys changed; a key set to ... is left out."""
    document = {key: value for key, value in {**SECRET, **changes}.items() if value is not ...}
    return Credentials.parse(json.dumps(document), WHERE, FORMAT)


def test_a_minimal_secret_gets_the_defaults() -> None:
    """Port, database and TLS have defaults: the engine's port, none, and verified TLS."""
    found = parse()
    assert (found.host, found.port, found.username) == ("db.example.com", 5432, "app")
    assert (found.dbname, found.tls) == (None, True)


@pytest.mark.parametrize(
    ("port", "number"),
    [
        (6432, 6432),
        ("7432", 7432),
        (" 7432 ", 7432),
        (7432.0, 7432),
        (None, 5432),
        ("", 5432),
        (1, 1),
        ("65535", 65535),
    ],
)
def test_a_port_may_be_a_number_or_its_text(port: object, number: int) -> None:
    """A port is a whole number or its digits; null and an empty text mean the default."""
    assert parse(port=port).port == number


@pytest.mark.parametrize(
    ("ssl", "tls"),
    [
        *product((True, "true", None, "", 1, "1", "yes", "require", "REQUIRED", " verify-full ", "VERIFY_CA"), [True]),
        *product((False, "FALSE"), [False]),
    ],
    ids=repr,
)
def test_only_an_explicit_false_turns_tls_off(ssl: object, tls: bool) -> None:
    """TLS is off where the secret says so in so many words, and nowhere else."""
    assert parse(ssl=ssl).tls is tls


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("engine", ..., "missing"),
        ("engine", CANARY, "must be 'aurora-postgresql' or 'postgres'"),
        ("engine", 5, "not a string"),
        ("host", ..., "missing"),
        ("host", "", "empty"),
        ("host", "/var/run/" + CANARY, "not a host name"),
        ("host", f"a,{CANARY}", "not a host name"),
        ("host", f"{CANARY} x", "a blank"),
        ("host", f"{CANARY}\n", "white space"),
        ("host", f"jdbc:postgresql://{CANARY}:5432/app", "is a URL"),
        ("host", "a" * 256, "not a host name"),
        ("username", ..., "missing"),
        ("username", [CANARY], "not a string"),
        ("password", ..., "missing"),
        ("password", "", "empty"),
        ("password", CANARY + "\0", "NUL"),
        ("port", CANARY, "whole number"),
        ("port", 0, "between 1 and 65535"),
        ("port", 65536, "between 1 and 65535"),
        ("port", True, "whole number"),
        ("port", 54.32, "whole number"),
        ("port", "\u0665", "whole number"),
        ("ssl", CANARY, "neither true nor false"),
        *(("ssl", word, "neither true nor false") for word in (0, 2, 1.5, "no", "off", "00", "prefer", "disable", [1])),
        ("host", f"{CANARY}:5432", "has a port in it"),
        ("host", "[::1]:5432", "has a port in it"),
        ("tlsname", f"a,{CANARY}", "not a host name"),
        ("tlsname", f"{CANARY}:5432", "only the host into 'tlsname'"),
        ("tlsname", f"{CANARY}..example.com", "not a host name"),
        ("tlsname", f"{'a' * 64}.example.com", "not a host name"),
        ("tlsname", 7, "not a string"),
        ("dbname", {"a": CANARY}, "not a string"),
        ("masterarn", 7, "not a string"),
    ],
)
def test_a_wrong_key_is_named_with_its_secret_and_without_its_value(key: str, value: object, words: str) -> None:
    """The error names secret, key and fault; the value, which may be a password in the wrong place, is not told."""
    with pytest.raises(InvalidSecretError, match=words) as caught:
        parse(**{key: value})
    assert f"'{key}'" in str(caught.value)
    assert WHERE in str(caught.value)
    assert CANARY not in str(caught.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    """One error names every key with a fault, so that nobody mends a secret one attempt at a time."""
    with pytest.raises(InvalidSecretError) as caught:
        parse(engine=..., host=CANARY + " ", port="x", password="", ssl="no")
    message = str(caught.value)
    assert "5 keys" in message
    assert all(f"'{key}'" in message for key in ("engine", "host", "port", "password", "ssl"))
    assert CANARY not in message


@pytest.mark.parametrize("key", ["dbname", "masterarn", "port", "ssl", "tlsname"])
def test_an_empty_key_is_as_if_it_were_left_out(key: str) -> None:
    """Scripts write an empty text where there is nothing to say; the secret keeps it."""
    found, without = parse(**{key: ""}), parse()
    assert replace(found, document=without.document) == without
    assert json.loads(found.to_json()) == {**SECRET, key: ""}


@pytest.mark.parametrize("text", ["", CANARY, "[1]", '"text"', "null", "{", "[" * 100_000, '{"a": 1}'])
def test_what_is_no_json_object_with_these_keys_is_refused(text: str) -> None:
    """A value that is no JSON object, or an empty one, is an error that does not repeat it."""
    with pytest.raises(InvalidSecretError) as caught:
        Credentials.parse(text, WHERE, FORMAT)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_unknown_keys_survive_as_they_are() -> None:
    """A rotation changes user name and password and leaves every other key alone, its type and order too."""
    found = parse(port="5432", ssl="true", proxy={"deep": [1, None]}, note="h\u00e9llo \U0001f511")
    before = json.loads(found.to_json())
    after = json.loads(found.with_login("app_clone", Password("new")).to_json())
    assert after == {**before, "username": "app_clone", "password": "new"}
    assert list(after) == list(before)


def test_a_value_that_would_be_too_large_is_refused_before_it_is_stored() -> None:
    """A secret over 65,536 bytes is an error, not a failed call."""
    found = parse(note="x" * 65_400)
    assert len(found.to_json()) <= 65_536
    with pytest.raises(InvalidSecretError, match="65536 bytes"):
        found.with_login("app", Password("p" * 256)).to_json()


def test_no_text_of_credentials_shows_the_password() -> None:
    """repr, str and format of credentials and passwords hide the password; pickling it is refused."""
    found = parse()
    for thing in (found, found.password, found.document, SuperuserSecret.parse(json.dumps(SECRET), WHERE, FORMAT)):
        assert CANARY not in f"{thing!r} {thing} {[thing]}"
    for copier, hidden in product((pickle.dumps, copy.deepcopy), (found.password, found.document)):
        with pytest.raises(TypeError):
            copier(hidden)


def fields(thing: object) -> Iterator[tuple[type, object]]:
    """All that an object holds, and that this holds again, each with the type of its holder."""
    slots = (slot for kind in type(thing).__mro__ for slot in getattr(kind, "__slots__", ()))
    for value in thing if isinstance(thing, tuple) else [getattr(thing, slot) for slot in slots]:
        yield type(thing), value
        yield from fields(value)


def test_the_password_stands_in_clear_only_in_what_hides_it() -> None:
    """Of all objects that credentials consist of, only the two whose text is hidden have the password in it."""
    assert {holder for holder, value in fields(parse()) if CANARY in str(value)} == {Password, SecretDocument}


def test_passwords_compare_by_value() -> None:
    """Equal passwords are equal, unequal ones are not, and a password is no string."""
    assert Password("a") == Password("a")
    assert Password("a") != Password("b")
    assert Password("a") != "a"
    assert len({Password("a"), Password("a"), Password("\ud800")}) == 2


@pytest.mark.parametrize(
    ("host", "same"), [("DB.example.com", True), ("db.example.com.", True), ("db2.example.com", False)]
)
def test_hosts_are_compared_as_dns_does(host: str, same: bool) -> None:
    """Upper case and a final dot make no other host."""
    assert parse().same_server(parse(host=host)) is same
    assert not parse().same_server(parse(host=host, port=1))


def test_the_certificate_is_for_the_host_unless_the_secret_says_otherwise() -> None:
    """The name that is verified is `tlsname` where there is one, and it survives a rotation."""
    alias = parse(tlsname="DB1.example.com.")
    assert (parse().certified_name, alias.certified_name) == ("db.example.com", "DB1.example.com.")
    assert alias.same_certified_name(parse(host="db1.example.com"))
    assert not alias.same_certified_name(parse())
    assert json.loads(alias.with_login("app", Password("new")).to_json())["tlsname"] == "DB1.example.com."
    superuser = SuperuserSecret.parse(json.dumps({**SECRET, "tlsname": "db1.example.com"}), WHERE, FORMAT)
    assert superuser.at("db.example.com", 5432).same_certified_name(alias)


@pytest.mark.parametrize("kind", [Credentials, SuperuserSecret])
def test_a_name_for_tls_without_tls_is_refused(kind: type[Credentials | SuperuserSecret]) -> None:
    """Who writes "ssl": false gets no verification, so a name to verify is a misunderstanding."""
    with pytest.raises(InvalidSecretError, match=r"'tlsname'.*\"ssl\" is false"):
        kind.parse(json.dumps({**SECRET, "ssl": False, "tlsname": "db1.example.com"}), WHERE, FORMAT)


def test_an_alias_of_an_rds_proxy_is_refused_by_the_name_of_its_certificate() -> None:
    """A proxy behind an alias is the proxy still; the error names the key that says so."""
    with pytest.raises(InvalidSecretError, match=r"'tlsname'.*RDS Proxy"):
        refuse_proxy(parse(tlsname="app.proxy-c1abcdefghij.eu-central-1.rds.amazonaws.com"))


@pytest.mark.parametrize(
    "host",
    [
        "app.proxy-c1abcdefghij.eu-central-1.rds.amazonaws.com",
        "ro.endpoint.proxy-c1abcdefghij.us-gov-west-1.rds.amazonaws.com",
        "APP.PROXY-c1abcdefghij.eu-central-1.rds.amazonaws.com.",
        "app.proxy-c1abcdefghij.cn-north-1.rds.amazonaws.com.cn",
        "app.proxy-c1abcdefghij.rds.cn-north-1.amazonaws.com.cn",
        "app.proxy-c1abcdefghij.eusc-de-east-1.rds.amazonaws.eu",
    ],
)
def test_an_rds_proxy_is_refused_with_the_remedy(host: str) -> None:
    """A proxy as host is an error that says to use the database's endpoint."""
    with pytest.raises(InvalidSecretError, match=r"RDS Proxy.*Use the endpoint of the database"):
        refuse_proxy(parse(host=host))


@pytest.mark.parametrize(
    "host", ["proxy-db.c1abc.eu-central-1.rds.amazonaws.com", "app.cluster-c1.eu-central-1.rds.amazonaws.com"]
)
def test_a_database_is_no_proxy(host: str) -> None:
    """Other endpoints of RDS are taken, whatever the database is called."""
    refuse_proxy(parse(host=host))


@pytest.mark.parametrize(
    ("masterarn", "words"),
    [
        (..., "'masterarn'.*missing"),
        ("my-master", "not the ARN"),
        (f"{ARN}{'x' * 512}", "not the ARN"),
        ("arn:aws:rds:eu-central-1:123456789012:db:x", "not the ARN"),
        (ARN, "the secret itself"),
        (ARN.removesuffix("-AbCdEf"), "the secret itself"),
    ],
)
def test_a_wrong_masterarn_is_refused(masterarn: object, words: str) -> None:
    """The key masterarn is the ARN of another secret, or an error says what it is instead."""
    with pytest.raises(InvalidSecretError, match=words):
        require_superuser_arn(parse(masterarn=masterarn), ARN)


def test_a_name_that_ends_in_six_letters_is_not_the_secret_itself() -> None:
    """An ARN may be given without its random end, and `app-master` without it is not `app`."""
    arn = ARN.removesuffix("-AbCdEf") + "-master"
    assert require_superuser_arn(parse(masterarn=arn), ARN) == arn


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_a_masterarn_of_any_partition_is_taken(partition: str) -> None:
    """The ARN of another secret is taken in every partition of AWS."""
    arn = f"arn:{partition}:secretsmanager:eu-central-1:123456789012:secret:rds!db-12/master-AbCdEf"
    assert require_superuser_arn(parse(masterarn=arn), ARN) == arn


def test_a_superuser_secret_may_have_no_host() -> None:
    """A secret that RDS manages holds a user name and a password, and is read as far as that."""
    found = SuperuserSecret.parse('{"username": "admin", "password": "p"}', WHERE, FORMAT)
    assert (found.host, found.port, found.tls) == (None, None, True)
    assert found.at("db.example.com", 5432).username == "admin"


def test_a_superuser_logs_in_to_the_users_database_where_it_has_none_of_its_own() -> None:
    """The database of the superuser's own secret comes first."""
    own = SuperuserSecret.parse(json.dumps({**SECRET, "dbname": "admin"}), WHERE, FORMAT)
    none = SuperuserSecret.parse(json.dumps(SECRET), WHERE, FORMAT)
    assert [found.at("db.example.com", 5432, "app").dbname for found in (own, none)] == ["admin", "app"]


@pytest.mark.parametrize(
    ("changes", "words"), [({"password": None}, "'password'.*missing"), ({"engine": "mysql"}, "'engine'")]
)
def test_an_incomplete_superuser_secret_is_refused(changes: dict[str, object], words: str) -> None:
    """A superuser's secret without a password, or of another engine, is an error that names the key."""
    with pytest.raises(InvalidSecretError, match=words):
        SuperuserSecret.parse(json.dumps({**SECRET, **changes}), WHERE, FORMAT)
