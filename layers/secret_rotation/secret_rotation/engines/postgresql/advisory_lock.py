"""The lock on all rotations of a user: an advisory lock of one database.

It belongs to the session, and ends with it. Whoever may log in to that database may ask for any of them, so it keeps
rotations from each other, and nobody from anything else.
Source: PostgreSQL manual, "Advisory Locks", "pg_locks".
"""

from psycopg2.sql import SQL, Composable, Literal

from secret_rotation.engines.postgresql.sql import Kind, Row
from secret_rotation.engines.postgresql.statements import Statements
from secret_rotation.errors import StatementFailedError

_LOCK_NOT_AVAILABLE = "55P03"
"""The SQLSTATE of a wait for a lock that lock_timeout has ended."""

_TRY_LOCK = SQL("SELECT pg_try_advisory_lock(hashtextextended({}, 0)), asked.* FROM ({}) AS asked")
_LOCK = SQL("SELECT pg_advisory_lock(hashtextextended({}, 0))")
# Everybody may see these columns of everybody's sessions. Several can hold a lock at once that they share.
_HOLDERS = SQL("""
    SELECT pid, usename, application_name, application_name = current_setting('application_name')
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid::bigint << 32 | objid::bigint = hashtextextended({}, 0)
    ORDER BY pid LIMIT 5""")


def take_lock(session: Statements, username: str, secret: str) -> bool:
    """Take the lock.

    Returns:
        Whether it had to be waited for.

    Raises:
        StatementFailedError: another session holds it, and for too long; the message says which, and how to end it.
    """
    had_to_wait, _ = take_lock_and_ask(session, username, secret, SQL("SELECT"))
    return had_to_wait


def take_lock_and_ask(
    session: Statements, username: str, secret: str, query: Composable, *kinds: Kind
) -> tuple[bool, Row]:
    """Take the lock, and run in the same message a query that has one row, of these kinds.

    Returns:
        Whether the lock had to be waited for, and that row.

    Raises:
        StatementFailedError: as `take_lock`.
    """
    key, doing = Literal(f"secret_rotation {username}"), f"The advisory lock on a rotation of {username} ({secret})"
    is_free, *answer = session.row(_TRY_LOCK.format(key, query), doing, bool, *kinds)
    if not is_free:
        _wait_for(session, key, doing)
    return not is_free, tuple(answer)


def _wait_for(session: Statements, key: Composable, doing: str) -> None:
    try:
        session.run(_LOCK.format(key), doing)
    except StatementFailedError as error:
        if error.code != _LOCK_NOT_AVAILABLE:
            raise
        # Each number goes into a statement that somebody is to run.
        kinds = (int, str | None, str | None, bool | None)
        holders = session.rows(_HOLDERS.format(key), "The query of the lock's holders", *kinds)
        raise StatementFailedError(_held(doing, holders), code=error.code) from None


def _held(doing: str, holders: list[Row]) -> str:
    if not holders:
        return f"{doing} was held for too long by a session that has ended by now. Rotate again."
    who = "; ".join(_holder(*holder) for holder in holders)
    ends = ", ".join(f"pg_catalog.pg_terminate_backend({pid})" for pid, *_ in holders)
    return f"{doing} is held for too long by {who}. If that hangs, or has no business there: SELECT {ends};"


def _holder(pid: int, user: str, application: str, is_named_as_rotation: bool) -> str:  # noqa: FBT001 - a row's column
    """Who it is. Whether it is a rotation its name alone tells, which anybody could take."""
    kind = "by its name another rotation" if is_named_as_rotation else "which is no rotation"
    return f"process {pid} of user {user}, {kind} (application_name {application!r})"
