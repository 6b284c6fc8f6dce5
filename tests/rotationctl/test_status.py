"""`rotationctl status` against a Secrets Manager over HTTP."""

import json
from datetime import timedelta

import pytest

from lab.secretsmanager import faults
from rotationctl import listing, rows
from rotationctl.exits import Exit
from tests.rotationctl.conftest import ANOTHERS, CALLER, Account, Program

DAILY = {"AutomaticallyAfterDays": 10}


def operations(account: Account) -> list[str]:
    """What rotationctl asked."""
    return [call.operation for call in account.cloud.calls.all() if call.caller == CALLER]


@pytest.fixture
def fleet(account: Account) -> Account:
    """An account with a secret in each state that the lab can bring about."""
    account.add("prod/plain", None)
    account.add("prod/never")
    account.add("prod/other", ANOTHERS).rotate(RotationRules=DAILY)
    account.add("prod/fine").rotate(RotationRules=DAILY)
    account.add("prod/rotating").begin()
    account.client.cancel_rotate_secret(SecretId=account.add("prod/off").arn)
    account.age = timedelta(hours=1)
    account.add("prod/stuck").begin()
    account.age = timedelta(days=20)
    account.add("prod/overdue").rotate(RotationRules=DAILY)
    failing = account.add("prod/failing")
    failing.rotate(RotationRules=DAILY)
    failing.begin()
    account.age = timedelta()
    return account


@pytest.mark.usefixtures("fleet")
def test_the_fleet(account: Account, rotationctl: Program) -> None:
    """Each secret has its word, from one call for all of them."""
    result = rotationctl("status", "--json")
    words = ("failing", "stuck", "rotating", "overdue", "off", "never")
    assert result.states() == {
        **{f"prod/{word}": word for word in words},
        "prod/other": "other function",
        "prod/fine": "fine",
        "prod/plain": "no rotation",
    }
    assert list(result.states())[:3] == ["prod/failing", "prod/stuck", "prod/rotating"]
    assert operations(account) == ["ListSecrets"]


@pytest.mark.usefixtures("fleet")
def test_the_table(rotationctl: Program) -> None:
    """A line for each secret, a command below each that is not fine, and a summary that is no data."""
    result = rotationctl("status")
    lines = result.out.splitlines()
    assert lines[0].split() == ["STATE", "SECRET", "FUNCTION", "ROTATED", "CHANGED", "NEXT", "PENDING"]
    [never] = [number for number, line in enumerate(lines) if line.startswith("never ")]
    assert lines[never].split()[:5] == ["never", "prod/never", "postgresql,", "single", "user"]
    assert lines[never + 1].startswith("    rotationctl rotate prod/never --endpoint-url http:")
    assert result.err == (
        "9 secrets in us-east-1: 1 failing, 1 stuck, 1 rotating, 1 overdue, 1 off, 1 never, 1 other function, "
        "1 fine, 1 no rotation.\n"
    )
    assert "\x1b" not in result.out
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--stuck"], ["prod/failing", "prod/stuck"]),
        (["--overdue"], ["prod/failing", "prod/overdue"]),
        (["--stuck", "--overdue"], ["prod/failing", "prod/stuck", "prod/overdue"]),
    ],
)
def test_what_is_wrong_alone(rotationctl: Program, options: list[str], names: list[str]) -> None:
    """Failing is both, stuck and overdue."""
    result = rotationctl("status", "--json", *options)
    assert list(result.states()) == names
    assert result.code == Exit.NOT_FINE


@pytest.mark.parametrize(
    ("name", "code"), [("failing", 1), ("stuck", 1), ("overdue", 1), ("rotating", 0), ("never", 0), ("plain", 0)]
)
@pytest.mark.usefixtures("fleet")
def test_the_exit_code(rotationctl: Program, name: str, code: int) -> None:
    """It is 1 where a secret that was asked about is failing, stuck or overdue, and no other."""
    assert rotationctl("status", f"prod/{name}").code == code


@pytest.mark.usefixtures("fleet")
def test_named_secrets_are_described(account: Account, rotationctl: Program) -> None:
    """A call for each, by name or ARN, once even if named twice."""
    arn = str(account.client.describe_secret(SecretId="prod/fine")["ARN"])
    result = rotationctl("status", "--json", "prod/never", arn, "prod/never")
    assert result.states() == {"prod/never": "never", "prod/fine": "fine"}
    assert operations(account) == ["DescribeSecret"] * 2


def test_a_secret_that_will_be_deleted(account: Account, rotationctl: Program) -> None:
    """It is shown where it is named, and not in the fleet."""
    account.client.delete_secret(SecretId=account.add("prod/old").arn)
    assert rotationctl("status", "--json", "prod/old").states() == {"prod/old": "deleted"}
    assert rotationctl("status", "--json").states() == {}


def test_tags(account: Account, rotationctl: Program) -> None:
    """All tags have to be there with the whole of their values, whichever of them ListSecrets can filter by."""
    shop, odd = {"Key": "team", "Value": "shop"}, {"Key": "note", "Value": "!\u7528"}
    account.add("both", Tags=[shop, odd])
    account.add("one", Tags=[shop])
    account.add("longer", Tags=[{"Key": "team", "Value": "shopping"}])
    account.add("swapped", Tags=[{"Key": "team", "Value": "x"}, {"Key": "x", "Value": "shop"}])
    account.add("none")
    assert rotationctl("status", "--json", "--tag", "team=shop").states().keys() == {"both", "one"}
    assert rotationctl("status", "--json", "--tag", "note=!\u7528").states().keys() == {"both"}
    assert rotationctl("status", "--json", "--tag", "team=shop", "--tag", "note=!\u7528").states().keys() == {"both"}
    assert rotationctl("status", "--json", "one", "none", "--tag", "team=shop").states().keys() == {"one"}


def test_no_secret_at_all(rotationctl: Program) -> None:
    """Nothing is data; the region is said, since it may be the wrong one."""
    result = rotationctl("status")
    assert (result.code, result.out, result.err) == (0, "", "No secrets in us-east-1.\n")


def test_a_secret_that_does_not_exist(account: Account, rotationctl: Program) -> None:
    """Beside others it is told and the others are shown; alone it is what was asked about."""
    account.add("prod/shop")
    result = rotationctl("status", "prod/shop", "prod/none")
    assert result.code == Exit.PARTLY
    assert "prod/shop" in result.out
    assert result.err.splitlines()[-1] == "There is no secret prod/none in us-east-1."
    assert rotationctl("status", "--json", "prod/shop", "prod/none").json["not_read"] == result.err.splitlines()[-1:]
    alone = rotationctl("status", "prod/none", "prod/neither")
    assert (alone.code, alone.out) == (Exit.NOT_FINE, "")
    assert alone.err.splitlines() == [
        "There is no secret prod/none in us-east-1.",
        "rotationctl: There is no secret prod/neither in us-east-1.",
    ]


def test_one_that_may_not_be_read(account: Account, rotationctl: Program) -> None:
    """The others are shown, and the reason is told."""
    hidden = account.add("prod/hidden").arn
    account.add("prod/shop")
    account.cloud.faults.add(faults.error("DescribeSecret", "AccessDeniedException", secret_arn=hidden))
    result = rotationctl("status", "prod/hidden", "prod/shop")
    assert result.code == Exit.PARTLY
    assert "You may not do DescribeSecret (AccessDeniedException)" in result.err
    account.cloud.faults.add(faults.error("DescribeSecret", "AccessDeniedException", secret_arn=hidden))
    assert rotationctl("status", "prod/hidden").code == Exit.NOT_ASKED


@pytest.mark.usefixtures("fleet")
def test_the_keys_of_the_json_are_the_documented_ones(rotationctl: Program) -> None:
    """No key more, no key less, and in the order of the document."""
    document = rotationctl("status", "--json").json
    assert list(document) == list(listing.JSON)
    for secret in document["secrets"]:
        assert list(secret) == list(rows.JSON)
    assert sum(document["counts"].values()) == len(document["secrets"])


def test_the_json_of_a_secret(account: Account, rotationctl: Program) -> None:
    """Values are what Secrets Manager answers, moments in UTC."""
    secret = account.add("prod/shop", Tags=[{"Key": "team", "Value": "shop"}])
    run = secret.rotate(RotationRules=DAILY)
    result = rotationctl("status", "--json", "prod/shop")
    assert result.err == ""
    [shown] = result.json["secrets"]
    described = account.client.describe_secret(SecretId=secret.arn)
    assert shown["arn"] == secret.arn
    assert (shown["engine"], shown["strategy"], shown["rotation_enabled"]) == ("postgresql", "single_user", True)
    assert shown["next_rotation"] == f"{described['NextRotationDate']:%Y-%m-%dT%H:%M:%SZ}"
    assert shown["labels"][run.token] == ["AWSCURRENT", "AWSPENDING"]
    assert (shown["pending_version"], shown["next_command"], shown["tags"]) == (None, None, {"team": "shop"})


def test_a_name_in_another_alphabet_and_one_with_what_a_terminal_obeys(account: Account, rotationctl: Program) -> None:
    """Both are shown, and the second changes nothing on the terminal; the command says their ARNs."""
    odd = "prod/\u7528\u6237"
    evil = "prod/\x1b[2J'; touch canary; '"
    account.add(odd)
    account.add(evil)
    result = rotationctl("status")
    assert f"never  {odd}  " in result.out
    assert "\x1b" not in result.out
    assert "prod/\\x1b[2J" in result.out
    assert set(json.loads(rotationctl("status", "--json").out)["counts"]) == {"never"}
