"""RDS_ENDPOINT: where the API of RDS is called that the region's own name does not lead to."""

import pytest

from lab.secretsmanager import LocalSecretsManager
from lab.servers import DatabaseServer
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, MakeApplication
from tests.rotation.faulted import rotates
from tests.rotation.rds import instance, managed_by_rds


def test_the_api_of_rds_is_called_where_the_deployer_says(
    any_database: DatabaseServer,
    make_user: MakeUser,
    make_application: MakeApplication,
    cloud: LocalSecretsManager,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A superuser's secret that RDS manages is found by the endpoint of the setting, where no other answers."""
    user = make_user(any_database)
    application = make_application(user, ALTERNATING_USERS, environ={"RDS_ENDPOINT": cloud.endpoint_url})
    database = instance(user)
    cloud.databases.instances.append(database)
    managed_by_rds(application, "aws:rds:primaryDBInstanceArn", database.arn)
    monkeypatch.setenv("AWS_ENDPOINT_URL_RDS", "http://127.0.0.1:1")
    rotates(application)
