"""PostgreSQL as its clients see it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import psycopg2

from lab.servers.base import Server
from lab.servers.model import Login

if TYPE_CHECKING:
    from psycopg2.extensions import connection

DEFAULT_DATABASE = "postgres"
CONNECT_TIMEOUT_SECONDS = 10
# psycopg2 has no SQLSTATE at connect: the text is all that there is.
REFUSALS = re.compile(
    r"password authentication failed|is not permitted to log in|pg_hba\.conf|permission denied for database"
)


class PostgresServer(Server):
    """A PostgreSQL server of the lab."""

    def connect(self, login: Login, dbname: str | None = None) -> connection:
        """Return an open autocommit connection over verified TLS. The caller closes it.

        Raises:
            psycopg2.OperationalError: the server refused, or did not answer within 10 s.
        """
        return self._open(login, dbname, sslmode="verify-full", sslrootcert=str(self.ca_bundle))

    def can_log_in(self, username: str, password: str, dbname: str | None = None) -> bool:
        """Tell whether the server accepts the login.

        Raises:
            psycopg2.OperationalError: there was no answer, or another one than yes or no.
        """
        try:
            self.connect(Login(username, password), dbname).close()
        except psycopg2.OperationalError as error:
            if REFUSALS.search(str(error)):
                return False
            raise
        return True

    def administrate(self) -> connection:
        """Return the administrator's connection, whatever certificate a test made the server present."""
        return self._open(self.administrator, None, sslmode="disable")

    def _open(self, login: Login, dbname: str | None, **tls: Any) -> connection:  # noqa: ANN401 - libpq's own
        opened: connection = psycopg2.connect(
            host=self.host,
            port=self.port,
            user=login.username,
            password=login.password,
            dbname=dbname or DEFAULT_DATABASE,
            gssencmode="disable",
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            **tls,
        )
        opened.autocommit = True
        return opened
