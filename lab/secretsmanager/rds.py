"""DescribeDBInstances and DescribeDBClusters over databases that the lab declares.

moto's RDS backend makes up endpoint addresses; here they are the lab's real servers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET  # nosec B405 # to write XML, not to read it

from lab.cloud import ACCOUNT, REGION, AwsError

NAMESPACE = "http://rds.amazonaws.com/doc/2014-10-31/"
ARN_PREFIX = f"arn:aws:rds:{REGION}:{ACCOUNT}"
Node = str | int | bool | Mapping[str, "Node"] | Sequence[tuple[str, "Node"]]


@dataclass(frozen=True)
class DatabaseInstance:
    """A DB instance, as far as a rotation asks for it. One that is being made has no address yet."""

    identifier: str
    engine: str
    address: str
    port: int
    cluster: str | None = None
    replica_source: str | None = None
    replica_source_cluster: str | None = None
    replicas: tuple[str, ...] = ()
    master_username: str = ""
    master_secret_arn: str = ""
    vpc: str | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        """The instance's ARN, as in the tag ``aws:rds:primaryDBInstanceArn``."""
        return f"{ARN_PREFIX}:db:{self.identifier}"

    def members(self) -> Mapping[str, Node]:
        members: dict[str, Node] = {
            "DBInstanceIdentifier": self.identifier,
            "DBInstanceArn": self.arn,
            "DBInstanceStatus": "available",
            "Engine": self.engine,
            **({"Endpoint": {"Address": self.address, "Port": self.port}} if self.address else {}),
            "ReadReplicaDBInstanceIdentifiers": [("ReadReplicaDBInstanceIdentifier", name) for name in self.replicas],
            "PubliclyAccessible": self.vpc is None,
            **({"DBSubnetGroup": self._subnet_group(self.vpc)} if self.vpc else {}),
            "VpcSecurityGroups": [
                ("VpcSecurityGroupMembership", {"VpcSecurityGroupId": group, "Status": "active"})
                for group in self.security_groups
            ],
        }
        optional = {
            "DBClusterIdentifier": self.cluster,
            "ReadReplicaSourceDBInstanceIdentifier": self.replica_source,
            "ReadReplicaSourceDBClusterIdentifier": self.replica_source_cluster,
        }
        return members | {name: value for name, value in optional.items() if value} | _master(self)

    def _subnet_group(self, vpc: str) -> Mapping[str, Node]:
        return {"VpcId": vpc, "Subnets": [("Subnet", {"SubnetIdentifier": subnet}) for subnet in self.subnets]}


@dataclass(frozen=True)
class DatabaseCluster:
    """A cluster of Aurora, or a Multi-AZ DB cluster, which has the same endpoints.

    `instances` are its members' identifiers, the writer first.
    """

    identifier: str
    engine: str
    address: str
    reader_address: str
    port: int
    instances: tuple[str, ...] = ()
    custom_addresses: tuple[str, ...] = ()
    replica_source: str = ""
    master_username: str = ""
    master_secret_arn: str = ""

    @property
    def arn(self) -> str:
        """The cluster's ARN, as in the tag ``aws:rds:primaryDBClusterArn``."""
        return f"{ARN_PREFIX}:cluster:{self.identifier}"

    def members(self) -> Mapping[str, Node]:
        return {
            "DBClusterIdentifier": self.identifier,
            "DBClusterArn": self.arn,
            "Status": "available",
            "Engine": self.engine,
            "Endpoint": self.address,
            "ReaderEndpoint": self.reader_address,
            "CustomEndpoints": [("member", address) for address in self.custom_addresses],
            "ReplicationSourceIdentifier": self.replica_source,
            "Port": self.port,
            "DBClusterMembers": [
                ("DBClusterMember", {"DBInstanceIdentifier": name, "IsClusterWriter": index == 0})
                for index, name in enumerate(self.instances)
            ],
            **_master(self),
        }


@dataclass
class Databases:
    """What RDS knows of: add instances and clusters as the lab starts servers."""

    instances: list[DatabaseInstance] = field(default_factory=list)
    clusters: list[DatabaseCluster] = field(default_factory=list)

    def clear(self) -> None:
        self.instances.clear()
        self.clusters.clear()

    def answer(self, operation: str, parameters: Mapping[str, str]) -> str:
        """The XML answer to one operation.

        Raises:
            AwsError: DBInstanceNotFound, DBClusterNotFoundFault, or InvalidAction for any other operation.
        """
        if operation == "DescribeDBInstances":
            return _described("DBInstance", self.instances, parameters, "DBInstanceNotFound")
        if operation == "DescribeDBClusters":
            return _described("DBCluster", self.clusters, parameters, "DBClusterNotFoundFault")
        raise AwsError("InvalidAction", f"The lab's RDS does not do {operation}.")


def _described(
    kind: str, known: Sequence[DatabaseInstance | DatabaseCluster], parameters: Mapping[str, str], missing: str
) -> str:
    wanted = parameters.get(f"{kind}Identifier")
    found = [item for item in known if wanted in (None, item.identifier, item.arn)]
    if wanted and not found:
        raise AwsError(missing, f"{kind} {wanted} not found.", 404)
    root = ET.Element(f"Describe{kind}sResponse", xmlns=NAMESPACE)
    _append(root, f"Describe{kind}sResult", {f"{kind}s": [(kind, item.members()) for item in found]})
    return ET.tostring(root, encoding="unicode")


def _master(database: DatabaseInstance | DatabaseCluster) -> dict[str, Node]:
    """The user that a database was made with, and its secret where RDS manages that."""
    username, secret = database.master_username, database.master_secret_arn
    return {
        **({"MasterUsername": username} if username else {}),
        **({"MasterUserSecret": {"SecretArn": secret, "SecretStatus": "active"}} if secret else {}),
    }


def _append(parent: ET.Element, name: str, node: Node) -> None:
    element = ET.SubElement(parent, name)
    if isinstance(node, bool):
        element.text = str(node).lower()
    elif isinstance(node, str | int):
        element.text = str(node)
    else:
        for child_name, child in node.items() if isinstance(node, Mapping) else node:
            _append(element, child_name, child)
