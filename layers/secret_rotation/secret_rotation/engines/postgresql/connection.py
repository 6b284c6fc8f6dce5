"""A connection to PostgreSQL that never waits longer, nor takes in more, than it was told to.

libpq's own timeouts do not cover a server that has stopped answering, or that never stops. So there are two threads to
a connection: one that is in libpq, and one that looks at the clock and at the socket, and shuts the socket. Both do
without psycopg2's asynchronous mode, in which Python stands still while libpq computes the proof of a password: as
often as the server says.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Self

import psycopg2
from psycopg2 import extensions
from psycopg2.extensions import encrypt_password, new_type, register_type, string_types
from psycopg2.sql import SQL, Composable

from secret_rotation.engines.postgresql.own_socket import OwnSocket
from secret_rotation.engines.postgresql.silence import silence
from secret_rotation.engines.postgresql.sql import Row

DRIVER_ERRORS = (psycopg2.Error, psycopg2.Warning)
"""Everything that psycopg2 raises by itself, and FloodError."""

CHECK_SECONDS = 0.005
"""How often somebody looks at the clock and the socket: little comes in meanwhile over the network of a function."""

MAX_BYTES = 512 * 1024
"""All that a statement may bring in: thousands of roles. For what is sent instead, libpq computes by its square."""

MAX_LIST_BYTES = 2 * 1024 * 1024
"""The same for a query of all rights that a role has: ten thousand of them, on objects with names of usual length."""

MAX_LOGIN_BYTES = 64 * 1024
"""All that comes before the first statement: a certificate, a challenge, a dozen settings."""

_READ = (16, 20, 21, 23, 26)
"""The types that are read as what they are, bool and the integers. Source: PostgreSQL, pg_type.dat."""

_TEXT = new_type(tuple(string_types.keys() - _READ), "TEXT", lambda value, _: value)
"""All others: what psycopg2 makes of arrays, numbers and JSON takes a hundred times the memory of their text."""

MAX_ABANDONED = 4
"""So many logins that nobody waits for may compute on in this process. More would leave no time for anything else."""

COMPUTING_SECONDS = 0.25
"""Longer than any login computes that is not made to, and less than is left of any time limit."""

GRACE_SECONDS = 0.5
"""For a login whose socket was shut, out of its own time, and for goodbye."""


class FloodError(psycopg2.OperationalError):
    """The server sends more than any server would."""


class ExhaustedError(psycopg2.OperationalError):
    """This process has no descriptor left, or too many logins that were given up and compute on."""


class ComputingError(TimeoutError):
    """The time was up, and what it went into is not the server's silence but what libpq computed for it."""


class Connection:
    """One connection. It raises DRIVER_ERRORS and TimeoutError, from which whoever holds it makes errors of ours."""

    def __init__(self) -> None:
        self._socket = OwnSocket()
        self._driver: extensions.connection | None = None
        self._ahead: list[Composable] = []
        self._end: float | None = None
        self._failure: Exception | None = None
        self._bytes_before = 0
        self._max_bytes = MAX_LOGIN_BYTES
        self._checking = threading.Lock()
        self._is_closed = threading.Event()
        self._login_clock: int | None = None

    @classmethod
    def open(cls, parameters: Mapping[str, Any], seconds: float) -> Self:
        """Connect and log in. Nothing but the parameters counts: not the environment, not files in the home folder."""
        if len(_still_computing()) >= MAX_ABANDONED:
            raise ExhaustedError("abandoned")
        opened = cls()
        try:
            with _without_libpq_environment(), opened._within(max(seconds - GRACE_SECONDS, seconds / 2)):
                opened._log_in(parameters)
        except BaseException:
            opened.close()
            raise
        return opened

    @property
    def server_version(self) -> int:
        """As libpq has it: 160004 is 16.4."""
        return self._connected().server_version

    def parameter(self, name: str) -> str | None:
        """What the server last told of one of its settings.

        Returns:
            None for a setting that it does not tell.
        """
        value: str | None = self._connected().get_parameter_status(name)
        return value

    def verifier(self, password: str, username: str, algorithm: str) -> str:
        """What the server would make of a password, made by libpq.

        Raises:
            UnicodeError: the password is no text.
        """
        return encrypt_password(password, username, scope=self._connected(), algorithm=algorithm)

    def as_text(self, statement: Composable) -> str:
        """A statement as it would be sent."""
        return statement.as_string(self._connected())

    def send_ahead(self, statement: Composable) -> None:
        """Send this in front of the next statements, which saves a message of its own, and again where those fail."""
        self._ahead.append(statement)

    def forget_ahead(self) -> None:
        """Send nothing in front of the next statements."""
        self._ahead.clear()

    def execute(self, statements: Composable, seconds: float, max_bytes: int = MAX_BYTES) -> list[Row]:
        """Run statements in one message. Several are one transaction.

        Returns:
            The rows of the last statement.
        """
        self._max_bytes = max_bytes
        statements = SQL("; ").join((*self._ahead, statements))
        with self._within(seconds), self._connected().cursor() as cursor:
            # Complete as it is: without arguments psycopg2 gives '%' no meaning.
            cursor.execute(statements)
            self._ahead.clear()
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """End the session. What is not committed is undone."""
        self._end = time.monotonic() + GRACE_SECONDS
        if self._driver is not None:
            self._driver.close()
        self._is_closed.set()

    def _connected(self) -> extensions.connection:
        if self._driver is None:
            raise psycopg2.InterfaceError("not connected")
        return self._driver

    def _log_in(self, parameters: Mapping[str, Any]) -> None:
        login: Future[None] = Future()
        # A daemon: nothing stops a thread that computes in C, so it must not hold up the end of the process.
        thread = threading.Thread(target=self._live, args=(parameters, login), name="libpq", daemon=True)
        thread.start()
        while not wait((login,), CHECK_SECONDS).done:
            self._check()
            if self._failure is not None:
                # Shutting the socket ends all but a thread in PBKDF2. That goes on in vain, and closes when it is done.
                if not wait((login,), GRACE_SECONDS).done:
                    _abandoned.append(thread)
                    _leave_openssl_alone_at_exit()
                    raise ComputingError
                raise self._failure
        login.result()

    def _live(self, parameters: Mapping[str, Any], login: "Future[None]") -> None:
        """Log in, then watch over those who use the connection."""
        self._login_clock = time.pthread_getcpuclockid(threading.get_ident())
        try:
            # libpq itself writes what a server says before the login is done, be it after somebody has given it up.
            with silence():
                self._connect(parameters)
            login.set_result(None)
        except OSError:
            login.set_exception(ExhaustedError("descriptors"))
        except BaseException as error:  # noqa: BLE001 - whoever waits for the login gets it
            login.set_exception(error)
        del parameters, login
        while not self._is_closed.wait(CHECK_SECONDS):
            self._check()
        self._socket.close()

    def _connect(self, parameters: Mapping[str, Any]) -> None:
        driver = psycopg2.connect("", **{**parameters, **self._socket.parameters})
        # Found now, it can be shut later even when no descriptor is left to look for it.
        self._socket.bytes_received()
        driver.autocommit = True
        register_type(_TEXT, driver)
        # Nobody reads them, and a server may send any number.
        driver.notices = driver.notifies = deque(maxlen=0)
        self._driver = driver
        if self._failure is not None:
            driver.close()

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """Do something in limited time, and raise why it was given up instead of what libpq makes of a shut socket."""
        if self._failure is not None:
            raise psycopg2.InterfaceError("given up")
        self._end = time.monotonic() + seconds
        try:
            yield
        except DRIVER_ERRORS:
            if self._failure is not None:
                raise self._failure from None
            raise
        finally:
            self._end = None
            self._count_on()

    def _count_on(self) -> None:
        """Begin to count anew. What came beyond the limit, unnoticed, counts to the next statement."""
        with suppress(OSError):  # as in _check, which has given up
            self._bytes_before += min(self._socket.bytes_received() - self._bytes_before, self._max_bytes)

    def _check(self) -> None:
        """Give the connection up where there is no use in waiting any longer."""
        with self._checking:
            end = self._end
            if end is None or self._failure is not None:
                return
            try:
                received = self._socket.bytes_received()
            except OSError:
                self._failure, received = ExhaustedError("descriptors"), 0
            if received - self._bytes_before > self._max_bytes:
                self._failure = FloodError("flood")
            elif time.monotonic() >= end:
                self._failure = ComputingError() if self._is_computing() else TimeoutError()
            if self._failure is not None:
                self._socket.shut()

    def _is_computing(self) -> bool:
        """Whether it is a login that takes long, and the time goes into its own computing."""
        if self._driver is not None or self._login_clock is None:
            return False
        return time.clock_gettime(self._login_clock) > COMPUTING_SECONDS


_abandoned: list[threading.Thread] = []


def _still_computing() -> list[threading.Thread]:
    """The threads of logins that were given up, without those that are done by now."""
    _abandoned[:] = [thread for thread in _abandoned if thread.is_alive()]
    return _abandoned


@cache
def _leave_openssl_alone_at_exit() -> None:
    """Let the process end without OpenSSL's cleanup, which takes away what a thread still computes with: a crash.

    What was registered last runs first, and after Python's own end. It passes the exit status on.
    """
    import ctypes  # noqa: PLC0415 - milliseconds of a cold start, for what hardly ever happens

    libc = ctypes.CDLL(None)
    with suppress(AttributeError):  # musl has no on_exit
        libc.on_exit(ctypes.cast(libc._exit, ctypes.c_void_p), None)  # noqa: SLF001 - its name in C


@contextmanager
def _without_libpq_environment() -> Iterator[None]:
    """Hide PGSERVICE and its like. Some of them, PGSERVICE for one, no parameter can override."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("PG")}
    try:
        yield
    finally:
        os.environ.update(hidden)
