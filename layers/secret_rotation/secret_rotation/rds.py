"""What RDS knows of a host: which database it belongs to, and where that database is written."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from secret_rotation.aws_errors import explained
from secret_rotation.errors import InvalidSecretError, SecretStoreError, UnsafeRotationError
from secret_rotation.model import Credentials, normal_host

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_rds.type_defs import DBClusterTypeDef, DBInstanceTypeDef

Found = TypeVar("Found")

INSTANCE_TAG = "aws:rds:primaryDBInstanceArn"
CLUSTER_TAG = "aws:rds:primaryDBClusterArn"
_NOT_FOUND = ("DBInstanceNotFound", "DBClusterNotFoundFault", "DBInstanceNotFoundFault")


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
            f"{secret} has no key 'host', and its tags name no RDS database that exists. Add host (the writer's "
            "endpoint) to it."
        )

    def require_same_database(self, user: Credentials, superuser: Credentials) -> None:
        """Check that two hosts are one database: writer and reader of one cluster, or a source and its read replica.

        Raises:
            UnsafeRotationError: they are not, or RDS does not know them.
        """
        family = self._family(user.host)
        if family is None or family != self._family(superuser.host):
            raise UnsafeRotationError(
                f"{user.secret} names the host {user.host}:{user.port}, its superuser's secret "
                f"{superuser.host}:{superuser.port}, "
                "and RDS does not know the two as endpoints of one database. Name the same host in both."
            )

    def _family(self, host: str) -> str | None:
        """What all endpoints of one database have in common; None where RDS does not list this very endpoint."""
        name, _, rest = normal_host(host).partition(".")
        if rest.startswith("cluster-custom-"):
            return next(
                (_cluster_family(found) for found in self._clusters() if host_in(host, found["CustomEndpoints"])), None
            )
        if rest.startswith("cluster-"):
            cluster = self._cluster(name)
            listed = cluster and host_in(host, [cluster.get("Endpoint", ""), cluster.get("ReaderEndpoint", "")])
            return _cluster_family(cluster) if cluster and listed else None
        instance = self._instance(name)
        if instance is None or not host_in(host, [instance["Endpoint"]["Address"]]):
            return None
        return self._instance_family(instance)

    def _instance_family(self, instance: "DBInstanceTypeDef") -> str | None:
        source: DBInstanceTypeDef | None = instance
        while source is not None:
            if "DBClusterIdentifier" in source:
                return "cluster " + source["DBClusterIdentifier"]
            if "ReadReplicaSourceDBInstanceIdentifier" not in source:
                return "instance " + source["DBInstanceIdentifier"]
            source = self._instance(source["ReadReplicaSourceDBInstanceIdentifier"])
        return None

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


def _cluster_family(cluster: "DBClusterTypeDef") -> str:
    return "cluster " + cluster["DBClusterIdentifier"]


def _found(call: Callable[[], list[Found]], operation: str, identifier: str) -> Found | None:
    try:
        with explained(operation, identifier, "rds"):
            return next(iter(call()), None)
    except SecretStoreError as error:
        if error.code in _NOT_FOUND:
            return None
        raise
