"""What RDS knows of a test's server, and functions that trust several servers."""

from pathlib import Path

from lab.secretsmanager import DatabaseInstance
from lab.servers import DatabaseServer
from tests.fixtures.databases import ApplicationUser
from tests.fixtures.rotation import Application


def managed_by_rds(application: Application, tag: str, arn: str) -> None:
    """Make the superuser's secret what RDS makes it: a user name and a password, and a tag."""
    value = application.superuser_secret.value()
    application.superuser_secret.put({key: value[key] for key in ("username", "password")})
    application.secret.client.tag_resource(SecretId=application.superuser_secret.arn, Tags=[{"Key": tag, "Value": arn}])


def instance(user: ApplicationUser, identifier: str = "localhost") -> DatabaseInstance:
    """The user's server as an instance that RDS knows."""
    return DatabaseInstance(identifier, user.server.engine, "localhost", user.relay.port)


def engine_of_clusters(user: ApplicationUser) -> str:
    """What RDS calls the engine of a cluster: Aurora's name for it, where it has one."""
    names = user.kit.engine.secret_format.engine_names
    return next((name for name in names if name.startswith("aurora-")), user.server.engine)


def trusting(folder: Path, *servers: DatabaseServer) -> dict[str, str]:
    """A variable that makes a function trust the authorities of several servers."""
    bundle = folder / "ca.pem"
    bundle.write_text("".join(server.ca_bundle.read_text() for server in servers))
    return {"RDS_CA_BUNDLE": str(bundle)}
