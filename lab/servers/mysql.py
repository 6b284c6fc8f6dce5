"""MySQL as its clients see it."""

from __future__ import annotations

import ssl
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pymysql

from lab.servers.base import Server
from lab.servers.model import Login

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

CONNECT_TIMEOUT_SECONDS = 10
READ_TIMEOUT_SECONDS = 30
# No access to the database, access denied (also without a password), expired password, locked, locked after failures.
REFUSALS = frozenset({1044, 1045, 1698, 1862, 3118, 3955})


class MySQLServer(Server):
    """A MySQL server of the lab. The superuser's rights come through a role: its session begins with SET ROLE ALL."""

    def connect(self, login: Login, dbname: str | None = None) -> Connection[Cursor]:
        """Return an open autocommit connection over verified TLS. The caller closes it.

        Raises:
            pymysql.err.OperationalError: the server refused, or did not answer within 10 s.
        """
        return self._open(login, dbname, ssl=ssl.create_default_context(cafile=self.ca_bundle))

    def can_log_in(self, username: str, password: str, dbname: str | None = None) -> bool:
        """Tell whether the server accepts the login.

        Raises:
            pymysql.err.OperationalError: there was no answer, or another one than yes or no.
        """
        try:
            self.connect(Login(username, password), dbname).close()
        except pymysql.err.OperationalError as error:
            if error.args[0] in REFUSALS:
                return False
            raise
        return True

    @contextmanager
    def administration(self) -> Iterator[Cursor]:
        """Open a session of the administrator's, whatever certificate the server presents."""
        tls = ssl.create_default_context()
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
        with closing(self._open(self.administrator, None, ssl=tls)) as session, session.cursor() as cursor:
            yield cursor

    def execute(self, sql: str, *parameters: object) -> object:
        """Return the first value of an administrator's statement."""
        with self.administration() as cursor:
            cursor.execute(sql, parameters)
            row = cursor.fetchone()
            return row[0] if row else None

    def answers(self) -> bool:
        """Tell whether the server lets its administrator in."""
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
        """Make the server read its certificate again."""
        self.execute("ALTER INSTANCE RELOAD TLS")

    def with_version(self) -> MySQLServer:
        """Return this server with its version as the server says it, without the packager's suffix ("9.7.4-2")."""
        version = str(self.execute("SELECT VERSION()")).partition("-")[0]
        return MySQLServer(replace(self.facts, version=version), self._owned)

    def _open(self, login: Login, dbname: str | None, **tls: Any) -> Connection[Cursor]:  # noqa: ANN401 - the driver's
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
