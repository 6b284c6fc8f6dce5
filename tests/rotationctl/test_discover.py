"""`rotationctl discover`: which secret is which database's, what fits it, what is missing, and what to type."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from lab.secretsmanager import faults
from lab.secretsmanager.rds import DatabaseCluster, DatabaseInstance
from lab.servers import DatabaseServer
from rotationctl.discovery import accounts as known
from rotationctl.discovery import report, values
from rotationctl.exits import Exit
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, MakeApplication
from tests.rotationctl.conftest import ANOTHERS, CALLER, OURS, Account, Program
from tests.rotationctl.wayout import local, named, quick, the_past, the_secrets_manager  # noqa: F401 - two are fixtures

SHOP = DatabaseInstance("shop", "postgres", "shop.abc.us-east-1.rds.amazonaws.com", 5432, master_username="boss")
STOCK = DatabaseCluster(
    "stock", "aurora-mysql", "stock.cluster-abc.us-east-1.rds.amazonaws.com",
    "stock.cluster-ro-abc.us-east-1.rds.amazonaws.com", 3306, instances=("stock-1",),
    custom_addresses=("few.cluster-custom-abc.us-east-1.rds.amazonaws.com",),
)  # fmt: skip
MEMBER = DatabaseInstance("stock-1", "aurora-mysql", "stock-1.abc.us-east-1.rds.amazonaws.com", 3306, cluster="stock")
LEGACY = DatabaseInstance("legacy", "oracle-ee", "legacy.abc.us-east-1.rds.amazonaws.com", 1521)
EMPTY = DatabaseInstance("empty", "mysql", "", 3306)
PASSWORD = "never-to-be-seen"


def value(host: str | None = None, username: str = "shop", engine: str | None = "postgres", **others: str) -> str:
    """A secret's value, without the keys that are None."""
    keys = {"engine": engine, "host": host, "username": username, "password": PASSWORD, **others}
    return json.dumps({key: text for key, text in keys.items() if text is not None})


@pytest.fixture
def discover(account: Account, program: Program) -> Program:
    """Call `rotationctl discover` on the account, which has these databases; it never shows a password."""
    account.cloud.databases.instances += [SHOP, MEMBER, LEGACY, EMPTY]
    account.cloud.databases.clusters.append(STOCK)

    def call(*arguments: str) -> Any:  # noqa: ANN401 - as the fixture `program`
        result = program("discover", *arguments, "--endpoint-url", account.cloud.endpoint_url)
        assert PASSWORD not in result.out + result.err
        return result

    return call


def put(account: Account, name: str, text: str, function_arn: str | None = None, **parameters: Any) -> str:  # noqa: ANN401 - boto3's
    """A secret with this value; its ARN."""
    secret = account.add(name, function_arn, **parameters)
    secret.put(text)
    return secret.arn


def found(document: Mapping[str, Any]) -> dict[tuple[str | None, str | None], Mapping[str, Any]]:
    """What was found, by database and secret."""
    return {(one["database"], one["secret"]): one for one in document["found"]}


def test_by_metadata_alone(account: Account, discover: Program) -> None:
    """By tags and by what RDS says, with no value read; a cluster has its members' endpoints, and is one database."""
    tags = {"aws:rds:primaryDBClusterArn": STOCK.arn}
    put(account, "stock/app", value(), Tags=[{"Key": key, "Value": text} for key, text in tags.items()])
    put(account, "shop/app", value(SHOP.address))
    put(account, "shop/old", value(SHOP.address), ANOTHERS)
    result = discover("--json")
    document = found(result.json)
    assert {pair: one["verdict"] for pair, one in document.items()} == {
        ("empty", None): "no secret",
        ("legacy", None): "other engine",
        ("shop", None): "no secret",
        ("stock", "stock/app"): "attachable",
    }
    assert result.json["not_matched"] == 1
    stock = document["stock", "stock/app"]
    assert (stock["known_by"], stock["fits"]) == ("tag", "mysql, single-user")
    assert len(stock["endpoints"]) == 4
    assert stock["next_command"].startswith("rotationctl enable stock/app --engine mysql --strategy single-user")
    asked = {call.operation for call in account.cloud.calls.all() if call.caller == CALLER}
    assert asked == {"ListSecrets", "DescribeDBInstances", "DescribeDBClusters"}


def test_by_values(account: Account, discover: Program) -> None:
    """By hosts, however they are spelt: who rotates, which strategy fits, what is missing, who names the same user."""
    master = put(account, "superuser", value(SHOP.address, "boss"))
    put(account, "shop/app", value(SHOP.address.upper() + "."))
    put(account, "shop/also", value(SHOP.address, "shop_clone", masterarn=master))
    put(account, "shop/ready", value(SHOP.address, "ready", masterarn=master))
    put(account, "shop/old", value(SHOP.address, "old", masterarn=master), ANOTHERS)
    put(account, "shop/ours", value(SHOP.address, "ours"), OURS)
    put(account, "stock/reader", value(STOCK.reader_address, "app", "aurora-mysql"))
    put(account, "own/host", value("db.example.com", "app", "mysql"))
    boss = put(account, "own/boss", value("pg.example.com", "boss"))
    put(account, "own/app", value("pg.example.com", "app", masterarn=boss))
    put(account, "token", json.dumps({"token": PASSWORD}))
    put(account, "text", PASSWORD)
    document = found(discover("--read-values", "--json").json)
    assert {pair: (one["verdict"], one["fits"], one["missing"], one["shares"]) for pair, one in document.items()} == {
        ("empty", None): ("no secret", "mysql, single-user", [], []),
        ("legacy", None): ("other engine", None, [], []),
        ("shop", "superuser"): ("attachable", "postgresql, single-user", [], []),
        ("shop", "shop/app"): ("incomplete", "postgresql, alternating-users", ["masterarn"], ["shop/also"]),
        ("shop", "shop/also"): ("attachable", "postgresql, alternating-users", [], ["shop/app"]),
        ("shop", "shop/ready"): ("attachable", "postgresql, alternating-users", [], []),
        ("shop", "shop/old"): ("other function", "postgresql, alternating-users", [], []),
        ("shop", "shop/ours"): ("rotates", "postgresql, alternating-users", ["masterarn"], []),
        ("stock", "stock/reader"): ("attachable", "mysql, single-user", [], []),
        (None, "own/host"): ("attachable", "mysql, single-user", [], []),
        (None, "own/boss"): ("attachable", "postgresql, single-user", [], []),
        (None, "own/app"): ("attachable", "postgresql, alternating-users", [], []),
    }
    assert "--strategy alternating-users" in document["shop", "shop/old"]["next_command"]
    assert document["shop", "shop/app"]["next_command"].startswith("aws secretsmanager put-secret-value")
    assert document["shop", "shop/ours"]["next_command"] is None
    table = discover("--read-values").out
    assert "masterarn is missing; same user as shop/also" in table


def test_what_rds_manages(account: Account, discover: Program) -> None:
    """The secret of the user that a database was made with, which RDS rotates."""
    arn = put(account, "rds!db-1", json.dumps({"username": "boss", "password": PASSWORD}))
    managed = DatabaseInstance(
        "managed", "mysql", "managed.abc.us-east-1.rds.amazonaws.com", 3306, master_secret_arn=arn
    )
    account.cloud.databases.instances.append(managed)
    one = found(discover("--json").json)["managed", "rds!db-1"]
    assert (one["known_by"], one["fits"]) == ("RDS", "mysql, single-user")


def test_many_secrets_are_read_by_twenty(account: Account, discover: Program) -> None:
    """One call for twenty values; one that may not be read is named, and the rest is shown."""
    for number in range(values.AT_ONCE + 1):
        put(account, f"shop/{number}", value(SHOP.address, f"app{number}"))
    result = discover("--read-values", "--json")
    assert result.code == Exit.FINE
    assert len(found(result.json)) == values.AT_ONCE + 1 + 3
    calls = [call for call in account.cloud.calls.all() if call.operation == "BatchGetSecretValue"]
    assert len(calls) == 2


def test_one_value_that_may_not_be_read(account: Account, discover: Program) -> None:
    """What AWS says of it is told, the rest is shown, and the exit code says that something is missing."""
    put(account, "shop/app", value(SHOP.address))
    account.client.create_secret(Name="shop/none")
    account.client.create_secret(Name="shop/deep", SecretString='{"a":' * 10_000)
    result = discover("--read-values", "--json")
    assert result.code == Exit.PARTLY
    assert ["shop/none" in sentence for sentence in result.json["not_read"]] == [True]
    assert ("shop", "shop/app") in found(result.json)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [("DescribeDBClusters", []), ("BatchGetSecretValue", ["--read-values"]), ("ListSecrets", [])],
)
def test_what_may_not_be_asked(account: Account, discover: Program, operation: str, arguments: list[str]) -> None:
    """A sentence that names the operation, and 4."""
    put(account, "shop/app", value(SHOP.address))
    account.cloud.faults.add(faults.error(operation, "AccessDeniedException", times=None))
    result = discover(*arguments)
    assert result.code == Exit.NOT_ASKED
    assert f"You may not do {operation}" in result.err


def test_the_keys_of_the_json_are_the_documented_ones(account: Account, discover: Program) -> None:
    """No key more, no key less; and nothing there is no error."""
    document = discover("--json").json
    assert list(document) == list(report.JSON)
    assert all(list(one) == list(report.CANDIDATE_JSON) for one in document["found"])
    account.cloud.databases.clear()
    assert discover().err == "No databases of RDS in us-east-1.\n"


def test_who_may_log_in(
    either_engine: DatabaseServer,
    make_user: MakeUser,
    make_application: MakeApplication,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The superuser sees who has a secret, of a pair too, and who has none; nobody's password is shown."""
    application = named(make_application(make_user(either_engine), ALTERNATING_USERS))
    assert application.rotate().succeeded
    stranger = make_user(either_engine)
    capsys.readouterr()
    options = ["--read-values", "--superuser", application.superuser_secret.name, *local(either_engine), "--json"]
    assert quick("discover", *options) == Exit.FINE
    out = capsys.readouterr().out
    document = json.loads(out)
    accounts = {one["username"]: one for one in document["accounts"]}
    original = application.user.username
    for name in (original, f"{original}_clone"):
        assert (accounts[name]["secrets"], accounts[name]["has_no_secret"]) == ([application.secret.name], False)
    assert accounts[stranger.username]["has_no_secret"]
    assert list(accounts[original]) == list(known.JSON)
    passwords = {stranger.password, application.credentials()[1], either_engine.superuser.password}
    assert not [password for password in passwords if password in out]


def test_the_options_for_a_superuser_go_together(discover: Program) -> None:
    """One without the others is an error of usage."""
    for options in (["--superuser", "boss"], ["--local"], ["--superuser", "boss", "--local"]):
        assert discover(*options).code == Exit.USAGE


def test_two_servers_of_one_host(account: Account, discover: Program) -> None:
    """A user of one engine is nobody's of another engine, whose server has the same address."""
    put(account, "a", value("db.example.com"))
    put(account, "b", value("db.example.com", engine="mysql"))
    put(account, "c", value("db.example.com"))
    shares = {secret: one["shares"] for (_, secret), one in found(discover("--read-values", "--json").json).items()}
    assert (shares["a"], shares["b"], shares["c"]) == (["c"], [], ["a"])
