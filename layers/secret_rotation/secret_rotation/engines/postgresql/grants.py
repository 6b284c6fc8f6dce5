"""Rights on objects that somebody granted to the clone alone: moved to its original, so that both users have them."""

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

from psycopg2.sql import SQL, Identifier, Literal

from secret_rotation.engine import Pair
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.errors import DatabaseError

_log = logging.getLogger(__name__)

Connect = Callable[[str], AbstractContextManager[PostgreSQLSession]]
"""A further session of the superuser, in the database of this name."""

# Only what the superuser can both grant and take away: where the grantor is somebody else, REVOKE would leave the
# clone's right behind, and it would come back to the original after it was revoked there.
_GRANTS = SQL("""
    WITH acl (kind, name, columns, entries) AS (
        SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass::text, '', relacl FROM pg_class
        UNION ALL SELECT 'TABLE', attrelid::regclass::text, format('(%I)', attname), attacl FROM pg_attribute
        UNION ALL SELECT 'ROUTINE', oid::regprocedure::text, '', proacl FROM pg_proc
        UNION ALL SELECT 'TYPE', oid::regtype::text, '', typacl FROM pg_type
        UNION ALL SELECT 'SCHEMA', quote_ident(nspname), '', nspacl FROM pg_namespace
        UNION ALL SELECT 'DATABASE', quote_ident(datname), '', datacl FROM pg_database
        UNION ALL SELECT 'FOREIGN SERVER', quote_ident(srvname), '', srvacl FROM pg_foreign_server)
    SELECT format('%s %s ON %s %s', privilege_type, columns, kind, name), is_grantable
    FROM acl CROSS JOIN aclexplode(entries)
    WHERE grantee = (SELECT oid FROM pg_roles WHERE rolname = {}) AND pg_has_role(session_user, grantor, 'USAGE')""")


def move_grants(connect: Connect, pair: Pair, databases: Iterable[str]) -> None:
    """Grant to the original what was granted to the clone since the last rotation, and take it from the clone."""
    for database in databases:
        try:
            with connect(database) as session:
                _move(session, pair)
        except DatabaseError as error:
            _log.warning("Rights of %s in database %s were not moved. %s", pair.clone, database, error)


def _move(session: PostgreSQLSession, pair: Pair) -> None:
    original, clone = Identifier(pair.original), Identifier(pair.clone)
    for right, grantable in session.run(_GRANTS.format(Literal(pair.clone)), "The query of the clone's grants"):
        grant = SQL("GRANT {} TO {}{}; REVOKE {} FROM {}").format(
            SQL(right), original, SQL(" WITH GRANT OPTION" if grantable else ""), SQL(right), clone
        )
        session.run(grant, f"GRANT {right}")
