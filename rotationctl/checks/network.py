"""The plan of the network, by what is configured: whether the function could reach the database, without a packet.

Which database it is stands in the secret's value, which is not read: the person says it with --database.
"""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rotationctl.checks.asking import MissingError
from rotationctl.checks.case import Case
from rotationctl.checks.needing import needing_function
from rotationctl.checks.outcome import Outcome, failed, ok, skipped, warning

TCP, ALL_PROTOCOLS = "tcp", "-1"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Side:
    """One end of the way: what a rule may name to mean it.

    Attributes:
        groups: its security groups.
        subnets: the ids of the subnets that it has addresses in.
    """

    groups: Sequence[str]
    subnets: Sequence[str]


@dataclass(frozen=True, slots=True)
class Database:
    """Where a database is in the network."""

    vpc: str | None
    side: Side
    port: int
    is_public: bool


def _plan(case: Case) -> Outcome:
    """Source: RDS User Guide, "Scenarios for accessing a DB instance in a VPC"."""
    if case.database is None:
        return skipped("Which database it is stands in the value, which is not read here: name it with --database.")
    try:
        database = _database(case, case.database)
    except MissingError:
        return failed(f"RDS has neither an instance nor a cluster {case.database} here.")
    network = case.configuration.get("VpcConfig") or {}
    if network.get("SubnetIds"):
        return _within_vpcs(case, network, database)
    if database.is_public:
        return ok("The function is in no VPC, and the database is public.")
    return failed("The function is in no VPC, and the database is not public. Deploy the stack with SubnetIds.")


def _within_vpcs(case: Case, network: Mapping[str, Any], database: Database) -> Outcome:
    ours, theirs, port = Side(network["SecurityGroupIds"], network["SubnetIds"]), database.side, database.port
    if not _opens(case, theirs, "IpPermissions", port, ours):
        admit = _authorize(case, "ingress", theirs, port, ours)
        return failed(f"No security group of the database admits the function to port {port}.", admit)
    if not _opens(case, ours, "IpPermissionsEgress", port, theirs):
        let_out = _authorize(case, "egress", ours, port, theirs)
        return failed(f"No security group of the function lets it out to port {port}.", let_out)
    if database.vpc != network.get("VpcId"):
        return warning(
            f"The function is in {network.get('VpcId')}, the database in {database.vpc}: they must be peers."
        )
    return ok(f"Both are in {database.vpc}, and port {port} is open between them.")


def _database(case: Case, identifier: str) -> Database:
    try:
        found = case.aws.call("rds", "describe_db_instances", DBInstanceIdentifier=identifier)["DBInstances"][0]
    except MissingError:
        cluster = case.aws.call("rds", "describe_db_clusters", DBClusterIdentifier=identifier)["DBClusters"][0]
        member = cluster["DBClusterMembers"][0]["DBInstanceIdentifier"]
        found = case.aws.call("rds", "describe_db_instances", DBInstanceIdentifier=member)["DBInstances"][0]
    group = found.get("DBSubnetGroup", {})
    return Database(
        vpc=group.get("VpcId"),
        side=Side(
            [group["VpcSecurityGroupId"] for group in found.get("VpcSecurityGroups", ())],
            [subnet["SubnetIdentifier"] for subnet in group.get("Subnets", ())],
        ),
        port=found["Endpoint"]["Port"],
        is_public=bool(found.get("PubliclyAccessible")),
    )


def _opens(case: Case, side: Side, rules: str, port: int, other: Side) -> bool:
    """Whether a group of this side has such a rule that opens the port for the other."""
    found = case.aws.call("ec2", "describe_security_groups", GroupIds=[*side.groups])["SecurityGroups"]
    having_port = [rule for group in found for rule in group[rules] if _has_port(rule, port)]
    # What a list of prefixes holds is not asked for: it may mean the other side.
    if any(_names(other.groups, rule) or rule.get("PrefixListIds") for rule in having_port):
        return True
    wide = [network for rule in having_port for network in _ranges(rule)]
    return bool(wide) and any(_holds(one, network) for network in _networks(case, other) for one in wide)


def _has_port(rule: Mapping[str, Any], port: int) -> bool:
    if rule["IpProtocol"] == TCP:
        return bool(rule["FromPort"] <= port <= rule["ToPort"])
    return bool(rule["IpProtocol"] == ALL_PROTOCOLS)


def _names(groups: Sequence[str], rule: Mapping[str, Any]) -> bool:
    return any(pair.get("GroupId") in groups for pair in rule.get("UserIdGroupPairs", ()))


def _ranges(rule: Mapping[str, Any]) -> Iterator[Network]:
    yield from (ipaddress.ip_network(entry["CidrIp"]) for entry in rule.get("IpRanges", ()))
    yield from (ipaddress.ip_network(entry["CidrIpv6"]) for entry in rule.get("Ipv6Ranges", ()))


def _networks(case: Case, side: Side) -> Iterator[Network]:
    """The addresses of its subnets, of both families; none where it has none that are known."""
    if not side.subnets:  # of no names, AWS would describe all that there are
        return
    for subnet in case.aws.call("ec2", "describe_subnets", SubnetIds=[*side.subnets])["Subnets"]:
        blocks = [block["Ipv6CidrBlock"] for block in subnet.get("Ipv6CidrBlockAssociationSet", ())]
        yield from map(ipaddress.ip_network, filter(None, [subnet.get("CidrBlock"), *blocks]))


def _holds(wide: Network, one: Network) -> bool:
    """Whether a network holds all of another; one of another family it does not."""
    return one[0] in wide and one[-1] in wide


def _authorize(case: Case, direction: str, side: Side, port: int, other: Side) -> str:
    pair = f"UserIdGroupPairs=[{{GroupId={other.groups[0]}}}]"
    permission = f"IpProtocol=tcp,FromPort={port},ToPort={port},{pair}"
    command = f"authorize-security-group-{direction}"
    return case.command("ec2", command, "--group-id", side.groups[0], "--ip-permissions", permission)


CHECKS = {"network.plan": needing_function(_plan)}
