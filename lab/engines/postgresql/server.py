"""PostgreSQL as its clients see it."""

import re
from typing import Any

import psycopg2
from psycopg2.extensions import connection

from lab.servers import DatabaseServer
from lab.servers.model import Login

DEFAULT_DATABASE = "postgres"
CONNECT_TIMEOUT_SECONDS = 10
# psycopg2 has no SQLSTATE at connect: the text is all that there is.
REFUSALS = re.compile(
    r"password authentication failed|is not permitted to log in|pg_hba\.conf|permission denied for database"
)


class PostgresServer(DatabaseServer):
    """A PostgreSQL server of the lab."""

    def connect(self, login: Login, dbname: str | None = None) -> connection:
        return self._open(login, dbname, sslmode="verify-full", sslrootcert=str(self.ca_bundle))

    def is_refusal(self, error: Exception) -> bool:
        return isinstance(error, psycopg2.OperationalError) and bool(REFUSALS.search(str(error)))

    def administrate(self) -> connection:
        """The administrator's connection, whatever certificate a test made the server present."""
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
