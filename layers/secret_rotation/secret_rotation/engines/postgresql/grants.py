"""Rights on objects that the superuser granted to the clone alone: moved to its original, so that both users have them.

GRANT takes a name, and whoever owns a schema can lead that name to another object after it was read. So each right is
moved in a transaction of its own, which is undone unless the catalog says that this very transaction has changed the
rights on the very object that was read.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from psycopg2.sql import SQL, Identifier, Literal

from secret_rotation.engines.postgresql.connection import MAX_LIST_BYTES
from secret_rotation.engines.postgresql.grants_of_others import log_grants_of_others
from secret_rotation.engines.postgresql.objects import OBJECTS
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.engines.postgresql.sql import kinds_of, quoted
from secret_rotation.errors import DatabaseError, StatementFailedError, UnsafeRotationError
from secret_rotation.pairs import Pair

_log = logging.getLogger(__name__)

Connect = Callable[[str], AbstractContextManager[PostgreSQLSession]]
"""A further session of the superuser, in the database of this name."""

# Only what the superuser itself granted: what somebody else did, REVOKE would leave behind, and it would come back to
# the original after it was revoked there. Columns first, because REVOKE on a table takes the same from its columns.
_TO_MOVE = SQL("""
    SELECT catalog, object, part, format('%s%s ON %s %s', privilege_type, columns, kind, name), privilege_type,
           is_grantable, EXISTS (
               SELECT FROM aclexplode(acl) AS other
               WHERE other.grantee = (SELECT oid FROM pg_roles WHERE rolname = {})
                 AND other.privilege_type = entry.privilege_type AND other.is_grantable >= entry.is_grantable)
    FROM objects CROSS JOIN aclexplode(acl) AS entry
    WHERE grantee = (SELECT oid FROM pg_roles WHERE rolname = {})
      AND grantor = (SELECT oid FROM pg_roles WHERE rolname = session_user)
    ORDER BY part = 0""")
_IS_PROVEN = SQL("""
    SELECT writer = pg_current_xact_id()::xid AND {} = EXISTS (
        SELECT FROM aclexplode(acl)
        WHERE grantee = (SELECT oid FROM pg_roles WHERE rolname = {}) AND privilege_type = {} AND is_grantable >= {}
          AND grantor = (SELECT oid FROM pg_roles WHERE rolname = session_user))
    FROM objects WHERE (catalog, object, part) = ({}, {}, {})""")


@dataclass(frozen=True, slots=True)
class Right:
    """A right of the clone, and the object that it is on: as SQL, which goes by name, and as the catalog knows it."""

    catalog: str
    object: int
    part: int
    sql: str
    privilege: str
    is_grantable: bool
    is_originals: bool


def move_grants(connect: Connect, pair: Pair, databases: Iterable[str]) -> None:
    """Grant to the original what was granted to the clone since the last rotation, and take it from the clone."""
    for database in databases:
        try:
            with connect(database) as session:
                _move_all(session, pair)
                log_grants_of_others(session, pair, database)
        except DatabaseError as error:
            _log.warning("Not all rights of %s in database %s were moved or told. %s", pair.clone, database, error)


def _move_all(session: PostgreSQLSession, pair: Pair) -> None:
    query = OBJECTS + _TO_MOVE.format(Literal(pair.original), Literal(pair.clone))
    doing = "The query of the clone's grants"
    for row in session.rows(query, doing, *kinds_of(Right), max_bytes=MAX_LIST_BYTES):
        right = Right(*row)
        try:
            _move(session, pair, right)
        except StatementFailedError as error:
            _log.warning(
                "%s cannot move %s from %s to %s (SQLSTATE %s). Run as an administrator: %s %s",
                session.username, right.sql, pair.clone, pair.original, error.code,
                f"GRANT {right.sql} TO {quoted(pair.original)}{_option(right)};",
                f"REVOKE {right.sql} FROM {quoted(pair.clone)};",
            )  # fmt: skip
        except UnsafeRotationError as error:
            _log.warning("%s", error)


def _move(session: PostgreSQLSession, pair: Pair, right: Right) -> None:
    """Move one right, all or nothing.

    Raises:
        UnsafeRotationError: what the statements changed is not what was read; nothing of it stays.
    """
    with session.transaction():
        if not right.is_originals:
            _change(session, right, "GRANT", "TO", pair.original)
        _change(session, right, "REVOKE", "FROM", pair.clone)


def _option(right: Right) -> str:
    return " WITH GRANT OPTION" if right.is_grantable else ""


def _change(session: PostgreSQLSession, right: Right, verb: str, preposition: str, role: str) -> None:
    gives = verb == "GRANT"
    option = _option(right) if gives else ""
    statement = SQL(f"{verb} {right.sql} {preposition} ") + Identifier(role) + SQL(f"{option}; ")
    is_proven = _IS_PROVEN.format(
        *map(Literal, (gives, role, right.privilege, gives and right.is_grantable)),
        *map(Literal, (right.catalog, right.object, right.part)),
    )
    doing = f"{verb} {right.sql} {preposition} {quoted(role)}"
    if session.run(statement + OBJECTS + is_proven, doing) != [(True,)]:
        raise UnsafeRotationError(
            f"{doing} was undone, because it changed something else than what {session.username} had read before: "
            "somebody renamed the object or its schema meanwhile, or changed its rights. The next rotation tries again."
        )
