"""The two roles of a pair as the server has them, and whether the superuser may change them."""

from dataclasses import dataclass

from psycopg2.sql import SQL, Literal

from secret_rotation.engine import Pair
from secret_rotation.engines.postgresql.failures import quoted
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.errors import UnsafeRotationError

ADMIN_OPTION_VERSION = 160_000
"""From here on CREATEROLE alone changes no role: it takes ADMIN OPTION on it. Source: PostgreSQL 16 release notes."""

# NULL and 'infinity' mean the same, and no statement sets NULL again.
_ROLES = SQL("""
    SELECT rolname, oid, rolcanlogin, rolinherit, rolreplication, rolconnlimit,
           coalesce(rolvaliduntil, 'infinity')::text, coalesce(rolvaliduntil < now(), false),
           shobj_description(oid, 'pg_authid')
    FROM pg_roles WHERE rolname IN ({}, {})""")
_MAY_CREATE_ROLES = SQL("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = session_user")
_NOT_ADMINISTERED = SQL("""
    SELECT rolname, rolsuper, (
        SELECT string_agg(DISTINCT quote_ident(member.rolname), ' or ')
        FROM pg_auth_members JOIN pg_roles AS member ON member.oid = pg_auth_members.member
        WHERE roleid = pg_roles.oid AND admin_option)
    FROM pg_roles
    WHERE rolname IN ({}) AND NOT pg_has_role(session_user, oid, 'MEMBER WITH ADMIN OPTION')""")


@dataclass(frozen=True, slots=True)
class Role:
    """What a login gets from its own role, and not from the role that it acts as."""

    name: str
    oid: int
    may_log_in: bool
    inherits: bool
    replicates: bool
    connection_limit: int
    valid_until: str
    expired: bool
    comment: str | None


def read_roles(session: PostgreSQLSession, pair: Pair) -> tuple[Role | None, Role | None]:
    """The original and the clone, None for one that does not exist."""
    statement = _ROLES.format(Literal(pair.original), Literal(pair.clone))
    roles = {row[0]: Role(*row) for row in session.run(statement, "The query of the pair's roles")}
    return roles.get(pair.original), roles.get(pair.clone)


def require_administration(session: PostgreSQLSession, *names: str) -> None:
    """Stop unless the superuser may change all of these roles.

    Raises:
        UnsafeRotationError: it may not; the message has the statement that lets it.
    """
    ((may_create_roles,),) = session.run(_MAY_CREATE_ROLES, "The query of the superuser's attributes")
    if not may_create_roles:
        raise UnsafeRotationError(
            f"{session.username}, the user of the superuser's secret, may not create or change roles. "
            f"Run as an administrator: ALTER ROLE {quoted(session.username)} CREATEROLE;"
        )
    if session.server_version < ADMIN_OPTION_VERSION:
        return
    statement = _NOT_ADMINISTERED.format(SQL(", ").join(map(Literal, names)))
    for name, is_superuser, holders in session.run(statement, "The query of the superuser's roles"):
        if is_superuser:
            raise UnsafeRotationError(f"{name} is a superuser of the server, which {session.username} may not change.")
        raise UnsafeRotationError(
            f"From PostgreSQL 16 on {session.username} may change {name} only with ADMIN OPTION on it. Run as "
            f"{holders or 'an administrator'}: GRANT {quoted(name)} TO {quoted(session.username)} "
            "WITH ADMIN OPTION, INHERIT FALSE, SET FALSE;"
        )
