"""Which roles the superuser must leave alone: those whose password is a way to more than an application's objects.

Whoever may write a secret could name any role in it. The superuser resets ordinary users only: nothing that they may do
concerns the whole server, other users, or what a database has beside its objects.
"""

from psycopg2.sql import SQL, Literal

from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.engines.postgresql.sql import in_psql
from secret_rotation.errors import UnsafeRotationError

# A role can SET ROLE to every role that it is a member of, however far up, whatever it inherits. Predefined roles,
# those of RDS too, are powers by themselves; rds_password alone gives no more than to change one's own password. Rights
# on parameters are looked for among the dependencies, because before PostgreSQL 15 their own catalog does not exist;
# rights on the system's own objects, whose oids are below 16,384, because that covers every database.
_POWERS = SQL("""
    WITH RECURSIVE reachable AS (
        SELECT oid AS role FROM pg_roles WHERE rolname = {}
        UNION SELECT roleid FROM pg_auth_members JOIN reachable ON member = role)
    SELECT rolname, CASE
        WHEN rolname = session_user THEN 'is the superuser of masterarn'
        WHEN rolsuper THEN 'is a superuser'
        WHEN starts_with(rolname, 'pg_') OR starts_with(rolname, 'rds_') AND rolname <> 'rds_password'
            THEN 'is one of the server''s own roles'
        WHEN rolcreaterole THEN 'has CREATEROLE'
        WHEN rolcreatedb THEN 'has CREATEDB'
        WHEN rolreplication THEN 'has REPLICATION'
        WHEN rolbypassrls THEN 'has BYPASSRLS'
        WHEN EXISTS (SELECT FROM pg_auth_members WHERE member = role AND admin_option) THEN (
            SELECT 'has ADMIN OPTION on ' || string_agg(roleid::regrole::text, ', ')
            FROM pg_auth_members WHERE member = role AND admin_option)
        WHEN EXISTS (SELECT FROM pg_database WHERE datdba = role) THEN (
            SELECT 'owns the database ' || string_agg(quote_ident(datname), ', ') FROM pg_database WHERE datdba = role)
        WHEN EXISTS (
            SELECT FROM pg_shdepend
            WHERE refclassid = 'pg_authid'::regclass AND refobjid = role AND classid = to_regclass('pg_parameter_acl')
        ) THEN 'has rights on a server parameter'
        WHEN EXISTS (
            SELECT FROM pg_shdepend
            WHERE refclassid = 'pg_authid'::regclass AND refobjid = role AND deptype = 'a'
              AND classid IN ('pg_class'::regclass, 'pg_proc'::regclass) AND objid < 16384
        ) THEN 'has rights on tables or functions of the system'
    END
    FROM reachable JOIN pg_roles ON oid = role""")


def refuse_privileged(session: PostgreSQLSession, username: str) -> None:
    """Stop unless the role is an ordinary one, by itself and through all roles that it can become.

    Raises:
        UnsafeRotationError: it is not, or there is no such role.
    """
    rows = session.rows(_POWERS.format(Literal(username)), "The query of the user's privileges", str, str | None)
    if not rows:
        raise UnsafeRotationError(f"There is no role {username}. Correct 'username' in the secret, or create the role.")
    powers = [_sentence(username, role, power) for role, power in rows if power]
    if powers:
        raise UnsafeRotationError(
            f"{' '.join(powers)} The superuser does not reset the password of such a user, because whoever may write "
            "the secret could take it over. Take that power away, or set the password as an administrator"
            f"{in_psql(username)} and put it into the secret. Then rotate again."
        )


def _sentence(username: str, role: str, power: str) -> str:
    return f"{username if role == username else f'{username} can become {role} by membership, which'} {power}."
