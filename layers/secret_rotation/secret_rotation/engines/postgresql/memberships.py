"""Which roles the clone is a member of, and which rights it holds itself instead of through its original."""

import logging
from dataclasses import dataclass

from psycopg2.sql import SQL, Composed, Identifier, Literal

from secret_rotation.engine import Pair
from secret_rotation.engines.postgresql.failures import quoted
from secret_rotation.engines.postgresql.roles import ADMIN_OPTION_VERSION
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.errors import StatementFailedError

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
# What belongs to no database, such as the right to connect to one, counts to the one that is asked.
_DATABASES_WITH_RIGHTS = SQL("""
    SELECT DISTINCT coalesce(datname, current_database())
    FROM pg_shdepend LEFT JOIN pg_database ON pg_database.oid = dbid
    WHERE refclassid = 'pg_authid'::regclass AND refobjid = (SELECT oid FROM pg_roles WHERE rolname = {})
    ORDER BY 1""")


@dataclass(frozen=True, slots=True)
class Membership:
    """One GRANT of a role to the clone."""

    group: str
    grantor: str | None
    admin: bool
    inherit: bool
    set: bool


@dataclass(frozen=True, slots=True)
class OwnRights:
    """What the clone has that does not come from its original.

    `databases` are those in which it owns objects or was granted something.
    """

    through_original: tuple[Membership, ...]
    memberships: tuple[Membership, ...]
    databases: tuple[str, ...]

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
    """Read them; objects are looked for in every database at once."""
    rows = session.run(_MEMBERSHIPS.format(Literal(pair.clone)), "The query of the clone's roles")
    memberships = [Membership(*row) for row in rows]
    databases = session.run(_DATABASES_WITH_RIGHTS.format(Literal(pair.clone)), "The query of the clone's rights")
    return OwnRights(
        through_original=tuple(one for one in memberships if one.group == pair.original),
        memberships=tuple(one for one in memberships if one.group != pair.original),
        databases=tuple(name for (name,) in databases),
    )


def join_original(session: PostgreSQLSession, pair: Pair) -> None:
    """Make the clone a member of its original, so that it may act as it."""
    statement = SQL("GRANT {} TO {}").format(Identifier(pair.original), Identifier(pair.clone))
    if session.server_version >= ADMIN_OPTION_VERSION:
        statement += SQL(" WITH INHERIT TRUE, SET TRUE")
    session.run(statement, f"GRANT {quoted(pair.original)} TO {quoted(pair.clone)}")


def move_memberships(session: PostgreSQLSession, pair: Pair, rights: OwnRights) -> None:
    """Give the original what was granted to the clone since the last rotation, so that it holds for both.

    It is taken from the clone itself in the same breath: left there, it would come back to the original by the next
    rotation after somebody has revoked it from the original.
    """
    for membership in rights.memberships:
        try:
            _move(session, pair, membership)
        except StatementFailedError as error:
            session.run(SQL("ROLLBACK TO SAVEPOINT move"), "ROLLBACK")
            _log.warning(
                "%s cannot move %s's membership in %s to %s (SQLSTATE %s), so neither user has it. "
                "Run as an administrator: GRANT %s TO %s; REVOKE %s FROM %s;",
                session.username, pair.clone, membership.group, pair.original, error.code,
                quoted(membership.group), quoted(pair.original), quoted(membership.group), quoted(pair.clone),
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
