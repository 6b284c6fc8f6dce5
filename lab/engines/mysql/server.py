"""MySQL as its clients see it."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pymysql
from pymysql.cursors import Cursor

from lab.servers import DatabaseServer
from lab.servers.model import Login

CONNECT_TIMEOUT_SECONDS = 10
READ_TIMEOUT_SECONDS = 30
# No access to the database, access denied (also without a password), expired password, locked, locked after failures.
REFUSALS = frozenset({1044, 1045, 1698, 1862, 3118, 3955})


class MySQLServer(DatabaseServer):
    """A MySQL server of the lab. The superuser's rights come through a role: its session begins with SET ROLE ALL."""

    def connect(self, login: Login, dbname: str | None = None) -> "pymysql.connections.Connection[Cursor]":
        return self._open(login, dbname, ssl=ssl.create_default_context(cafile=self.ca_bundle))

    def is_refusal(self, error: Exception) -> bool:
        return isinstance(error, pymysql.err.OperationalError) and error.args[0] in REFUSALS

    @contextmanager
    def administration(self) -> Iterator[Cursor]:
        """Open a session of the administrator's, whatever certificate the server presents."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # the default context reads all of this machine's certificates
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
        with closing(self._open(self.administrator, None, ssl=tls)) as session, session.cursor() as cursor:
            yield cursor

    def execute(self, sql: str, *parameters: object) -> object:
        """The first value of an administrator's statement."""
        with self.administration() as cursor:
            cursor.execute(sql, parameters)
            row = cursor.fetchone()
            return row[0] if row else None

    def answers(self) -> bool:
        """Whether the server lets its administrator in."""
        try:
            self.execute("SELECT 1")
        except pymysql.err.OperationalError:
            return False
        return True

    def set_global(self, settings: Mapping[str, object], scope: str = "GLOBAL") -> None:
        """Set global variables; the scope PERSIST_ONLY is for those that need a restart."""
        for name, value in settings.items():
            self.execute(f"SET {scope} {name} = %s", value)

    def read_certificate(self) -> None:
        self.execute("ALTER INSTANCE RELOAD TLS")

    def with_version(self) -> "MySQLServer":
        """Return this server with its version as the server says it, without the packager's suffix ("9.7.4-2")."""
        version = str(self.execute("SELECT VERSION()")).partition("-")[0]
        return MySQLServer(replace(self.facts, version=version), self._owned)

    def _open(self, login: Login, dbname: str | None, **tls: Any) -> "pymysql.connections.Connection[Cursor]":  # noqa: ANN401 - the driver's
        return pymysql.connect(
            host=self.host,
            port=self.port,
            user=login.username,
            password=login.password,
            database=dbname,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=READ_TIMEOUT_SECONDS,
            write_timeout=READ_TIMEOUT_SECONDS,
            **tls,
        )
