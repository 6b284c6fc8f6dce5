"""Rights on objects that somebody else than the superuser granted to the clone: told, and left alone.

The superuser cannot take them from the clone, and what it gave to the original beside them would stay after they are
revoked from the clone. So the statements are for whoever granted them.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from psycopg2.sql import SQL, Literal

from secret_rotation.engines.postgresql.connection import MAX_LIST_BYTES
from secret_rotation.engines.postgresql.objects import OBJECTS
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.engines.postgresql.sql import kinds_of, quoted
from secret_rotation.pairs import Pair

_log = logging.getLogger(__name__)

MOST = 20
"""So many are told of a database, in one rotation: a log line has an end."""

# What a clone has on its own objects, it has from itself.
_OF_OTHERS = SQL("""
    SELECT grantors.rolname, format('%s%s ON %s %s', privilege_type, columns, kind, name), is_grantable
    FROM objects CROSS JOIN aclexplode(acl) AS entry JOIN pg_roles AS grantors ON grantors.oid = grantor
    WHERE grantee = (SELECT oid FROM pg_roles WHERE rolname = {}) AND grantor <> grantee
      AND grantors.rolname <> session_user
    ORDER BY 1, part = 0, 2 LIMIT {}""")


@dataclass(frozen=True, slots=True)
class _Grant:
    grantor: str
    right: str
    is_grantable: bool


def log_grants_of_others(session: PostgreSQLSession, pair: Pair, database: str) -> None:
    """Tell which rights those are in the database that the session is in, and how they come to both users."""
    query = OBJECTS + _OF_OTHERS.format(Literal(pair.clone), Literal(MOST))
    rows = session.rows(query, "The query of others' grants", *kinds_of(_Grant), max_bytes=MAX_LIST_BYTES)
    for grantor, grants in groupby((_Grant(*row) for row in rows), lambda grant: grant.grantor):
        _log.warning(
            "%s granted rights in database %s to %s, which its sessions do not have, because they act as %s. "
            "Run there as %s: %s If %s is not to have these rights, as after a change of an object's owner, run what "
            "revokes them alone.%s",
            grantor, database, pair.clone, pair.original, grantor,
            " ".join(statement for grant in grants for statement in _statements(pair, grant)), pair.original,
            " There may be more; the next rotation tells." if len(rows) == MOST else "",
        )  # fmt: skip


def _statements(pair: Pair, grant: _Grant) -> Iterator[str]:
    if grant.grantor != pair.original:
        option = " WITH GRANT OPTION" if grant.is_grantable else ""
        yield f"GRANT {grant.right} TO {quoted(pair.original)}{option};"
    yield f"REVOKE {grant.right} FROM {quoted(pair.clone)};"
