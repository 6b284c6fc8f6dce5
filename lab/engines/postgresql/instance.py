"""PostgreSQL servers that are set up as RDS sets them up."""

import secrets
import signal
import time
from collections.abc import Mapping
from contextlib import closing

import psycopg2
from psycopg2.extensions import cursor

from lab.engines.postgresql.server import PostgresServer
from lab.engines.postgresql.software import PostgresSoftware
from lab.servers.certificates import CertificateAuthority
from lab.servers.host import write_private
from lab.servers.local import LocalInstance
from lab.servers.model import Login, ServerFacts
from lab.servers.process import POLL_SECONDS

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
        return [str(self.software.program("postgres")), "-D", str(self.data)]

    def environment(self) -> dict[str, str]:
        """Return where the libraries are, and for a replica the password with which it reaches its primary."""
        password = {"PGPASSWORD": self.administrator.password} if "primary_conninfo" in self.settings else {}
        return self.software.environment | password

    def write_configuration(self) -> None:
        settings = {"port": self.port, **self.settings}
        lines = [f"{name} = {_quote(value)}\n" for name, value in settings.items()]
        write_private(self.data / "postgresql.conf", "".join(lines).encode())
        write_private(self.data / "pg_hba.conf", ACCESS)

    def is_ready(self) -> bool:
        try:
            self.client().administrate().close()
        except psycopg2.OperationalError:
            return False
        return True

    def apply(self, settings: Mapping[str, object]) -> None:  # noqa: ARG002 - the configuration file has them
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
        """The server as a client sees it; with a version, it can also stop and change the server."""
        logins = self.superuser, self.administrator
        facts = ServerFacts(self.engine, version, "localhost", self.port, self.ca_bundle, *logins, self.log_path)
        return PostgresServer(facts, self)

    def started(self) -> PostgresServer:
        """Start at a free port, and return the server with the version that it says it is."""
        with self.stopped_on_error():
            self.start_at_free_port()
            with closing(self.client().administrate()) as session, session.cursor() as cursor:
                # Without the packager's suffix: "17.11 (Debian 17.11-1)".
                return self.client(str(_value(cursor, "SHOW server_version")).partition(" ")[0])


def _value(cursor: cursor, sql: str) -> object:
    cursor.execute(sql)
    row = cursor.fetchone()
    return row[0] if row else None


def _quote(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
