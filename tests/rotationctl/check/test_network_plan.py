"""The plan of the network: security groups of the lab's EC2, typed open where they are shut."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from lab.application import Secret
from lab.secretsmanager.rds import DatabaseCluster
from rotationctl.checks.case import Case
from rotationctl.checks.network import CHECKS
from rotationctl.checks.outcome import Outcome
from rotationctl.connection import Connection
from rotationctl.remedies import Adviser
from secret_rotation.doctor.findings import Result
from tests.rotationctl.check.conftest import Check
from tests.rotationctl.check.stack import Stack
from tests.rotationctl.conftest import Account
from tests.rotationctl.shell import type_in

DATABASE, PORT = "shop-db", 5432
ONLY = ("--database", DATABASE, "--only", "network.plan", "--no-inside")


@pytest.fixture
def group(stack: Stack) -> str:
    """The database's security group, which admits the function."""
    return stack.in_a_vpc(DATABASE, "postgres", PORT)


@pytest.fixture
def plan(account: Account, shop: Secret, environment: Mapping[str, str]) -> Callable[..., Outcome]:  # noqa: ARG001 - it is set
    """What the check finds for a database."""
    adviser = Adviser(Connection(endpoint_url=account.cloud.endpoint_url), datetime.now(UTC))
    return lambda database=DATABASE: CHECKS["network.plan"](Case(shop.name, adviser, database=database))


IPV6 = "2001:db8:1:2::/64"


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_a_rule_by_addresses_counts(plan: Callable[..., Outcome], stack: Stack, group: str, direction: str) -> None:
    """The other side is meant by the addresses of its subnet, or by everybody's; not by others, nor at another port."""
    ec2 = stack.of("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    block = subnet["CidrBlock"]
    ec2.associate_subnet_cidr_block(SubnetId=subnet["SubnetId"], Ipv6CidrBlock=IPV6)
    [ours] = stack.function.configuration["VpcConfig"]["SecurityGroupIds"]
    side = group if direction == "ingress" else ours
    authorize = getattr(ec2, f"authorize_security_group_{direction}")
    revoke = getattr(ec2, f"revoke_security_group_{direction}")
    found = ec2.describe_security_groups(GroupIds=[side])["SecurityGroups"][0]
    revoke(GroupId=side, IpPermissions=found["IpPermissions" if direction == "ingress" else "IpPermissionsEgress"])
    assert plan().result is Result.FAILED
    for cidr, port, protocol, result in (
        ("10.9.0.0/16", PORT, "tcp", Result.FAILED),
        ("2001:db8:9::/48", PORT, "tcp", Result.FAILED),
        (block, PORT + 1, "tcp", Result.FAILED),
        (block, PORT, "udp", Result.FAILED),
        (block, PORT, "tcp", Result.OK),
        ("172.16.0.0/12", PORT, "tcp", Result.OK),
        ("0.0.0.0/0", PORT, "tcp", Result.OK),
        (IPV6, PORT, "tcp", Result.OK),  # the last: moto does not revoke it for what goes out
    ):
        ranges = {"Ipv6Ranges": [{"CidrIpv6": cidr}]} if ":" in cidr else {"IpRanges": [{"CidrIp": cidr}]}
        rule = [{"IpProtocol": protocol, "FromPort": port, "ToPort": port, **ranges}]
        authorize(GroupId=side, IpPermissions=rule)
        assert plan().result is result, (cidr, port, protocol)
        revoke(GroupId=side, IpPermissions=rule)


@pytest.mark.usefixtures("shop", "group")
def test_the_way_out_is_shut(check: Check, stack: Stack, typed: Mapping[str, str]) -> None:
    """The function's own group lets it out to nothing; what is printed opens the one port."""
    ec2 = stack.of("ec2")
    [ours] = stack.function.configuration["VpcConfig"]["SecurityGroupIds"]
    everything = ec2.describe_security_groups(GroupIds=[ours])["SecurityGroups"][0]["IpPermissionsEgress"]
    ec2.revoke_security_group_egress(GroupId=ours, IpPermissions=everything)
    finding = check(*ONLY)["network.plan"]
    assert finding["result"] == "failed"
    done = type_in(finding["remedy"], typed)
    assert done.returncode == 0, done
    assert check(*ONLY)["network.plan"]["result"] == "ok"


@pytest.mark.usefixtures("group")
def test_what_else_there_is(plan: Callable[..., Outcome], stack: Stack) -> None:
    """A cluster is known by its first member; outside every VPC only what is public is reached; a name may be wrong."""
    stack.cloud.databases.clusters.append(DatabaseCluster("shop", "aurora-postgresql", "w", "r", PORT, (DATABASE,)))
    assert plan("shop").result is Result.OK
    assert "neither an instance nor a cluster none" in plan("none").text
    stack.function.configuration["VpcConfig"]["VpcId"] = "vpc-another"
    assert "they must be peers" in plan().text
    stack.function.configuration["VpcConfig"] = {"SubnetIds": [], "SecurityGroupIds": []}
    assert "Deploy the stack with SubnetIds" in plan().text
