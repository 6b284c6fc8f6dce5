"""DescribeDBInstances and DescribeDBClusters over databases that the lab declares.

moto's RDS backend makes up endpoint addresses; here they are the lab's real servers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from lab.secretsmanager.errors import AwsError

NAMESPACE = "http://rds.amazonaws.com/doc/2014-10-31/"
ARN_PREFIX = "arn:aws:rds:us-east-1:123456789012"
Node = str | int | bool | Mapping[str, "Node"] | Sequence[tuple[str, "Node"]]


@dataclass(frozen=True)
class DatabaseInstance:
    """A DB instance, as far as a rotation asks for it."""

    identifier: str
    engine: str
    address: str
    port: int
    cluster: str | None = None
    replica_source: str | None = None
    replicas: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        """The instance's ARN, as in the tag ``aws:rds:primaryDBInstanceArn``."""
        return f"{ARN_PREFIX}:db:{self.identifier}"

    def members(self) -> Mapping[str, Node]:
        """The DBInstance structure."""
        members: dict[str, Node] = {
            "DBInstanceIdentifier": self.identifier,
            "DBInstanceArn": self.arn,
            "DBInstanceStatus": "available",
            "Engine": self.engine,
            "Endpoint": {"Address": self.address, "Port": self.port},
            "ReadReplicaDBInstanceIdentifiers": [("ReadReplicaDBInstanceIdentifier", name) for name in self.replicas],
        }
        optional = {"DBClusterIdentifier": self.cluster, "ReadReplicaSourceDBInstanceIdentifier": self.replica_source}
        return members | {name: value for name, value in optional.items() if value}


@dataclass(frozen=True)
class DatabaseCluster:
    """An Aurora cluster; `instances` are its members' identifiers, the writer first."""

    identifier: str
    engine: str
    address: str
    reader_address: str
    port: int
    instances: tuple[str, ...] = ()
    custom_addresses: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        """The cluster's ARN, as in the tag ``aws:rds:primaryDBClusterArn``."""
        return f"{ARN_PREFIX}:cluster:{self.identifier}"

    def members(self) -> Mapping[str, Node]:
        """The DBCluster structure."""
        return {
            "DBClusterIdentifier": self.identifier,
            "DBClusterArn": self.arn,
            "Status": "available",
            "Engine": self.engine,
            "Endpoint": self.address,
            "ReaderEndpoint": self.reader_address,
            "CustomEndpoints": [("member", address) for address in self.custom_addresses],
            "Port": self.port,
            "DBClusterMembers": [
                ("DBClusterMember", {"DBInstanceIdentifier": name, "IsClusterWriter": index == 0})
                for index, name in enumerate(self.instances)
            ],
        }


@dataclass
class Databases:
    """What RDS knows of: add instances and clusters as the lab starts servers."""

    instances: list[DatabaseInstance] = field(default_factory=list)
    clusters: list[DatabaseCluster] = field(default_factory=list)

    def clear(self) -> None:
        """Forget all of them."""
        self.instances.clear()
        self.clusters.clear()

    def answer(self, operation: str, parameters: Mapping[str, str]) -> str:
        """The XML answer to one operation.

        Raises:
            AwsError: DBInstanceNotFound, DBClusterNotFoundFault, or InvalidAction for any other operation.
        """
        operations: Mapping[str, Callable[[Mapping[str, str]], Mapping[str, Node]]] = {
            "DescribeDBInstances": self._instances,
            "DescribeDBClusters": self._clusters,
        }
        if operation not in operations:
            raise AwsError("InvalidAction", f"The lab's RDS does not do {operation}.")
        return _document(operation, operations[operation](parameters))

    def _instances(self, parameters: Mapping[str, str]) -> Mapping[str, Node]:
        wanted = parameters.get("DBInstanceIdentifier")
        found = [item for item in self.instances if wanted in (None, item.identifier, item.arn)]
        if wanted and not found:
            raise AwsError("DBInstanceNotFound", f"DBInstance {wanted} not found.", 404)
        return {"DBInstances": [("DBInstance", item.members()) for item in found]}

    def _clusters(self, parameters: Mapping[str, str]) -> Mapping[str, Node]:
        wanted = parameters.get("DBClusterIdentifier")
        found = [item for item in self.clusters if wanted in (None, item.identifier, item.arn)]
        if wanted and not found:
            raise AwsError("DBClusterNotFoundFault", f"DBCluster {wanted} not found.", 404)
        return {"DBClusters": [("DBCluster", item.members()) for item in found]}


def error_document(error: AwsError) -> str:
    """The query protocol's form of an error."""
    root = ET.Element("ErrorResponse", xmlns=NAMESPACE)
    _append(root, "Error", {"Type": "Sender", "Code": error.code, "Message": error.message})
    return ET.tostring(root, encoding="unicode")


def _document(operation: str, result: Mapping[str, Node]) -> str:
    root = ET.Element(f"{operation}Response", xmlns=NAMESPACE)
    _append(root, f"{operation}Result", result)
    return ET.tostring(root, encoding="unicode")


def _append(parent: ET.Element, name: str, node: Node) -> None:
    element = ET.SubElement(parent, name)
    if isinstance(node, bool):
        element.text = str(node).lower()
    elif isinstance(node, str | int):
        element.text = str(node)
    else:
        for child_name, child in node.items() if isinstance(node, Mapping) else node:
            _append(element, child_name, child)
