"""Where the superuser is: secrets that RDS manages, read replicas, Aurora's readers and writers."""

from dataclasses import replace
from pathlib import Path

from lab.secretsmanager import DatabaseCluster
from lab.servers import PostgresServer, start_replica
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, MakeApplication
from tests.rotation.rds import engine_family, instance, managed_by_rds, trusting


def test_a_superuser_secret_that_rds_manages_for_an_instance(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """A superuser's secret without a host gets it from the RDS API, by the tag that RDS put on it."""
    application = make_application(user, ALTERNATING_USERS)
    database = instance(user)
    application.secret.cloud.databases.instances.append(database)
    managed_by_rds(application, "aws:rds:primaryDBInstanceArn", database.arn)
    assert application.rotate().succeeded
    assert application.works()


def test_a_superuser_secret_that_rds_manages_for_a_cluster(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """The same for an Aurora cluster: its writer endpoint is taken."""
    application = make_application(user, ALTERNATING_USERS, engine=f"aurora-{engine_family(user)}")
    cluster = DatabaseCluster("main", f"aurora-{engine_family(user)}", "localhost", "reader.invalid", user.relay.port)
    application.secret.cloud.databases.clusters.append(cluster)
    managed_by_rds(application, "aws:rds:primaryDBClusterArn", cluster.arn)
    assert application.rotate().succeeded
    assert application.works()


def test_a_superuser_secret_whose_database_is_gone(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A tag that names no database any more is an error that says to add the host."""
    application = make_application(user, ALTERNATING_USERS)
    managed_by_rds(application, "aws:rds:primaryDBInstanceArn", instance(user).arn)
    outcome = application.steps(application.begin(), "createSecret", "setSecret")
    assert outcome.error_type == "InvalidSecretError"
    assert "Add host" in str(outcome.error_message)


def test_a_reader_of_the_same_cluster(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A secret for a reader instance rotates through the writer, which the superuser's secret names."""
    application = make_application(user, ALTERNATING_USERS)
    application.superuser_secret.put({**application.superuser_secret.value(), "host": "127.0.0.1"})
    writer = replace(instance(user), identifier="127", address="127.0.0.1", cluster="main")
    reader = replace(instance(user), cluster="main")
    application.secret.cloud.databases.instances.extend([writer, reader])
    assert application.rotate().succeeded
    assert application.works()


def test_a_read_replica_of_the_superusers_instance(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication, tmp_path: Path
) -> None:
    """A secret for a read replica rotates at its source: the replica accepts the new password once it has caught up."""
    user = make_user(newest_postgres)
    with start_replica(newest_postgres) as replica:
        environ = trusting(tmp_path, newest_postgres, replica)
        application = make_application(user, ALTERNATING_USERS, environ=environ, host="127.0.0.1", port=replica.port)
        source = instance(user)
        reader = replace(source, identifier="127", address="127.0.0.1", port=replica.port, replica_source="localhost")
        application.secret.cloud.databases.instances.extend([source, reader])
        run = application.rotate()
        assert run.succeeded, run.outcome
        assert replica.can_log_in(*application.credentials())


def test_two_databases_of_rds_are_not_one(user: ApplicationUser, make_application: MakeApplication) -> None:
    """Two instances that RDS knows, but neither as the other's replica, are not the same database."""
    application = make_application(user, ALTERNATING_USERS)
    application.superuser_secret.put({**application.superuser_secret.value(), "host": "127.0.0.1"})
    other = replace(instance(user), identifier="127", address="127.0.0.1")
    application.secret.cloud.databases.instances.extend([instance(user), other])
    user.relay.connections = 0
    outcome = application.steps(application.begin(), "createSecret", "setSecret")
    assert outcome.error_type == "UnsafeRotationError"
    assert user.relay.connections == 0


def test_single_user_on_a_read_only_server_is_named(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication, tmp_path: Path
) -> None:
    """A reader as the host of a single user: the error says that the server is read-only and to name the writer."""
    user = make_user(newest_postgres)
    with start_replica(newest_postgres) as replica:
        replica_catches_up(replica, user)
        environ = trusting(tmp_path, newest_postgres, replica)
        application = make_application(user, SINGLE_USER, environ=environ, port=replica.port)
        outcome = application.steps(application.begin(), "createSecret", "setSecret")
    assert outcome.failed
    assert "read-only" in str(outcome.error_message)
    assert "writer" in str(outcome.error_message)


def replica_catches_up(replica: PostgresServer, user: ApplicationUser) -> None:
    """Check that the replica knows the user: it was copied after the user was made."""
    assert replica.can_log_in(user.username, user.password)
