"""One connection to a MySQL server: checked before any password is sent, limited in time and memory, set up at once.

The server's greeting comes first and in clear. A server, or a man in the middle, that does not offer TLS in it is
refused then; so are MariaDB and MySQL before 8.0. No option file is read. The first statement sets up the session, so
that names and strings can be quoted in one way, that no default of the server's gets in the way, and that waits for
locks end: an ALTER USER waits for whoever has locked the grant tables, by default for a year.
"""

import re
import socket
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pymysql import connections
from pymysql.constants import CLIENT, CR
from pymysql.err import OperationalError
from pymysql.protocol import FieldDescriptorPacket, MysqlPacket

from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.engine import STATEMENT_TIMEOUT_SECONDS
from secret_rotation.engines.mysql.failures import (
    DRIVER_ERRORS,
    EXPIRED,
    TLS_FAILED,
    nonsense,
    number_of,
    refusal,
    statement_failure,
)
from secret_rotation.engines.mysql.limits import (
    ANSWER_BYTES,
    LOGIN_BYTES,
    Awaited,
    EncryptedSocket,
    LimitedTls,
    Limits,
    WireError,
)
from secret_rotation.engines.mysql.sql import Sql, account_name
from secret_rotation.errors import LoginRefusedError, RotationError, StatementFailedError

PROGRAM_NAME = "secret-rotation"
CAN_HANDLE_EXPIRED_PASSWORDS = 1 << 22
"""With this flag an expired password still logs in, and may do one thing: change itself."""
OLDEST_VERSION = (8, 0, 0)
AURORA_3 = (8, 0, 23)
"""What every Aurora MySQL 3 is at least. Source: Aurora User Guide, "Aurora MySQL version 3"."""
_GOODBYE_SECONDS = 1.0
_OBJECT_BYTES = 64
"""What Python needs for a value beside its content, in nearly all cases."""

Value = TypeVar("Value")
OtherValue = TypeVar("OtherValue")

if TYPE_CHECKING:
    from io import BufferedReader

    from pymysql.cursors import Cursor

    class _PyMySQLConnection(connections.Connection[Cursor]):
        """What PyMySQL's stubs leave out."""

        server_version: str
        server_capabilities: int
        ctx: LimitedTls
        _sock: socket.socket | EncryptedSocket
        _rfile: BufferedReader

        def _force_close(self) -> None: ...
        def _get_server_information(self) -> None: ...
        def _read_packet(self, packet_type: type[MysqlPacket] = ...) -> MysqlPacket: ...

else:  # generic in its stubs only
    _PyMySQLConnection = connections.Connection


class Driver(_PyMySQLConnection):
    """PyMySQL's connection. It raises DRIVER_ERRORS, and LoginRefusedError where the server cannot be used."""

    def __init__(
        self,
        credentials: Credentials,
        context: ssl.SSLContext | None,
        plugins: Mapping[str, Any],
        *,
        lock_wait_seconds: int,
        idle_seconds: int,
    ) -> None:
        self.is_sandboxed = False
        self.lock_wait_seconds = lock_wait_seconds
        self._credentials = credentials
        self._idle_seconds = idle_seconds
        self._columns = 0
        super().__init__(
            host=credentials.certified_name,  # for TLS alone: the socket is made in `_dial`
            user=credentials.username,
            password=credentials.password.reveal().encode(),  # PyMySQL would encode text as Latin-1
            database=credentials.dbname,
            charset="utf8mb4",
            autocommit=None,  # set in `prepare`
            client_flag=CAN_HANDLE_EXPIRED_PASSWORDS,
            program_name=PROGRAM_NAME,
            ssl=context,
            ssl_disabled=context is None,
            auth_plugin_map=dict(plugins),
            defer_connect=True,
        )
        if context is not None:
            self.ctx = LimitedTls(context)

    def log_in(self, address: str, seconds: float) -> None:
        """Connect to one of the host's addresses, log in and set up the session."""
        self._limits = Limits(seconds, LOGIN_BYTES, address, Awaited.CONNECTION)
        try:
            self.connect(self._dial(address))
        except (OSError, OperationalError) as error:
            if isinstance(getattr(error, "original_exception", error), TimeoutError):
                raise self._limits.overdue() from None
            raise

    def allow(self, seconds: float) -> None:
        """Limit the answer to the next statement."""
        self._limits = Limits(seconds, ANSWER_BYTES, self._credentials.host, Awaited.STATEMENT)
        self._columns = 0

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one statement."""
        try:
            with self.cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall())
        except WireError:
            self._force_close()  # the rest of the answer may still come
            raise

    def prepare(self) -> None:
        """Set up the session."""
        self.rows(
            "SET NAMES utf8mb4, SESSION autocommit = 1, SESSION sql_mode = 'NO_BACKSLASH_ESCAPES', "
            f"SESSION sql_quote_show_create = 1, SESSION lock_wait_timeout = {self.lock_wait_seconds}, "
            f"SESSION innodb_lock_wait_timeout = {self.lock_wait_seconds}, "
            f"SESSION wait_timeout = {self._idle_seconds}, "
            "SESSION max_execution_time = 0, SESSION sql_big_selects = 1, "
            "SESSION sql_select_limit = 18446744073709551615 "
            "/*!80003 , SESSION transaction_read_only = 0 */"  # called tx_read_only before
        )
        self.is_sandboxed = False

    def close(self) -> None:
        """End the session, whatever time is left."""
        self.allow(_GOODBYE_SECONDS)
        super().close()

    def set_character_set(self, charset: str, collation: str | None = None) -> None:  # noqa: ARG002 - PyMySQL's
        """Set up the session where PyMySQL says SET NAMES, its first statement after login."""
        try:
            self.prepare()
        except OperationalError as error:
            if number_of(error) != EXPIRED:
                raise
            self.is_sandboxed = True

    def _dial(self, address: str) -> socket.socket:
        connection = socket.create_connection((address, self._credentials.port), self._limits.seconds())
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _get_server_information(self) -> None:
        """Read the greeting, and stop here where no password may be sent."""
        self._limits.awaited = Awaited.GREETING
        super()._get_server_information()
        if self.ssl and not self.server_capabilities & CLIENT.SSL:
            raise OperationalError(TLS_FAILED, "the server offers no TLS")
        if "mariadb" in self.server_version.lower() or parse_version(self.server_version) < OLDEST_VERSION:
            raise _unsupported(self._credentials, self.server_version)
        self._limits.awaited = Awaited.TLS if self.ssl else Awaited.LOGIN

    def _read_packet(self, packet_type: type[MysqlPacket] = MysqlPacket) -> MysqlPacket:
        """Read a packet, and count what Python will need to hold it: as a row it has a value for each column."""
        if self._limits.awaited is Awaited.TLS:  # the first packet after it
            self._limits.awaited = Awaited.LOGIN
        self._columns += packet_type is FieldDescriptorPacket
        self._limits.take(_OBJECT_BYTES * (1 + self._columns))
        return super()._read_packet(packet_type)

    def _read_bytes(self, num_bytes: int) -> bytes:
        """Read in the time that is left, whatever comes in between. What is too large is not read at all."""
        self._limits.take(num_bytes)
        data = bytearray()
        try:
            while missing := num_bytes - len(data):
                self._sock.settimeout(self._limits.seconds())
                if not (arrived := len(self._rfile.peek())):
                    raise ConnectionResetError
                data += self._rfile.read(min(missing, arrived))
        except TimeoutError:
            raise self._limits.overdue() from None
        except OSError:
            self._force_close()
            raise OperationalError(CR.CR_SERVER_LOST, "the server closed the connection") from None
        return bytes(data)

    def _write_bytes(self, data: bytes) -> None:
        """Write in the time that is left. The TLS handshake, which follows the first packet, has the same."""
        try:
            self._sock.settimeout(self._limits.seconds())
            self._sock.sendall(data)
        except TimeoutError:
            raise self._limits.overdue() from None
        except OSError:
            self._force_close()
            raise OperationalError(CR.CR_SERVER_GONE_ERROR, "the connection broke") from None


class Connection:
    """A connection that turns every failure into a DatabaseError."""

    def __init__(self, driver: Driver, credentials: Credentials, deadline: Deadline) -> None:
        self.credentials = credentials
        self._driver = driver
        self._deadline = deadline

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

    def run(self, statement: Sql) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows.

        Raises:
            StatementFailedError: the server refused.
            DatabaseUnreachableError: the connection broke, or there was no answer in time, or no end of it.
        """
        self._allow_statement()
        try:
            return self._driver.rows(statement.render(self._driver.escape))
        except DRIVER_ERRORS as error:
            raise statement_failure(error, str(statement), self.credentials) from None

    def account(self) -> Sql:
        """The account of the user that is logged in, on the host that the server says; on any where it does not.

        It is not asked for the user: a server that may be anybody's is not to choose whom a message is about.
        """
        try:
            host = self.value(Sql("SELECT CURRENT_USER()"), str).rpartition("@")[2]
        except RotationError:
            host = ""
        return account_name(self.credentials.username, host or "%")

    def value(self, statement: Sql, kind: type[Value]) -> Value:
        """Run a statement that answers with one value, and return it.

        Raises:
            StatementFailedError: the server refused.
            DatabaseUnreachableError: as for `run`, or no MySQL server gives such an answer.
        """
        match self.run(statement):
            case [(value,)] if isinstance(value, kind):
                return value
            case _:
                raise nonsense(str(statement), self.credentials)

    def two_values(self, statement: Sql, one: type[Value], other: type[OtherValue]) -> tuple[Value, OtherValue]:
        """Run a statement that answers with one row of two values, and return them.

        Raises:
            StatementFailedError, DatabaseUnreachableError: as for `value`.
        """
        match self.run(statement):
            case [(first, second)] if isinstance(first, one) and isinstance(second, other):
                return first, second
            case _:
                raise nonsense(str(statement), self.credentials)

    def refusal(self, number: int, statement: Sql) -> StatementFailedError:
        """The error of a statement that is not sent, because the server would refuse it with this error number."""
        return refusal(number, str(statement), self.credentials)

    def prepare(self) -> None:
        """Set up the session, as at login. An expired password that has been changed makes that necessary.

        Raises:
            StatementFailedError: the server refused.
            DatabaseUnreachableError: as for `run`.
        """
        self._allow_statement()
        try:
            self._driver.prepare()
        except DRIVER_ERRORS as error:
            raise statement_failure(
                error, "SET NAMES, with the other settings of the session", self.credentials
            ) from None

    def require_time(self) -> None:
        """Stop where the invocation's time is used up, before something that takes time here and not at the server.

        Raises:
            RotationError: too little is left to begin.
        """
        self._deadline.at_most(STATEMENT_TIMEOUT_SECONDS)

    def close(self) -> None:
        """End the session."""
        self._driver.close()

    def _allow_statement(self) -> None:
        self._driver.allow(self._deadline.at_most(STATEMENT_TIMEOUT_SECONDS))


def _unsupported(credentials: Credentials, version: str) -> LoginRefusedError:
    found = "MariaDB" if "mariadb" in version.lower() else f"MySQL {'.'.join(map(str, parse_version(version)))}"
    return LoginRefusedError(
        f"The server of {credentials.secret} at {credentials.host}:{credentials.port} is {found}. Rotation needs MySQL "
        "8.0 or newer, or Aurora MySQL 3 or newer; nothing was sent to it."
    )


def parse_version(text: str) -> tuple[int, ...]:
    """The version in a server's greeting, as numbers."""
    if text.startswith("8.0.mysql_aurora"):
        return AURORA_3
    found = re.match(r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?", text)
    return tuple(int(part or 0) for part in found.groups()) if found else (0, 0, 0)
