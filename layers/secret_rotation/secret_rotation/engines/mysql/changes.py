"""Runs statements about accounts, each of which MySQL commits at once; takes them back where one is not permitted."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.statements import Statement, split
from secret_rotation.errors import DatabaseError, StatementFailedError

if TYPE_CHECKING:
    from secret_rotation.engines.mysql.rights import Right

_GONE = frozenset({"1054", "1146", "1305", "3523"})
"""The column, table, routine or role of a grant does not exist: MySQL keeps the grants on a table that was dropped."""
_NOT_GRANTED = frozenset({"1141", "1147", "1269", "1403"})
"""What was to be revoked is revoked already."""

logger = logging.getLogger(__name__)


class Changes:
    """The statements of one run. `skipped` are the rights on objects that do not exist any more."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._undo: list[str] = []
        self.skipped: set[Right] = set()

    def run(self, sql: str, undo: str, shown: str | None = None) -> None:
        """Run one statement, and remember how to take it back ("": not at all)."""
        self._connection.run(sql, shown)
        if undo:
            self._undo.append(undo)

    def grant(self, account: str, statements: Iterable[Statement]) -> None:
        """Grant rights to an account; those on objects that are gone are left out."""
        for statement in statements:
            try:
                self.run(statement.sql, statement.undo)
            except StatementFailedError as error:
                if error.code not in _GONE:
                    raise
                self._grant_parts(account, statement)

    def alter(self, statements: Iterable[Statement]) -> None:
        """Change settings of accounts."""
        for statement in statements:
            self.run(statement.sql, statement.undo)

    def revoke(self, statements: Iterable[Statement]) -> None:
        """Revoke rights, as far as they are still there."""
        for statement in statements:
            try:
                self.run(statement.sql, statement.undo)
            except StatementFailedError as error:
                if error.code not in _NOT_GRANTED:
                    raise

    def take_back(self) -> None:
        """Undo what was run, the last first."""
        while self._undo:
            sql = self._undo.pop()
            try:
                self._connection.run(sql)
            except DatabaseError as error:
                logger.warning("Could not be taken back: %s (%s)", sql, error.summary)

    def _grant_parts(self, account: str, statement: Statement) -> None:
        if len(statement.rights) > 1:
            self.grant(account, split(statement, account))
            return
        self.skipped |= statement.rights
        logger.warning("Not copied, because what it is about does not exist any more: %s", statement.sql)
