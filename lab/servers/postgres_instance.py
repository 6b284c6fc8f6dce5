"""Start PostgreSQL servers that are set up as RDS sets them up."""

from __future__ import annotations

import secrets
import signal
import time
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg2

from lab.servers.certificates import default_authority
from lab.servers.host import write_private
from lab.servers.local import LocalInstance
from lab.servers.model import Login, ServerFacts
from lab.servers.postgres import DEFAULT_DATABASE, PostgresServer
from lab.servers.postgres_software import postgres_software
from lab.servers.process import POLL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg2.extensions import cursor

    from lab.servers.certificates import CertificateAuthority
    from lab.servers.postgres_software import PostgresSoftware

ADMINISTRATOR = "rdsadmin"
SUPERUSER = "dbmaster"
# A lost lab is no loss: nothing is flushed to disk. Small, because six servers share two cores.
SETTINGS: Mapping[str, object] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "ssl": "on",
    "ssl_cert_file": "../server.pem",
    "ssl_key_file": "../server.key",
    "password_encryption": "scram-sha-256",
    "shared_preload_libraries": "pg_stat_statements",  # as RDS has it
    "max_connections": 60,
    "shared_buffers": "16MB",
    "max_wal_size": "128MB",
    "min_wal_size": "32MB",
    "wal_keep_size": "64MB",  # a replica that is being copied still needs what a checkpoint would recycle
    "jit": "off",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # What tests read: statements that could hold passwords, and who connected how often.
    "log_statement": "ddl",
    "log_connections": "on",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
# Plaintext connections stay possible, as on RDS with rds.force_ssl=0: the secret's "ssl": false needs them.
ACCESS = b"""\
hostssl all         all      127.0.0.1/32 scram-sha-256
host    all         all      127.0.0.1/32 scram-sha-256
hostssl replication rdsadmin 127.0.0.1/32 scram-sha-256
"""


class PostgresInstance(LocalInstance):
    """A running PostgreSQL of this machine."""

    engine = "postgres"
    stop_signal = signal.SIGINT
    death_signal = signal.SIGQUIT

    def __init__(
        self, software: PostgresSoftware, settings: Mapping[str, object], authority: CertificateAuthority
    ) -> None:
        super().__init__({**SETTINGS, **settings}, authority)
        self.software = software
        self.superuser = Login(SUPERUSER, secrets.token_urlsafe())
        self.administrator = Login(ADMINISTRATOR, secrets.token_urlsafe())

    def command(self) -> list[str]:
        """Return the command line of the server."""
        return [str(self.software.program("postgres")), "-D", str(self.data)]

    def environment(self) -> dict[str, str]:
        """Return where the libraries are, and for a replica the password with which it reaches its primary."""
        password = {"PGPASSWORD": self.administrator.password} if "primary_conninfo" in self.settings else {}
        return self.software.environment | password

    def write_configuration(self) -> None:
        """Write postgresql.conf and pg_hba.conf."""
        settings = {"port": self.port, **self.settings}
        lines = [f"{name} = {_quote(value)}\n" for name, value in settings.items()]
        write_private(self.data / "postgresql.conf", "".join(lines).encode())
        write_private(self.data / "pg_hba.conf", ACCESS)

    def is_ready(self) -> bool:
        """Tell whether the server lets its administrator in."""
        try:
            self.client().administrate().close()
        except psycopg2.OperationalError:
            return False
        return True

    def apply(self, settings: Mapping[str, object]) -> None:  # noqa: ARG002 - the configuration file has them
        """Make the server read its configuration again."""
        self.reload_certificate()

    def reload_certificate(self) -> None:
        """Make the server read its configuration and its certificate again, and wait until it has."""
        loaded = "SELECT pg_conf_load_time()"
        with closing(self.client().administrate()) as session, session.cursor() as cursor:
            before = after = _value(cursor, loaded)
            _value(cursor, "SELECT pg_reload_conf()")
            while after == before:
                time.sleep(POLL_SECONDS)
                after = _value(cursor, loaded)

    def client(self, version: str = "") -> PostgresServer:
        """Return the server as a client sees it; with a version, it can also stop and change the server."""
        facts = ServerFacts(
            engine=self.engine,
            version=version,
            host="localhost",
            port=self.port,
            ca_bundle=self.ca_bundle,
            superuser=self.superuser,
            administrator=self.administrator,
            log_path=self.log_path,
            default_database=DEFAULT_DATABASE,
        )
        return PostgresServer(facts, self)

    def started(self) -> PostgresServer:
        """Start at a free port, and return the server with the version that it says it is."""
        with self.stopped_on_error():
            self.start_at_free_port()
            with closing(self.client().administrate()) as session, session.cursor() as cursor:
                return self.client(str(_value(cursor, "SHOW server_version")))


def start_postgres(major: int, *, authority: CertificateAuthority | None = None, **settings: object) -> PostgresServer:
    """Start a PostgreSQL of a major version, with further settings for its postgresql.conf.

    Raises:
        ProvisionError: its software could not be downloaded.
        ServerStartError: it did not come up.
    """
    software = postgres_software(major)
    instance = PostgresInstance(software, settings, authority or default_authority())
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
    software = postgres_software(int(primary.version.split(".")[0]))
    address = (
        f"host={primary.host} port={primary.port} user={primary.administrator.username} "
        f"sslmode=verify-full sslrootcert={primary.ca_bundle}"
    )
    instance = PostgresInstance(software, {"primary_conninfo": address, **settings}, default_authority())
    instance.superuser, instance.administrator = primary.superuser, primary.administrator
    with instance.stopped_on_error():
        copy = ("--pgdata", instance.data, "--dbname", address, "--checkpoint=fast", "--no-sync")
        software.run("pg_basebackup", *copy, PGPASSWORD=primary.administrator.password)
        write_private(instance.data / "standby.signal", b"")
    return instance.started()


def _value(cursor: cursor, sql: str) -> object:
    cursor.execute(sql)
    row = cursor.fetchone()
    return row[0] if row else None


def _quote(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
