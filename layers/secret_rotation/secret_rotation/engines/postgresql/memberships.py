"""Which roles the clone is a member of, and which rights it holds itself instead of through its original."""

import logging
from dataclasses import dataclass

from psycopg2.sql import SQL, Composed, Identifier, Literal

from secret_rotation.engines.postgresql.roles import ADMIN_OPTION_VERSION
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.engines.postgresql.sql import Query, Row, kinds_of, quoted
from secret_rotation.errors import StatementFailedError, UnsafeRotationError
from secret_rotation.pairs import Pair

_log = logging.getLogger(__name__)

# to_jsonb, because only PostgreSQL 16 and newer have the options INHERIT and SET.
_MEMBERSHIPS = SQL("""
    SELECT groups.rolname, grantors.rolname, admin_option,
           coalesce((to_jsonb(pg_auth_members)->>'inherit_option')::boolean, true),
           coalesce((to_jsonb(pg_auth_members)->>'set_option')::boolean, true)
    FROM pg_auth_members
    JOIN pg_roles AS members ON members.oid = member
    JOIN pg_roles AS groups ON groups.oid = roleid
    LEFT JOIN pg_roles AS grantors ON grantors.oid = grantor
    WHERE members.rolname = {}""")
# Grants of the clone to the original, and to whatever the original is a member of, which make it a member of the clone.
_CIRCLE = SQL("""
    WITH RECURSIVE above AS (
        SELECT oid AS role FROM pg_roles WHERE rolname = {}
        UNION SELECT roleid FROM pg_auth_members JOIN above ON member = role)
    SELECT members.rolname, grantors.rolname
    FROM pg_auth_members JOIN above ON member = role
    JOIN pg_roles AS members ON members.oid = member
    LEFT JOIN pg_roles AS grantors ON grantors.oid = grantor
    WHERE roleid = (SELECT oid FROM pg_roles WHERE rolname = {})""")
# What belongs to no database, such as the right to connect to one, counts to the one that is asked.
_DATABASES_WITH_RIGHTS = SQL("""
    SELECT coalesce(datname, current_database()), bool_or(deptype = 'o'), bool_or(deptype <> 'o')
    FROM pg_shdepend LEFT JOIN pg_database ON pg_database.oid = dbid
    WHERE refclassid = 'pg_authid'::regclass AND refobjid = (SELECT oid FROM pg_roles WHERE rolname = {})
    GROUP BY 1 ORDER BY 1""")


@dataclass(frozen=True, slots=True)
class Membership:
    """One GRANT of a role to the clone."""

    group: str
    grantor: str | None
    admin: bool
    inherit: bool
    set: bool


@dataclass(frozen=True, slots=True)
class Database:
    """A database, and whether the clone owns objects in it, or has been granted something."""

    name: str
    has_objects: bool
    has_rights: bool


@dataclass(frozen=True, slots=True)
class OwnRights:
    """What the clone has that does not come from its original."""

    through_original: tuple[Membership, ...]
    memberships: tuple[Membership, ...]
    databases: tuple[Database, ...]

    def __bool__(self) -> bool:
        return bool(self.memberships or self.databases)

    @property
    def is_member(self) -> bool:
        """Whether the clone is a member of its original."""
        return bool(self.through_original)

    @property
    def may_act_as_original(self) -> bool:
        """Whether it also inherits its rights and may SET ROLE to it."""
        return any(membership.inherit and membership.set for membership in self.through_original)


def read_own_rights(session: PostgreSQLSession, pair: Pair) -> OwnRights:
    """What the clone has that does not come from its original, in every database at once."""
    return own_rights_of(pair, *map(session.ask, own_rights_queries(pair)))


def own_rights_queries(pair: Pair) -> tuple[Query, Query]:
    """The queries whose rows are for `own_rights_of`."""
    clone = Literal(pair.clone)
    return (
        Query(_MEMBERSHIPS.format(clone), "The query of the clone's roles", kinds_of(Membership)),
        Query(_DATABASES_WITH_RIGHTS.format(clone), "The query of the clone's rights", kinds_of(Database)),
    )


def own_rights_of(pair: Pair, roles: list[Row], databases: list[Row]) -> OwnRights:
    """What the clone has that does not come from its original."""
    memberships = [Membership(*row) for row in roles]
    return OwnRights(
        through_original=tuple(one for one in memberships if one.group == pair.original),
        memberships=tuple(one for one in memberships if one.group != pair.original),
        databases=tuple(Database(*row) for row in databases),
    )


def join_original(session: PostgreSQLSession, pair: Pair) -> None:
    """Make the clone a member of its original, so that it may act as it.

    Raises:
        UnsafeRotationError: the original is a member of the clone.
    """
    _refuse_circle(session, pair)
    statement = SQL("GRANT {} TO {}").format(Identifier(pair.original), Identifier(pair.clone))
    if session.server_version >= ADMIN_OPTION_VERSION:
        statement += SQL(" WITH INHERIT TRUE, SET TRUE")
    session.run(statement, f"GRANT {quoted(pair.original)} TO {quoted(pair.clone)}")


def _refuse_circle(session: PostgreSQLSession, pair: Pair) -> None:
    query = _CIRCLE.format(Literal(pair.original), Literal(pair.clone))
    grants = session.rows(query, "The query of the clone's members", str, str | None)
    if grants:
        runs = (f"Run as {by or session.username}: {_revoke(session, pair.clone, member, by)}" for member, by in grants)
        raise UnsafeRotationError(
            f"{pair.original} is a member of {pair.clone}, so {pair.clone} cannot become a member of {pair.original}, "
            f"as which it is to act. {' '.join(runs)} Then rotate again. Nothing was changed."
        )


def _revoke(session: PostgreSQLSession, group: str, member: str, grantor: str | None) -> str:
    """How a grant of a role is taken back: from PostgreSQL 16 on only in the name of whoever made it."""
    is_kept_apart = session.server_version >= ADMIN_OPTION_VERSION
    granted_by = f" GRANTED BY {quoted(grantor)}" if grantor and is_kept_apart else ""
    return f"REVOKE {quoted(group)} FROM {quoted(member)}{granted_by};"


def move_memberships(session: PostgreSQLSession, pair: Pair, rights: OwnRights) -> None:
    """Give the original what was granted to the clone since the last rotation, so that it holds for both.

    It is taken from the clone itself by the same statements: left there, it would come back to the original by the next
    rotation after somebody has revoked it from the original. What one of the two has granted is left alone.
    """
    for membership in rights.memberships:
        if membership.grantor in pair:
            # Its own doing: what was revoked from the original since would come back to it.
            _log.warning(
                "%s has made %s a member of %s, which stays its own. If nobody means it, run as %s: %s",
                membership.grantor, pair.clone, membership.group, membership.grantor,
                _revoke(session, membership.group, pair.clone, membership.grantor),
            )  # fmt: skip
            continue
        try:
            _move(session, pair, membership)
        except StatementFailedError as error:
            session.run(SQL("ROLLBACK TO SAVEPOINT move"), "ROLLBACK")
            _log.warning(
                "%s cannot move %s's membership in %s to %s (SQLSTATE %s), so neither user has it. "
                "Run as an administrator: GRANT %s TO %s; %s",
                session.username, pair.clone, membership.group, pair.original, error.code,
                quoted(membership.group), quoted(pair.original),
                _revoke(session, membership.group, pair.clone, membership.grantor),
            )  # fmt: skip


def _move(session: PostgreSQLSession, pair: Pair, membership: Membership) -> None:
    group, original, clone = map(Identifier, (membership.group, pair.original, pair.clone))
    modern = session.server_version >= ADMIN_OPTION_VERSION
    options = _options(membership) if modern else SQL(" WITH ADMIN OPTION" if membership.admin else "")
    grantor = SQL(" GRANTED BY {}").format(Identifier(membership.grantor)) if modern and membership.grantor else SQL("")
    statement = SQL("SAVEPOINT move; GRANT {} TO {}{}; REVOKE {} FROM {}{}").format(
        group, original, options, group, clone, grantor
    )
    session.run(statement, f"GRANT {quoted(membership.group)} TO {quoted(pair.original)}")


def _options(membership: Membership) -> Composed:
    values = (SQL(str(value).upper()) for value in (membership.admin, membership.inherit, membership.set))
    return SQL(" WITH ADMIN {}, INHERIT {}, SET {}").format(*values)
