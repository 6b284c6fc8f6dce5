"""Fleets for tests of `rotationctl rotate`, and what became of them."""

import json

from lab.application import Secret
from rotationctl.waves.result import JSON
from tests.rotationctl.conftest import Account, Result

ORDERS, STOCK = "arn:aws:rds:us-east-1:123456789012:db:orders", "arn:aws:rds:us-east-1:123456789012:cluster:stock"
INSTANCE, CLUSTER = "aws:rds:primaryDBInstanceArn", "aws:rds:primaryDBClusterArn"


def fleet(account: Account, count: int, **tags: str) -> list[Secret]:
    """So many secrets, on two databases by turns."""
    databases = [{"Key": INSTANCE, "Value": ORDERS}, {"Key": CLUSTER, "Value": STOCK}]
    others = [{"Key": key, "Value": value} for key, value in tags.items()]
    return [account.add(f"app/{n:02}", Tags=[databases[n % 2], *others]) for n in range(count)]


def outcomes(result: Result) -> dict[str, str]:
    """The outcome of each secret that was printed as JSON."""
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert all(list(line) == list(JSON) for line in lines)
    return {line["name"]: line["outcome"] for line in lines}


def begun(account: Account) -> list[str]:
    """The names of the secrets for which RotateSecret was called, in order."""
    calls = [call for call in account.cloud.calls.all() if call.operation == "RotateSecret"]
    return [str(call.secret_arn).split(":")[6].rpartition("-")[0] for call in calls]


def settle(account: Account, *names: str) -> None:
    """Wait until the service has ended the rotations, which is a moment after the labels have moved."""
    for name in names:
        assert account.cloud.wait_for_rotation(name).succeeded
