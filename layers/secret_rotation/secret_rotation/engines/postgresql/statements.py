"""Statements in a session, whoever it is of: each has an end in time, and an answer of the shape that is expected."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.engine import STATEMENT_TIMEOUT_SECONDS
from secret_rotation.engines.postgresql.connection import DRIVER_ERRORS, MAX_BYTES, MAX_LIST_BYTES, Connection
from secret_rotation.engines.postgresql.failures import statement_failure, unlike_postgresql
from secret_rotation.engines.postgresql.login import ANSWER_SECONDS
from secret_rotation.engines.postgresql.sql import Kind, Query, Row, is_of
from secret_rotation.errors import RotationError


class Statements:
    """What runs them: one connection, in autocommit mode."""

    def __init__(self, connection: Connection, credentials: Credentials, deadline: Deadline) -> None:
        self._connection = connection
        self._credentials = credentials
        self._deadline = deadline

    @property
    def username(self) -> str:
        """Who logged in."""
        return self._credentials.username

    @property
    def server_version(self) -> int:
        """As libpq has it: 160004 is 16.4."""
        return self._connection.server_version

    @property
    def server_encoding(self) -> str | None:
        """The encoding of the database, as the server calls it: "UTF8"."""
        return self._connection.parameter("server_encoding")

    def as_text(self, statement: Composable) -> str:
        """A statement for a person to type."""
        return self._connection.as_text(statement)

    def run(self, statements: Composable, doing: str, max_bytes: int = MAX_BYTES) -> list[Row]:
        """Run statements. `doing` says what they do, without values, in the error that a failure becomes.

        Returns:
            The rows of the last statement.

        Raises:
            StatementFailedError: the server refused.
            DatabaseUnreachableError: the connection broke, or there was no answer in time, or no end of it.
        """
        seconds = self._deadline.at_most(STATEMENT_TIMEOUT_SECONDS + ANSWER_SECONDS)
        try:
            return self._connection.execute(statements, seconds, max_bytes)
        except (*DRIVER_ERRORS, TimeoutError, ValueError) as error:
            raise statement_failure(error, doing, self._credentials) from None

    def rows(self, statements: Composable, doing: str, *kinds: Kind, max_bytes: int = MAX_BYTES) -> list[Row]:
        """The rows of the last statement, each with a column of each of these kinds.

        Raises:
            DatabaseUnreachableError: the answer is of another shape. Nothing else that it says is used.
        """
        rows = self.run(statements, doing, max_bytes)
        if not all(is_of(row, kinds) for row in rows):
            raise unlike_postgresql(doing, self._credentials)
        return rows

    def ask(self, query: Query) -> list[Row]:
        """The rows of a query.

        Raises:
            DatabaseUnreachableError: as for `rows`.
        """
        return self.rows(query.statement, query.doing, *query.kinds)

    def ask_at_once(self, queries: Sequence[Query], doing: str) -> list[list[Row]]:
        """The rows of each of several queries, which are sent as one; bool, integers and text may be in them.

        Raises:
            DatabaseUnreachableError: as for `rows`.
        """
        answers: list[list[Row]] = [[] for _ in queries]
        union = SQL(" UNION ALL ").join(_numbered(*numbered) for numbered in enumerate(queries))
        for number, text in self.rows(union, doing, int, str, max_bytes=MAX_LIST_BYTES):
            row = _row_of(text)
            if not (0 <= number < len(queries) and is_of(row, queries[number].kinds)):
                raise unlike_postgresql(doing, self._credentials)
            answers[number].append(row)
        return answers

    def row(self, statements: Composable, doing: str, *kinds: Kind) -> Row:
        """The only row of the last statement.

        Raises:
            DatabaseUnreachableError: as for `rows`, or there is another number of rows.
        """
        rows = self.rows(statements, doing, *kinds)
        if len(rows) != 1:
            raise unlike_postgresql(doing, self._credentials)
        return rows[0]

    @contextmanager
    def transaction(self, end: str = "COMMIT") -> Iterator[None]:
        """All or nothing; with ROLLBACK as its end it is nothing in any case."""
        self._connection.send_ahead(SQL("BEGIN"))
        try:
            yield
        except BaseException:
            # In front of ROLLBACK it would fail with a transaction that has failed, and ROLLBACK would not be run.
            self._connection.forget_ahead()
            with suppress(RotationError):
                self.run(SQL("ROLLBACK"), "ROLLBACK")
            raise
        self.run(SQL(end), end)


def _numbered(number: int, query: Query) -> Composed:
    """A query whose rows have two columns, like those of any other: its number, and what they are as JSON."""
    columns = SQL(", ").join(Identifier(f"column{one}") for one in range(len(query.kinds)))
    return SQL("SELECT {}, json_build_array({})::text FROM ({}) AS numbered ({})").format(
        Literal(number), columns, query.statement, columns
    )


def _row_of(text: str) -> Row:
    """A row that is written as JSON; without a column where it is nothing of the kind, or holds what is no text."""
    try:
        row = json.loads(text)
        json.dumps(row, ensure_ascii=False).encode()  # half a surrogate pair, which no statement could take, fails
    except (ValueError, RecursionError):
        return ()
    is_row = isinstance(row, list) and not any("\0" in column for column in row if isinstance(column, str))
    return tuple(row) if is_row else ()
