"""A connection to PostgreSQL that never waits longer than it was told to.

psycopg2 in its asynchronous mode: libpq's own timeouts do not cover a server that has stopped answering.
"""

import os
import select
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_WRITE, connection
from psycopg2.sql import Composable

Row = tuple[Any, ...]

DRIVER_ERRORS = (psycopg2.Error, psycopg2.Warning)
"""Everything that psycopg2 raises by itself."""


class Wire:
    """One connection. It raises DRIVER_ERRORS and TimeoutError; whoever holds it makes errors of ours from them."""

    def __init__(self, driver: connection) -> None:
        self._driver = driver

    @classmethod
    def open(cls, parameters: Mapping[str, Any], seconds: float) -> Self:
        """Connect and log in. Nothing but the parameters counts: not the environment, not files in the home folder."""
        with _without_libpq_environment():
            wire = cls(psycopg2.connect("", **parameters, async_=True))
            try:
                wire._wait(seconds)
            except BaseException:
                wire.close()
                raise
        return wire

    @property
    def driver(self) -> connection:
        """psycopg2's own connection, for what it alone can do without asking the server."""
        return self._driver

    def execute(self, statements: Composable, seconds: float) -> list[Row]:
        """Run statements in one message; the rows of the last one. Several are one transaction."""
        with self._driver.cursor() as cursor:
            # Complete as it is: without arguments psycopg2 gives '%' no meaning.
            cursor.execute(statements)
            self._wait(seconds)
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """End the session; what is not committed is undone."""
        self._driver.close()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (state := self._driver.poll()) != POLL_OK:
            # Not select(), which fails where the process has more than 1,024 files open.
            poller = select.poll()
            poller.register(self._driver, select.POLLOUT if state == POLL_WRITE else select.POLLIN)
            left = end - time.monotonic()
            if left <= 0 or not poller.poll(left * 1000):
                raise TimeoutError


@contextmanager
def _without_libpq_environment() -> Iterator[None]:
    """Hide PGSERVICE and its like. Some of them, PGSERVICE for one, no parameter can override."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("PG")}
    try:
        yield
    finally:
        os.environ.update(hidden)
