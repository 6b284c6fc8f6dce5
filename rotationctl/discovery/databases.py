"""The databases that RDS knows in this account and region: clusters, and instances that belong to none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from secret_rotation.credentials import normal_host

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient


@dataclass(frozen=True, slots=True)
class Database:
    """A cluster with its members, or an instance.

    Attributes:
        engine: as RDS calls it, which is what the key "engine" of a secret says.
        arns: of the cluster and its members, or of the instance: what a secret's tags may name.
        endpoints: its host names, the writer's first.
        master_username: of the user that it was made with.
        master_secret: the ARN of that user's secret, where RDS manages it.

    Source: RDS API Reference, DBCluster and DBInstance.
    """

    name: str
    engine: str
    arns: frozenset[str]
    endpoints: tuple[str, ...]
    port: int | None
    master_username: str | None
    master_secret: str | None

    @classmethod
    def of_cluster(cls, cluster: Mapping[str, Any], members: list[Mapping[str, Any]]) -> Self:
        """A cluster, with the instances in it."""
        hosts = [cluster.get("Endpoint"), cluster.get("ReaderEndpoint"), *cluster.get("CustomEndpoints", ())]
        hosts += [member.get("Endpoint", {}).get("Address") for member in members]
        return cls(
            name=cluster["DBClusterIdentifier"],
            engine=cluster["Engine"],
            arns=frozenset([cluster["DBClusterArn"], *(member["DBInstanceArn"] for member in members)]),
            endpoints=tuple(normal_host(host) for host in hosts if host),
            port=cluster.get("Port"),
            master_username=cluster.get("MasterUsername"),
            master_secret=cluster.get("MasterUserSecret", {}).get("SecretArn"),
        )

    @classmethod
    def of_instance(cls, instance: Mapping[str, Any]) -> Self:
        """An instance of no cluster. One that is being made has no endpoint."""
        endpoint = instance.get("Endpoint", {})
        return cls(
            name=instance["DBInstanceIdentifier"],
            engine=instance["Engine"],
            arns=frozenset([instance["DBInstanceArn"]]),
            endpoints=tuple(normal_host(host) for host in [endpoint.get("Address")] if host),
            port=endpoint.get("Port"),
            master_username=instance.get("MasterUsername"),
            master_secret=instance.get("MasterUserSecret", {}).get("SecretArn"),
        )


def read_databases(client: "RDSClient") -> Iterator[Database]:
    """All databases, a call for each hundred clusters and each hundred instances."""
    instances: list[Mapping[str, Any]] = [
        instance
        for page in client.get_paginator("describe_db_instances").paginate()
        for instance in page["DBInstances"]
    ]
    for page in client.get_paginator("describe_db_clusters").paginate():
        for cluster in page["DBClusters"]:
            name = cluster["DBClusterIdentifier"]
            yield Database.of_cluster(cluster, [one for one in instances if one.get("DBClusterIdentifier") == name])
    yield from (Database.of_instance(one) for one in instances if not one.get("DBClusterIdentifier"))
