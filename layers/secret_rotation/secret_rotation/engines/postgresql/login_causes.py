"""Why PostgreSQL refuses a login: the texts of libpq 17 and of PostgreSQL 14 to 18, and what each means.

There is no SQLSTATE for it on the client's side. Each pattern must match at the beginning, so that no user or database
name inside a text can be taken for another text. Nothing of a text is repeated but an address that is seen to be one.
"""

import re
from dataclasses import dataclass

from secret_rotation.errors import DatabaseError, DatabaseUnreachableError, LoginRefusedError, LoginRejectedError
from secret_rotation.tls import TlsFailure

NOT_POSTGRESQL = "what answers there is not PostgreSQL. Check 'host' and 'port' in the secret."


@dataclass(frozen=True, slots=True)
class Cause:
    """What a text means.

    `meaning` may name {user} and {database}, quoted as SQL does, {never_expires}, the statement that lets the user's
    password hold for ever, and {way_in}, the line of pg_hba.conf that lets the user into the database.
    """

    pattern: str
    kind: type[DatabaseError]
    meaning: str | TlsFailure


CAUSES = (
    # From the server, in words of its lc_messages.
    Cause(
        r"FATAL:  password authentication failed for user ",
        LoginRejectedError,
        "the server rejected user name and password. It says the same where the role does not exist (correct "
        "'username' in the secret, or CREATE ROLE {user} LOGIN PASSWORD '<the password in AWSCURRENT>';), where its "
        "VALID UNTIL has passed ({never_expires}), and where it has no password, or an MD5 hash from before "
        "PostgreSQL 14, and the server takes SCRAM only (SET password_encryption = 'scram-sha-256'; "
        "ALTER ROLE {user} PASSWORD '<the password in AWSCURRENT>';). Change no role that is not this secret's own.",
    ),
    Cause(
        r"FATAL:  role .* is not permitted to log in",
        LoginRefusedError,
        "the role may not log in. If it should: ALTER ROLE {user} LOGIN;",
    ),
    Cause(
        r"FATAL:  role .* does not exist",
        LoginRefusedError,
        "there is no role {user}. Correct 'username' in the secret, or create the role: CREATE ROLE {user} LOGIN "
        "PASSWORD '<the password in AWSCURRENT>';",
    ),
    Cause(
        r"FATAL:  database .* does not exist",
        LoginRefusedError,
        "there is no database {database}. Correct 'dbname' in the secret, or create it: CREATE DATABASE {database};",
    ),
    Cause(
        r"FATAL:  database .* is not currently accepting",
        LoginRefusedError,
        "database {database} takes no connections. Name another one in the secret's 'dbname', or: ALTER DATABASE "
        "{database} ALLOW_CONNECTIONS true;",
    ),
    Cause(
        r"FATAL:  cannot connect to invalid database",
        LoginRefusedError,
        "database {database} takes no connections: a DROP DATABASE of it was interrupted. Name another one in the "
        "secret's 'dbname'.",
    ),
    Cause(
        r"FATAL:  permission denied for database ",
        LoginRefusedError,
        "the user may not connect to that database. GRANT CONNECT ON DATABASE {database} TO {user};",
    ),
    Cause(
        r"FATAL:  (no pg_hba\.conf entry for|pg_hba\.conf rejects) .*(no encryption|SSL off)",
        LoginRefusedError,
        'the server does not let {user} into {database} without TLS. Remove "ssl": false from the secret.',
    ),
    Cause(
        r"FATAL:  no pg_hba\.conf entry for ",
        LoginRefusedError,
        "the server's pg_hba.conf has no line that lets {user} into {database} from the function's address. Add it "
        "at the top, better with the whole range of the function's subnets: {way_in}",
    ),
    Cause(
        r"FATAL:  pg_hba\.conf rejects ",
        LoginRefusedError,
        "a line of the server's pg_hba.conf rejects {user} in {database} from the function's address. Add another "
        "at the top, better with the whole range of the function's subnets: {way_in}",
    ),
    Cause(
        r"FATAL:  PAM authentication failed for user ",
        LoginRefusedError,
        "the server asks IAM instead of checking a password. If that is not meant: REVOKE rds_iam FROM {user};",
    ),
    Cause(
        r"FATAL:  connection requires a valid client certificate",
        LoginRefusedError,
        "the server asks {user} for a certificate besides the password (clientcert in pg_hba.conf), and the function "
        "has none. Let it in by its password alone, at the top of pg_hba.conf: {way_in}",
    ),
    Cause(
        r"FATAL:  \S+ authentication failed for user",
        LoginRefusedError,
        "the server does not know this user by a password, so there is none to rotate. If it should, at the top of "
        "pg_hba.conf: {way_in}",
    ),
    Cause(
        r"FATAL:  too many connections for role ",
        DatabaseUnreachableError,
        "no connection is free: {user} has all that its own CONNECTION LIMIT allows. Close idle sessions of it, or: "
        "ALTER ROLE {user} CONNECTION LIMIT -1;",
    ),
    Cause(
        r"FATAL:  too many connections for database ",
        DatabaseUnreachableError,
        "no connection is free: {database} has all that its own CONNECTION LIMIT allows. Close idle sessions in it, "
        "or: ALTER DATABASE {database} CONNECTION LIMIT -1;",
    ),
    Cause(
        r"FATAL:  (sorry, too many clients already|remaining connection slots are reserved)",
        DatabaseUnreachableError,
        "no connection is free: the server has all that its max_connections allows. Raise it, or close idle sessions; "
        "this shows whose they are: SET search_path = pg_catalog; "
        "SELECT usename, application_name, client_addr, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3, 4 "
        "ORDER BY 5 DESC;",
    ),
    Cause(
        r"FATAL:  the database system is ",
        DatabaseUnreachableError,
        "the server is starting, stopping or recovering. Secrets Manager tries again by itself.",
    ),
    Cause(
        r"(FATAL|ERROR):  (unsupported startup parameter|Feature not supported: RDS Proxy)",
        DatabaseUnreachableError,
        "what answers there is a connection pooler (PgBouncer, RDS Proxy), which has passwords of its own. Put the "
        "server's own address into 'host' and 'port' of the secret.",
    ),
    Cause(
        r"FATAL:  [^\n]*\nCONTEXT:  ",
        DatabaseUnreachableError,
        "a function of the server's that runs at every login raised an error: an event trigger of database {database}. "
        "This lists the statements that switch such triggers off: SELECT format('ALTER EVENT TRIGGER %I DISABLE;', "
        "evtname) FROM pg_event_trigger WHERE evtevent = 'login'; Where they keep the administrator out as well, log "
        "in with PGOPTIONS='-c event_triggers=off'.",
    ),
    # From libpq, always in English.
    Cause(
        r".*server requested a cleartext password",
        LoginRefusedError,
        'the server asks for the password itself, over a connection without TLS. Remove "ssl": false from the secret.',
    ),
    Cause(
        r".*server did not complete authentication",
        LoginRefusedError,
        "the server asks for no password, so none can be tested. Its pg_hba.conf must say scram-sha-256, not trust.",
    ),
    Cause(
        r"authentication method requirement ",
        LoginRefusedError,
        "the server does not know this user by a password, so there is none to rotate.",
    ),
    Cause(r"server does not support SSL", DatabaseUnreachableError, TlsFailure.NOT_OFFERED),
    Cause(r"server certificate for ", DatabaseUnreachableError, TlsFailure.WRONG_HOST_NAME),
    Cause(r"could not get server's host name from ", DatabaseUnreachableError, TlsFailure.WRONG_HOST_NAME),
    Cause(r"SSL error: certificate verify failed", DatabaseUnreachableError, TlsFailure.UNTRUSTED),
    Cause(r"(root certificate file|could not read root cert)", DatabaseUnreachableError, TlsFailure.UNREADABLE_BUNDLE),
    Cause(r"SSL error: ", DatabaseUnreachableError, TlsFailure.HANDSHAKE),
    Cause(
        r".*Connection refused",
        DatabaseUnreachableError,
        "nothing listens there. Check 'host' and 'port' in the secret, and that the database runs.",
    ),
    Cause(
        r".*(No route to host|Network is unreachable|Connection timed out)",
        DatabaseUnreachableError,
        "the network has no way there. Check the function's subnets and route tables.",
    ),
    Cause(
        r"(received invalid response to SSL negotiation|expected authentication request)",
        DatabaseUnreachableError,
        NOT_POSTGRESQL,
    ),
    Cause(
        r"(server closed the connection|SSL SYSCALL error|SSL connection has been closed|could not receive data)",
        DatabaseUnreachableError,
        "the server, or something on the way, closed the connection. If it is not just restarting, its log says why.",
    ),
)

UNKNOWN = Cause(
    "",
    DatabaseUnreachableError,
    "the login failed for a reason that is not known here; the server's log has it. If the server's lc_messages is not "
    "English, set it to C (ALTER SYSTEM SET lc_messages = 'C'; SELECT pg_reload_conf(); or in the parameter group): a "
    "wrong password is told from an outage by that text alone.",
)

_PREFIX = re.compile(r'connection to server at "[^"]*"( \([^)]*\))?, port \d+ failed: ')


def cause_of(text: str) -> Cause:
    """The cause that a text of libpq stands for, or UNKNOWN."""
    said = without_prefix(text)
    return next((cause for cause in CAUSES if re.match(cause.pattern, said)), UNKNOWN)


def without_prefix(text: str) -> str:
    """A text of libpq without the address that it was connecting to."""
    return _PREFIX.sub("", text, count=1)
