"""The local RDS API: the databases that a test declares, at the addresses that it gives them."""

import pytest

from lab.secretsmanager import DatabaseCluster, DatabaseInstance, LocalSecretsManager
from tests.fixtures.cloud import refused

WRITER = DatabaseInstance("writer", "aurora-postgresql", "localhost", 5433, cluster="orders")
REPLICA = DatabaseInstance("replica", "mysql", "replica.local", 3307, replica_source="primary")
CLUSTER = DatabaseCluster(
    "orders", "aurora-postgresql", "localhost", "reader.local", 5433, instances=("writer", "reader")
)


@pytest.fixture(autouse=True)
def databases(cloud: LocalSecretsManager) -> None:
    """Two instances and a cluster."""
    cloud.databases.instances += [WRITER, REPLICA]
    cloud.databases.clusters += [CLUSTER]


@pytest.mark.parametrize("identifier", [WRITER.identifier, WRITER.arn], ids=["name", "arn"])
def test_instance(cloud: LocalSecretsManager, identifier: str) -> None:
    """An instance is found by its name and by its ARN, with the address that the test gave it."""
    (found,) = cloud.rds_client().describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    assert (found["Endpoint"]["Address"], found["Endpoint"]["Port"]) == ("localhost", 5433)
    assert (found["DBInstanceArn"], found["DBClusterIdentifier"]) == (WRITER.arn, "orders")


def test_replica(cloud: LocalSecretsManager) -> None:
    """A read replica names its source; a database that is none does not."""
    writer, replica = cloud.rds_client().describe_db_instances()["DBInstances"]
    assert replica["ReadReplicaSourceDBInstanceIdentifier"] == "primary"
    assert "ReadReplicaSourceDBInstanceIdentifier" not in writer


@pytest.mark.parametrize("identifier", [CLUSTER.identifier, CLUSTER.arn], ids=["name", "arn"])
def test_cluster(cloud: LocalSecretsManager, identifier: str) -> None:
    """A cluster is found by its name and by its ARN, with its writer and reader told apart."""
    (found,) = cloud.rds_client().describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"]
    assert (found["Endpoint"], found["ReaderEndpoint"], found["Port"]) == ("localhost", "reader.local", 5433)
    assert [(member["DBInstanceIdentifier"], member["IsClusterWriter"]) for member in found["DBClusterMembers"]] == [
        ("writer", True),
        ("reader", False),
    ]


def test_unknown(cloud: LocalSecretsManager) -> None:
    """A database that does not exist is RDS's own error."""
    with refused("DBInstanceNotFound", "nope not found"):
        cloud.rds_client().describe_db_instances(DBInstanceIdentifier="nope")
    with refused("DBClusterNotFoundFault", "nope not found"):
        cloud.rds_client().describe_db_clusters(DBClusterIdentifier="nope")
