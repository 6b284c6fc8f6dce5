"""Start PostgreSQL servers, from the source that LAB_POSTGRES names."""

from collections.abc import Mapping

from lab.engines.postgresql.instance import PostgresInstance
from lab.engines.postgresql.server import PostgresServer
from lab.engines.postgresql.software import is_from_docker, postgres_software
from lab.servers.certificates import CertificateAuthority, default_authority
from lab.servers.host import write_private


def start_postgres(major: int, *, authority: CertificateAuthority | None = None, **settings: object) -> PostgresServer:
    """Start a PostgreSQL of a major version, with further settings for its postgresql.conf.

    Raises:
        ProvisionError: its software could not be downloaded. LAB_POSTGRES says where it comes from.
        ServerStartError: it did not come up.
    """
    instance = _instance(major, settings, authority)
    software = instance.software
    with instance.stopped_on_error():
        instance.copy_data(software.template())
        logins = (instance.superuser, instance.administrator)
        # On standard input, in single-user mode: in no argument list, no file and no log.
        software.execute(instance.data, [f"ALTER ROLE {one.username} PASSWORD '{one.password}';" for one in logins])
    return instance.started()


def start_replica(primary: PostgresServer, **settings: object) -> PostgresServer:
    """Start a streaming replica of a server: read-only, with the same logins.

    Raises:
        ProvisionError: the primary could not be copied.
        ServerStartError: it did not come up.
    """
    address = (
        f"host={primary.host} port={primary.port} user={primary.administrator.username} "
        f"sslmode=verify-full sslrootcert={primary.ca_bundle}"
    )
    instance = _instance(int(primary.version.split(".")[0]), {"primary_conninfo": address, **settings}, None)
    instance.superuser, instance.administrator = primary.superuser, primary.administrator
    with instance.stopped_on_error():
        copy = ("--pgdata", instance.data, "--dbname", address, "--checkpoint=fast", "--no-sync")
        instance.software.run("pg_basebackup", *copy, PGPASSWORD=primary.administrator.password)
        write_private(instance.data / "standby.signal", b"")
    return instance.started()


def _instance(major: int, settings: Mapping[str, object], authority: CertificateAuthority | None) -> PostgresInstance:
    """A server that is not started yet, from the source that LAB_POSTGRES says."""
    if is_from_docker():
        from lab.engines.postgresql.docker import PostgresContainer  # noqa: PLC0415 - slow to import, and rarely used

        return PostgresContainer(major, settings, authority or default_authority())
    return PostgresInstance(postgres_software(major), settings, authority or default_authority())
