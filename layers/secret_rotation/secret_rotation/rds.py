"""What RDS knows of a host: which database it belongs to, and where that database is written."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from secret_rotation.aws_errors import explained
from secret_rotation.credentials import Credentials, normal_host
from secret_rotation.errors import InvalidSecretError, SecretStoreError, UnsafeRotationError

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_rds.type_defs import DBClusterTypeDef, DBInstanceTypeDef

Found = TypeVar("Found")

INSTANCE_TAG = "aws:rds:primaryDBInstanceArn"
CLUSTER_TAG = "aws:rds:primaryDBClusterArn"
_NOT_FOUND = ("DBInstanceNotFound", "DBClusterNotFoundFault", "DBInstanceNotFoundFault", "InvalidParameterValue")
"""The last where a host begins with what can be no identifier, as an IP address does."""
_ARN = re.compile(r"arn:[^:]+:rds:(?P<region>[^:]+):(?P<account>\d+):(?P<kind>db|cluster):(?P<name>[^:]+)")

_BEYOND_THE_REGION = {
    re.compile(r"\.global-[a-z0-9]+\.global\.rds\."): "the writer endpoint of an Aurora global database",
    re.compile(r"\.shardgrp-[a-z0-9]+\."): "the endpoint of a shard group of Aurora Limitless",
}
"""Endpoints of which neither DescribeDBInstances nor DescribeDBClusters tells: their names, and what they are.

Source: Aurora User Guide, "Connecting to Amazon Aurora Global Database", "Connecting to your Limitless Database".
"""


class RdsDirectory:
    """Looks databases up in the RDS API. The client is made when it is first needed: most rotations never do."""

    def __init__(self, make_client: Callable[[], "RDSClient"]) -> None:
        self._make_client = make_client

    @cached_property
    def _client(self) -> "RDSClient":
        return self._make_client()

    def writer(self, tags: Mapping[str, str], secret: str) -> tuple[str, int]:
        """Host and port of the database whose superuser's secret RDS itself manages, from that secret's tags.

        Raises:
            InvalidSecretError: the secret has no host and none of the tags either.
            SecretStoreError: RDS refused the call, or did not answer.
        """
        if CLUSTER_TAG in tags:
            cluster = self._cluster(tags[CLUSTER_TAG])
            if cluster is not None:
                return cluster["Endpoint"], cluster["Port"]
        if INSTANCE_TAG in tags:
            instance = self._instance(tags[INSTANCE_TAG])
            if instance is not None:
                return instance["Endpoint"]["Address"], instance["Endpoint"]["Port"]
        raise InvalidSecretError(
            f"{secret} has no key 'host', and its tags name no RDS database that exists. "
            "Add host (the writer's endpoint) to it."
        )

    def require_same_database(self, user: Credentials, superuser: Credentials) -> None:
        """Check that two hosts are one database: writer and reader of one cluster, or a source and its read replica.

        Where a host is an alias, the endpoint that its certificate is for is looked up.

        Raises:
            UnsafeRotationError: they are not, or RDS does not know them.
            SecretStoreError: RDS refused a call, or did not answer.
        """
        for credentials in (user, superuser):
            _refuse_beyond_the_region(credentials)
        family = self._family(user)
        if family is None or family != self._family(superuser):
            raise UnsafeRotationError(
                f"{user.secret} names the host {_place(user)}, "
                f"its superuser's secret {_place(superuser)}, "
                "and RDS does not know the two as endpoints of one database. "
                "Name the same host in both; where a host is an alias, put the endpoint that RDS gives into 'tlsname'."
            )

    def _family(self, credentials: Credentials) -> str | None:
        """What all endpoints of one database have in common; None where RDS does not list this very endpoint."""
        host = credentials.certified_name
        name, _, rest = normal_host(host).partition(".")
        if rest.startswith("cluster-custom-"):
            custom = (found for found in self._clusters() if host_in(host, found["CustomEndpoints"]))
            return self._origin_of_cluster(next(custom, None), credentials)
        if rest.startswith("cluster-"):
            cluster = self._cluster(name)
            endpoints = [cluster.get("Endpoint", ""), cluster.get("ReaderEndpoint", "")] if cluster else []
            return self._origin_of_cluster(cluster, credentials) if host_in(host, endpoints) else None
        instance = self._instance(name)
        endpoint = instance.get("Endpoint", {}) if instance else {}  # an instance that is being made has none
        return self._origin_of_instance(instance, credentials) if host_in(host, [endpoint.get("Address", "")]) else None

    def _origin_of_cluster(self, cluster: "DBClusterTypeDef | None", replica: Credentials) -> str | None:
        """Where the accounts of a cluster are made: in the source that it replicates, or in itself."""
        if cluster is None:
            return None
        source = cluster.get("ReplicationSourceIdentifier")
        return self._origin(source, "cluster", replica) if source else "cluster " + cluster["DBClusterIdentifier"]

    def _origin_of_instance(self, instance: "DBInstanceTypeDef | None", replica: Credentials) -> str | None:
        """The same for an instance, which may be a member of a cluster, or a replica of a cluster or an instance."""
        if instance is None:
            return None
        cluster = instance.get("DBClusterIdentifier") or instance.get("ReadReplicaSourceDBClusterIdentifier")
        if cluster:
            return self._origin(cluster, "cluster", replica)
        source = instance.get("ReadReplicaSourceDBInstanceIdentifier")
        return self._origin(source, "db", replica) if source else "instance " + instance["DBInstanceIdentifier"]

    def _origin(self, source: str, kind: str, replica: Credentials) -> str | None:
        """The same for a source, which RDS gives by its name or, as it does with another region's, by its ARN."""
        arn = _ARN.fullmatch(source)
        if arn:
            self._refuse_other_region(arn, replica)
            source, kind = arn["name"], arn["kind"]
        if kind == "cluster":
            cluster = self._cluster(source)
            _refuse_other_account(arn, cluster["DBClusterArn"] if cluster else "", replica)
            return self._origin_of_cluster(cluster, replica)
        instance = self._instance(source)
        _refuse_other_account(arn, instance["DBInstanceArn"] if instance else "", replica)
        return self._origin_of_instance(instance, replica)

    def _refuse_other_region(self, source: re.Match[str], replica: Credentials) -> None:
        if source["region"] != self._client.meta.region_name:
            raise _elsewhere(source, replica, "region", source["region"])

    def _instance(self, identifier: str) -> "DBInstanceTypeDef | None":
        return _found(
            lambda: self._client.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"],
            "DescribeDBInstances",
            identifier,
        )

    def _cluster(self, identifier: str) -> "DBClusterTypeDef | None":
        return _found(
            lambda: self._client.describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"],
            "DescribeDBClusters",
            identifier,
        )

    def _clusters(self) -> Iterator["DBClusterTypeDef"]:
        with explained("DescribeDBClusters", "all clusters", "rds"):
            for page in self._client.get_paginator("describe_db_clusters").paginate():
                yield from (cluster for cluster in page["DBClusters"] if cluster.get("CustomEndpoints"))


def host_in(host: str, endpoints: list[str]) -> bool:
    """Whether a host is one of the endpoints, however it is spelt."""
    return normal_host(host) in map(normal_host, endpoints)


def _refuse_beyond_the_region(credentials: Credentials) -> None:
    for pattern, what in _BEYOND_THE_REGION.items():
        if pattern.search(normal_host(credentials.certified_name)):
            raise UnsafeRotationError(
                f"{credentials.secret} names the host {_place(credentials)}, which is {what}. To which cluster it "
                "leads cannot be asked here. Name one and the same host and port in both secrets: this one, or the "
                "endpoint of the cluster that writes."
            )


def _refuse_other_account(source: re.Match[str] | None, found_arn: str, replica: Credentials) -> None:
    """Stop where what was found by a source's name is another database: one of the account that was asked."""
    found = _ARN.fullmatch(found_arn)
    if source and found and source["account"] != found["account"]:
        raise _elsewhere(source, replica, "account", f"account {source['account']}")


def _elsewhere(source: re.Match[str], replica: Credentials, what: str, where: str) -> UnsafeRotationError:
    return UnsafeRotationError(
        f"{replica.secret} names the host {_place(replica)}, which is a replica of {source[0]}. Of a database of "
        f"another {what} nobody can be asked here. Put the endpoint of that source into 'host' of both secrets, and "
        f"better let a function in {where} rotate them."
    )


def _place(credentials: Credentials) -> str:
    alias = "" if credentials.tlsname is None else f" (tlsname {credentials.tlsname})"
    return f"{credentials.host}:{credentials.port}{alias}"


def _found(call: Callable[[], list[Found]], operation: str, identifier: str) -> Found | None:
    try:
        with explained(operation, identifier, "rds"):
            return next(iter(call()), None)
    except SecretStoreError as error:
        if error.code in _NOT_FOUND:
            return None
        raise
