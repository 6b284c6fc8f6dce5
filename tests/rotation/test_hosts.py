"""Where the superuser is: secrets that RDS manages, Aurora's readers and writers."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lab.relay import Relay
from lab.secretsmanager import DatabaseCluster, faults
from tests.fixtures.databases import ApplicationUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication
from tests.rotation.faulted import rotates
from tests.rotation.rds import engine_of_clusters, instance, managed_by_rds

Place = dict[str, Any]


ALIAS = "127.0.0.2"
"""A host that leads to a test's server, and for which no certificate is made."""


@pytest.fixture
def alias(user: ApplicationUser) -> Iterator[Place]:
    """Host and port of an alias of the user's server."""
    with Relay(user.server.port, ALIAS) as relay:
        yield {"host": ALIAS, "port": relay.port}


def main_cluster(user: ApplicationUser) -> DatabaseCluster:
    """The user's server as the writer of an Aurora cluster."""
    return DatabaseCluster("main", engine_of_clusters(user), "localhost", "reader.invalid", user.relay.port)


def refused_unasked(application: Application) -> str:
    """The message of a setSecret that must end before anybody is connected to, and before RDS is asked."""
    application.user.relay.connections = 0
    application.secret.cloud.calls.clear()
    message = application.refusal("UnsafeRotationError")
    assert application.user.relay.connections == 0
    assert not [call for call in application.secret.cloud.calls.all() if call.operation.startswith("DescribeDB")]
    return message


def test_a_host_that_is_an_alias(
    user: ApplicationUser, strategy: str, alias: Place, make_application: MakeApplication
) -> None:
    """A secret whose host is an alias rotates by the name of the certificate, and clients keep both keys."""
    application = make_application(user, strategy, **alias, tlsname="localhost")
    application.superuser_secret.change(**alias, tlsname="localhost")
    rotates(application, 2)
    assert application.secret.value()["tlsname"] == "localhost"


def test_an_alias_without_the_name_of_the_certificate(
    user: ApplicationUser, alias: Place, make_application: MakeApplication
) -> None:
    """The error names the key that is missing, and AWSCURRENT stays."""
    application = make_application(user, SINGLE_USER, **alias)
    assert "'tlsname'" in application.refusal("DatabaseUnreachableError")
    assert application.logs_in()


def test_versions_from_before_the_name_was_added_are_tried_with_it(
    user: ApplicationUser, alias: Place, make_application: MakeApplication
) -> None:
    """AWSPREVIOUS, which lacks the key, still logs in where AWSCURRENT's password is not the database's."""
    application = make_application(user, SINGLE_USER, **alias)
    application.secret.change(tlsname="localhost", password="not-yet")
    rotates(application)


def test_an_alias_of_the_superusers_own_host(
    user: ApplicationUser, alias: Place, make_application: MakeApplication
) -> None:
    """Only the user's host is an alias: RDS tells by the name that is verified."""
    application = make_application(user, ALTERNATING_USERS, **alias, tlsname="localhost")
    application.secret.cloud.databases.instances.append(instance(user))
    rotates(application, 2)


def test_an_alias_of_a_host_that_rds_does_not_know(user: ApplicationUser, make_application: MakeApplication) -> None:
    """At the same port, the certificate itself says that it is the same server."""
    with Relay(user.server.port, ALIAS, port=user.relay.port) as relay:
        application = make_application(user, ALTERNATING_USERS, host=ALIAS, port=relay.port, tlsname="localhost")
        rotates(application)


def test_a_pending_version_with_another_name_to_verify(application: Application) -> None:
    """AWSPENDING goes where AWSCURRENT goes, by the same certificate, or is refused with the command."""
    token = application.begin()
    value = {**application.secret.value(), "password": "another"}
    application.secret.put({**value, "tlsname": "127.0.0.1"}, stages=("AWSPENDING",), token=token)
    outcome = application.step("setSecret", token)
    assert outcome.error_type == "UnsafeRotationError", outcome
    assert "tlsname" in str(outcome.error_message)
    assert f"--remove-from-version-id {token}" in str(outcome.error_message)


def test_two_ports_of_one_host(application: Application) -> None:
    """Two ports are two servers, whatever RDS would say of the host: both are named, and nobody is asked."""
    port = application.superuser_secret.value()["port"]
    application.superuser_secret.change(port=port + 1)
    message = refused_unasked(application)
    assert re.search(rf"port {port} of .* port {port + 1}\b", message)


def test_a_host_that_can_be_no_name_of_a_database(application: Application) -> None:
    """RDS refuses to look an IP address up, which is no reason to speak of RDS: it is not the same database."""
    application.superuser_secret.change(host="127.0.0.1")
    application.secret.cloud.databases.instances.append(instance(application.user))
    invalid = faults.error("DescribeDBInstances", "InvalidParameterValue", nth=2)
    with application.secret.cloud.faults.during(invalid):
        assert "Name the same host in both" in application.refusal("UnsafeRotationError")


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("shop.global-abc123.global.rds.amazonaws.com", "global database"),
        ("shop.shardgrp-abc123.us-east-1.rds.amazonaws.com", "shard group"),
    ],
)
def test_endpoints_of_which_rds_tells_nothing_here(application: Application, host: str, words: str) -> None:
    """They are refused by their kind, with what to write, and not as something that RDS denies or does not know."""
    application.superuser_secret.change(host=host)
    message = refused_unasked(application)
    assert words in message
    assert "same host and port in both" in message


def test_a_superuser_secret_that_rds_manages_for_an_instance(application: Application) -> None:
    """A superuser's secret without a host gets it from the RDS API, by the tag that RDS put on it."""
    database = instance(application.user)
    application.secret.cloud.databases.instances.append(database)
    managed_by_rds(application, "aws:rds:primaryDBInstanceArn", database.arn)
    rotates(application)


def test_a_superuser_secret_that_rds_manages_for_a_cluster(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """The same for an Aurora cluster: its writer endpoint is taken."""
    application = make_application(user, ALTERNATING_USERS, engine=engine_of_clusters(user))
    cluster = main_cluster(user)
    application.secret.cloud.databases.clusters.append(cluster)
    managed_by_rds(application, "aws:rds:primaryDBClusterArn", cluster.arn)
    rotates(application)


def test_a_superuser_secret_whose_database_is_gone(application: Application) -> None:
    """A tag that names no database any more is an error that says to add the host."""
    managed_by_rds(application, "aws:rds:primaryDBInstanceArn", instance(application.user).arn)
    assert "Add host" in application.refusal("InvalidSecretError")


def test_a_reader_of_the_same_cluster(application: Application) -> None:
    """A secret for a reader instance rotates through the writer, which the superuser's secret names."""
    application.superuser_secret.change(host="127.0.0.1")
    writer = replace(instance(application.user), identifier="127", address="127.0.0.1", cluster="main")
    reader = replace(instance(application.user), cluster="main")
    application.secret.cloud.databases.instances.extend([writer, reader])
    application.secret.cloud.databases.clusters.append(main_cluster(application.user))
    rotates(application)


def test_two_databases_of_rds_are_not_one(application: Application) -> None:
    """Two instances that RDS knows, but neither as the other's replica, are not the same database."""
    application.superuser_secret.change(host="127.0.0.1")
    other = replace(instance(application.user), identifier="127", address="127.0.0.1")
    application.secret.cloud.databases.instances.extend([instance(application.user), other])
    application.user.relay.connections = 0
    application.refusal("UnsafeRotationError")
    assert application.user.relay.connections == 0
