"""Which hosts RDS knows as endpoints of one database."""

import pytest

from lab.secretsmanager import DatabaseCluster, DatabaseInstance, LocalSecretsManager
from secret_rotation.credentials import Credentials
from secret_rotation.errors import UnsafeRotationError
from secret_rotation.password import Password
from secret_rotation.rds import RdsDirectory

DOMAIN = "abc.eu-west-1.rds.amazonaws.com"
WRITER, READER = f"shop.cluster-{DOMAIN}", f"shop.cluster-ro-{DOMAIN}"
CUSTOM, MEMBER = f"reports.cluster-custom-{DOMAIN}", f"member.{DOMAIN}"
SOURCE, REPLICA, ORPHAN = f"source.{DOMAIN}", f"replica.{DOMAIN}", f"orphan.{DOMAIN}"
REPLICA_OF_REPLICA, REPLICA_OF_CLUSTER = f"replica2.{DOMAIN}", f"replica3.{DOMAIN}"
COPY, COPY_OF_INSTANCE = f"copy.cluster-{DOMAIN}", f"copy2.cluster-{DOMAIN}"
FAR, FAR_COPY = f"far.{DOMAIN}", f"far.cluster-{DOMAIN}"
ABROAD, FOREIGN = "arn:aws:rds:ap-south-1:123456789012", "arn:aws:rds:us-east-1:210987654321"
SHARED, SHARED_COPY = f"shared.{DOMAIN}", f"shared.cluster-{DOMAIN}"
GLOBAL, SHARDS = "shop.global-abc123.global.rds.amazonaws.com", f"shop.shardgrp-{DOMAIN}"
CLUSTERS = [
    DatabaseCluster("copy", "aurora-mysql", COPY, f"copy.cluster-ro-{DOMAIN}", 3306, replica_source="shop"),
    DatabaseCluster(
        "copy2",
        "aurora-mysql",
        COPY_OF_INSTANCE,
        f"copy2.cluster-ro-{DOMAIN}",
        3306,
        replica_source="arn:aws:rds:us-east-1:123456789012:db:source",
    ),
    DatabaseCluster(
        "far", "aurora-mysql", FAR_COPY, f"far.cluster-ro-{DOMAIN}", 3306, replica_source=f"{ABROAD}:cluster:shop"
    ),
    DatabaseCluster(
        "shared",
        "aurora-mysql",
        SHARED_COPY,
        f"shared.cluster-ro-{DOMAIN}",
        3306,
        replica_source=f"{FOREIGN}:cluster:shop",
    ),
    DatabaseCluster("shop", "aurora-mysql", WRITER, READER, 3306, custom_addresses=(CUSTOM,)),
    DatabaseCluster("other", "aurora-mysql", f"other.cluster-{DOMAIN}", f"other.cluster-ro-{DOMAIN}", 3306),
]
INSTANCES = [
    DatabaseInstance("member", "aurora-mysql", MEMBER, 3306, cluster="shop"),
    DatabaseInstance("source", "mysql", SOURCE, 3306),
    DatabaseInstance("replica", "mysql", REPLICA, 3306, replica_source="source"),
    DatabaseInstance("replica2", "mysql", REPLICA_OF_REPLICA, 3306, replica_source="replica"),
    DatabaseInstance("replica3", "mysql", REPLICA_OF_CLUSTER, 3306, replica_source_cluster="shop"),
    DatabaseInstance("unborn", "mysql", "", 3306),
    DatabaseInstance("far", "mysql", FAR, 3306, replica_source=f"{ABROAD}:db:source"),
    DatabaseInstance("shared", "mysql", SHARED, 3306, replica_source=f"{FOREIGN}:db:source"),
    DatabaseInstance("orphan", "mysql", ORPHAN, 3306, replica_source="gone"),
]


def at(host: str, tlsname: str | None = None) -> Credentials:
    """Somebody's credentials at a host."""
    login = host, 3306, "app", Password("x"), None
    return Credentials(*login, tls=True, superuser_arn=None, secret="s", tlsname=tlsname)


@pytest.fixture
def directory(cloud: LocalSecretsManager) -> RdsDirectory:
    """What the function asks, where RDS has these databases."""
    cloud.databases.clusters += CLUSTERS
    cloud.databases.instances += INSTANCES
    return RdsDirectory(cloud.rds_client)


@pytest.mark.parametrize(
    ("user", "superuser"),
    [
        (READER, WRITER),
        (CUSTOM, WRITER),
        (CUSTOM, MEMBER),
        (MEMBER, WRITER),
        (REPLICA, SOURCE),
        (REPLICA_OF_REPLICA, SOURCE),
        (REPLICA_OF_CLUSTER, WRITER),
        (COPY, MEMBER),
        (COPY_OF_INSTANCE, SOURCE),
    ],
)
def test_endpoints_of_one_database(directory: RdsDirectory, user: str, superuser: str) -> None:
    """All endpoints of one cluster and of its members are one database, and so are a source and its replicas."""
    directory.require_same_database(at(user), at(superuser.upper()))


def test_an_alias_is_the_endpoint_that_its_certificate_is_for(directory: RdsDirectory) -> None:
    """RDS is asked about the name that is verified, where the secret has one."""
    directory.require_same_database(at("db.example.com", tlsname=READER), at(WRITER))
    with pytest.raises(UnsafeRotationError, match=r"db\.example\.com:3306 \(tlsname other.*'tlsname'"):
        directory.require_same_database(at("db.example.com", tlsname=f"other.cluster-{DOMAIN}"), at(WRITER))


@pytest.mark.parametrize(
    ("user", "superuser", "words"),
    [
        (FAR, SOURCE, f"{FAR}:3306, which is a replica of {ABROAD}:db:source.*function in ap-south-1"),
        (WRITER, FAR_COPY, f"{FAR_COPY}:3306, which is a replica of {ABROAD}:cluster:shop"),
        (SHARED, SOURCE, f"replica of {FOREIGN}:db:source.*another account.*function in account 210987654321"),
        (SHARED_COPY, WRITER, f"replica of {FOREIGN}:cluster:shop.*another account"),
        (GLOBAL, WRITER, "the writer endpoint of an Aurora global database.*same host and port in both"),
        (READER, SHARDS, "the endpoint of a shard group of Aurora Limitless.*same host and port in both"),
        ("db.example.com", SHARDS, "the endpoint of a shard group"),
    ],
)
def test_what_rds_does_not_tell_here(directory: RdsDirectory, user: str, superuser: str, words: str) -> None:
    """Other regions, other accounts and other kinds of endpoints are not asked about, but refused by what they are."""
    with pytest.raises(UnsafeRotationError, match=words):
        directory.require_same_database(at(user), at(superuser))


@pytest.mark.parametrize(
    ("user", "superuser"),
    [
        (WRITER, f"other.cluster-{DOMAIN}"),
        (WRITER, SOURCE),
        (ORPHAN, SOURCE),
        (ORPHAN, ORPHAN),
        (f"unborn.{DOMAIN}", SOURCE),
        (f"gone.cluster-{DOMAIN}", f"gone.cluster-{DOMAIN}"),
        (f"gone.cluster-custom-{DOMAIN}", f"gone.cluster-custom-{DOMAIN}"),
        ("shop.cluster-elsewhere.example.com", WRITER),
    ],
)
def test_endpoints_of_two_databases(directory: RdsDirectory, user: str, superuser: str) -> None:
    """Two databases are refused, and so is what RDS does not list: a replica's source, or a host of another domain."""
    with pytest.raises(UnsafeRotationError, match="does not know the two"):
        directory.require_same_database(at(user), at(superuser))
