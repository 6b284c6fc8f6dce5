"""The two roles of a pair as the server has them, and whether the superuser may change them."""

from dataclasses import dataclass

from psycopg2.sql import SQL, Literal

from secret_rotation.engines.postgresql.expiry import EXPIRES_SOON
from secret_rotation.engines.postgresql.records import PairRecord
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.engines.postgresql.sql import Query, Row, kinds_of, quoted
from secret_rotation.errors import UnsafeRotationError
from secret_rotation.pairs import Holding, Pair

ADMIN_OPTION_VERSION = 160_000
"""From here on CREATEROLE alone changes no role: it takes ADMIN OPTION on it. Source: PostgreSQL 16 release notes."""

# NULL and 'infinity' mean the same, and no statement sets NULL again.
_ROLES = SQL("""
    SELECT rolname, oid::bigint, rolcanlogin, rolinherit, rolreplication, rolconnlimit,
           coalesce(rolvaliduntil, 'infinity')::text, coalesce(rolvaliduntil < now(), false), {},
           shobj_description(oid, 'pg_authid')
    FROM pg_roles WHERE rolname IN ({}, {})""")
_ADMINISTRATION = SQL("""
    SELECT rolname, own.creates, NOT own.super AND role.rolsuper,
           pg_has_role(session_user, oid, 'MEMBER WITH ADMIN OPTION'), (
               SELECT string_agg(DISTINCT quote_ident(member.rolname), ' or ')
               FROM pg_auth_members JOIN pg_roles AS member ON member.oid = pg_auth_members.member
               WHERE roleid = role.oid AND admin_option)
    FROM pg_roles AS role, (
        SELECT rolcreaterole OR rolsuper, rolsuper FROM pg_roles WHERE rolname = session_user) AS own (creates, super)
    WHERE rolname IN ({}) ORDER BY rolname""")


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
    expires_soon: bool
    comment: str | None


Roles = tuple[Role | None, Role | None]
"""The original and the clone, None for one that does not exist."""


def read_roles(session: PostgreSQLSession, pair: Pair) -> Roles:
    """The original and the clone, None for one that does not exist.

    Raises:
        UnsafeRotationError: as `roles_query`.
    """
    return pair_of(session.ask(roles_query(session, pair)), pair)


def roles_query(session: PostgreSQLSession, pair: Pair) -> Query:
    """The query whose rows are for `pair_of`.

    Raises:
        UnsafeRotationError: the session cannot tell which roles these names are.
    """
    encoding = session.server_encoding
    if not pair.original.isascii() and encoding != "UTF8":
        raise UnsafeRotationError(
            f"{session.username} logs in to a database whose encoding is {encoding}. All databases share the names of "
            f"roles, each in its own encoding, so there {pair.original} may be somebody else. Put a database with the "
            "encoding UTF8 into 'dbname' of the superuser's secret."
        )
    statement = _ROLES.format(EXPIRES_SOON, Literal(pair.original), Literal(pair.clone))
    return Query(statement, "The query of the pair's roles", kinds_of(Role))


def pair_of(rows: list[Row], pair: Pair) -> Roles:
    """The original and the clone, None for one that does not exist."""
    roles = {row[0]: Role(*row) for row in rows}
    return roles.get(pair.original), roles.get(pair.clone)


def same_roles(some: Roles, others: Roles) -> bool:
    """Whether these are the same roles, by what stays with a role and never comes to another one."""
    return [role and role.oid for role in some] == [role and role.oid for role in others]


def record_of(original: Role | None, clone: Role | None) -> PairRecord | None:
    """The record of two roles, where both have the same one, and are those that it was written for."""
    if original is None or clone is None:
        return None
    record = PairRecord.from_comment(original.comment)
    if record is None or record != PairRecord.from_comment(clone.comment):
        return None
    return record if (record.original, record.clone) == (original.oid, clone.oid) else None


def holding_of(original: Role | None, clone: Role | None) -> Holding | None:
    """What the comments of two roles say of their pair.

    Returns:
        None where no rotation has made or adopted it.
    """
    record = PairRecord.from_comment(original.comment) if original else None
    return Holding(record.secret, is_intact=record_of(original, clone) is not None) if record else None


def hand_over(session: PostgreSQLSession, pair: Pair, secret: str) -> str:
    """The statements with which an administrator gives a pair to another secret.

    Raises:
        UnsafeRotationError: as `read_roles`.
    """
    roles = [role for role in read_roles(session, pair) if role]
    oids = {role.name: role.oid for role in roles}
    record = PairRecord(secret, oids.get(pair.original, 0), oids.get(pair.clone, 0))
    comments = ((role.name, Literal(record.in_comment(role.comment))) for role in roles)
    return " ".join(f"COMMENT ON ROLE {quoted(name)} IS {session.as_text(text)};" for name, text in comments)


@dataclass(frozen=True, slots=True)
class _Administration:
    """What a session may do to a role, and who else has ADMIN OPTION on that."""

    role: str
    may_create_roles: bool
    is_out_of_reach: bool
    has_admin_option: bool
    holders: str | None


def administration_query(*names: str) -> Query:
    """The query of what the superuser may do to these roles, whose rows are for `require_administration`."""
    statement = _ADMINISTRATION.format(SQL(", ").join(map(Literal, names)))
    return Query(statement, "The query of the superuser's roles", kinds_of(_Administration))


def require_administration(session: PostgreSQLSession, rows: list[Row]) -> None:
    """Stop unless the superuser may change all of these roles.

    Raises:
        UnsafeRotationError: it may not; the message has the statement that lets it.
    """
    for row in rows:
        fault = _fault(session, _Administration(*row))
        if fault:
            raise UnsafeRotationError(f"{fault} Nothing was changed.")


def _fault(session: PostgreSQLSession, found: _Administration) -> str | None:
    if not found.may_create_roles:
        return (
            f"{session.username}, the user of the superuser's secret, may not create or change roles. "
            f"Run as an administrator: ALTER ROLE {quoted(session.username)} CREATEROLE;"
        )
    if found.is_out_of_reach:
        return (
            f"{found.role} is a superuser of the server, which {session.username} may not change. Rotate its secret "
            f"with the single-user function, without masterarn, or run as an administrator: "
            f"ALTER ROLE {quoted(found.role)} NOSUPERUSER;"
        )
    if session.server_version < ADMIN_OPTION_VERSION or found.has_admin_option:
        return None
    return (
        f"From PostgreSQL 16 on {session.username} may change {found.role} only with ADMIN OPTION on it. "
        f"{_way_to_admin_option(session, found)}"
    )


def _way_to_admin_option(session: PostgreSQLSession, found: _Administration) -> str:
    grant = f"GRANT {quoted(found.role)} TO {quoted(session.username)} WITH ADMIN OPTION, INHERIT FALSE, SET FALSE;"
    if found.holders:
        return f"Run as {found.holders}: {grant}"
    return (
        "No role has it to give. Run as an administrator, who is a superuser of the server, or on RDS perhaps a member "
        f"of rds_superuser: {grant} If none can, {_ways_without(session, Pair.of(found.role).original)}"
    )


def _ways_without(session: PostgreSQLSession, username: str) -> str:
    """What an owner of objects can do itself where nobody administers it. Tried on PostgreSQL 16 to 18.

    The successor and its member are one statement: it is refused where somebody else has the name.
    """
    user, successor = quoted(username), quoted(f"{username}_2")
    return (
        f"rotate the secret with the single-user function, without masterarn, because {username} may set its own "
        f"password; or let another user take its place. As {session.username}: CREATE ROLE {successor} LOGIN PASSWORD "
        f"'<a password>' ROLE {user}; then as {username}, in each database where it owns something: "
        f"REASSIGN OWNED BY {user} TO {successor}; Grant {successor} what others had granted to {username}, and put "
        "it, with its password, into the secret."
    )
