"""One connection to a MySQL server, checked before any password is sent.

The server's greeting comes first and in clear. A server, or a man in the middle, that does not offer TLS in it is
refused then; so are MariaDB and MySQL before 8.0. No option file is read. The first statement sets up the session, so
that names and strings can be quoted in one way, and waits for locks end: an ALTER USER waits for whoever has locked the
grant tables, by default for a year.
"""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pymysql.connections import Connection as DriverConnection
from pymysql.constants import CLIENT
from pymysql.err import OperationalError

from secret_rotation.deadline import Deadline
from secret_rotation.engine import CONNECT_TIMEOUT_SECONDS, STATEMENT_TIMEOUT_SECONDS
from secret_rotation.engines.mysql.failures import (
    DRIVER_ERRORS,
    EXPIRED,
    TLS_FAILED,
    login_failure,
    number_of,
    statement_failure,
    unreadable_bundle,
)
from secret_rotation.engines.mysql.rsa import PLAINTEXT_PLUGINS
from secret_rotation.errors import LoginRefusedError
from secret_rotation.model import Credentials
from secret_rotation.tls import Trust

PROGRAM_NAME = "secret-rotation"
CAN_HANDLE_EXPIRED_PASSWORDS = 1 << 22
"""With this flag an expired password still logs in, and may do one thing: change itself."""
OLDEST_VERSION = (8, 0, 0)
AURORA_3 = (8, 0, 23)
"""What every Aurora MySQL 3 is at least. Source: Aurora User Guide, "Aurora MySQL version 3"."""
_LOCK_WAIT_SHARE = 0.5
"""The server must give up waiting for a lock well before the client gives up waiting for the server."""


class Connection:
    """A connection that turns every failure into a DatabaseError."""

    def __init__(self, credentials: Credentials, deadline: Deadline, trust: Trust) -> None:
        self.credentials = credentials
        self._deadline = deadline
        context = _ssl_context(credentials, trust) if credentials.tls else None
        try:
            self._driver = _Driver(credentials, deadline, context)
        except DRIVER_ERRORS as error:
            raise login_failure(error, credentials, trust) from None

    @property
    def version(self) -> tuple[int, ...]:
        """The server's version, such as (8, 0, 42)."""
        return parse_version(self._driver.server_version)

    @property
    def is_sandboxed(self) -> bool:
        """Whether the password has expired, so that changing it is all that the session may do."""
        return self._driver.is_sandboxed

    @property
    def lock_wait_seconds(self) -> int:
        """How long the server lets a statement wait for a lock."""
        return self._driver.lock_wait_seconds

    def run(self, sql: str, shown: str | None = None) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows. `shown` stands for it in errors, where it has values that are secret.

        Raises:
            StatementFailedError: the server refused.
            DatabaseUnreachableError: the connection broke, or there was no answer in time.
        """
        self._driver.limit(self._deadline.at_most(STATEMENT_TIMEOUT_SECONDS))
        try:
            return self._driver.rows(sql)
        except DRIVER_ERRORS as error:
            raise statement_failure(error, shown or sql, self._name()) from None

    def prepare(self) -> None:
        """Set up the session, as at login; needed once an expired password has been changed."""
        try:
            self._driver.prepare()
        except DRIVER_ERRORS as error:
            raise statement_failure(error, "SET NAMES utf8mb4, ...", self._name()) from None

    def quote(self, text: str) -> str:
        """A string literal, as the session's sql_mode reads it."""
        return self._driver.escape(text)

    def close(self) -> None:
        """End the session."""
        self._driver.close()

    def _name(self) -> str:
        return f"user {self.credentials.username} at {self.credentials.host}"


@contextmanager
def connected(credentials: Credentials, deadline: Deadline, trust: Trust) -> Iterator[Connection]:
    """A connection that is closed at the end."""
    connection = Connection(credentials, deadline, trust)
    try:
        yield connection
    finally:
        connection.close()


if TYPE_CHECKING:
    from pymysql.cursors import Cursor

    _DriverConnection = DriverConnection[Cursor]
else:  # generic in its stubs only
    _DriverConnection = DriverConnection


class _Driver(_DriverConnection):
    """PyMySQL's connection, with the checks before the password and one statement of set-up after it."""

    server_version: str
    server_capabilities: int

    def __init__(self, credentials: Credentials, deadline: Deadline, context: ssl.SSLContext | None) -> None:
        seconds = deadline.at_most(CONNECT_TIMEOUT_SECONDS)
        self.is_sandboxed = False
        self._credentials = credentials
        self.lock_wait_seconds = max(1, int(min(seconds, STATEMENT_TIMEOUT_SECONDS) * _LOCK_WAIT_SHARE))
        # A function that Lambda kills does not hang up: its session would hold its locks for hours.
        self._invocation_seconds = max(1, round(deadline.remaining_seconds()))
        super().__init__(
            host=credentials.host,
            port=credentials.port,
            user=credentials.username,
            password=credentials.password.reveal().encode(),  # PyMySQL would encode text as Latin-1
            database=credentials.dbname,
            charset="utf8mb4",
            connect_timeout=seconds,
            read_timeout=seconds,
            write_timeout=seconds,
            autocommit=None,  # set in `prepare`
            client_flag=CAN_HANDLE_EXPIRED_PASSWORDS,
            program_name=PROGRAM_NAME,
            ssl=context,
            ssl_disabled=context is None,
            auth_plugin_map=PLAINTEXT_PLUGINS if context is None else None,
        )

    def limit(self, seconds: float) -> None:
        """How long to wait for each answer from now on."""
        self._read_timeout = self._write_timeout = seconds

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one statement."""
        with self.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def prepare(self) -> None:
        """Set up the session."""
        self.rows(
            "SET NAMES utf8mb4, SESSION autocommit = 1, SESSION sql_mode = 'NO_BACKSLASH_ESCAPES', "
            f"SESSION sql_quote_show_create = 1, SESSION lock_wait_timeout = {self.lock_wait_seconds}, "
            f"SESSION innodb_lock_wait_timeout = {self.lock_wait_seconds}, "
            f"SESSION wait_timeout = {self._invocation_seconds}"
        )
        self.is_sandboxed = False

    def set_character_set(self, charset: str, collation: str | None = None) -> None:  # noqa: ARG002 - PyMySQL's
        """Set up the session where PyMySQL says SET NAMES, its first statement after login."""
        try:
            self.prepare()
        except OperationalError as error:
            if number_of(error) != EXPIRED:
                raise
            self.is_sandboxed = True

    def _get_server_information(self) -> None:
        """Read the greeting, and stop here where no password may be sent."""
        super()._get_server_information()  # type: ignore[misc]  # missing in its stubs
        if self.ssl and not self.server_capabilities & CLIENT.SSL:
            raise OperationalError(TLS_FAILED, "the server offers no TLS")
        if "mariadb" in self.server_version.lower() or parse_version(self.server_version) < OLDEST_VERSION:
            raise _unsupported(self._credentials, self.server_version)


def _unsupported(credentials: Credentials, version: str) -> LoginRefusedError:
    found = "MariaDB" if "mariadb" in version.lower() else f"MySQL {'.'.join(map(str, parse_version(version)))}"
    return LoginRefusedError(
        f"The server of {credentials.secret} at {credentials.host}:{credentials.port} is {found}. Rotation needs MySQL "
        "8.0 or newer, or Aurora MySQL 3 or newer; nothing was sent to it."
    )


def _ssl_context(credentials: Credentials, trust: Trust) -> ssl.SSLContext:
    try:
        return trust.ssl_context(credentials.host)
    except OSError:
        raise unreadable_bundle(credentials, trust) from None


def parse_version(text: str) -> tuple[int, ...]:
    """The version in a server's greeting, as numbers."""
    if text.startswith("8.0.mysql_aurora"):
        return AURORA_3
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in found.groups()) if found else (0, 0, 0)
