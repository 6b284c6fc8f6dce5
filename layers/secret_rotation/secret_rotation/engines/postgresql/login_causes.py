"""Why PostgreSQL refuses a login: the texts of libpq 17 and of PostgreSQL 14 to 18, and what each means.

There is no SQLSTATE for it on the client's side. Each pattern must match at the beginning, so that no user or database
name inside a text can be taken for another text. Nothing of a text is repeated.
"""

import re
from dataclasses import dataclass

from secret_rotation.errors import DatabaseError, DatabaseUnreachableError, LoginRefusedError, LoginRejectedError
from secret_rotation.tls import TlsFailure


@dataclass(frozen=True, slots=True)
class Cause:
    """What a text means. `meaning` may name {user} and {database}, which are to be quoted as SQL does."""

    pattern: str
    kind: type[DatabaseError]
    meaning: str | TlsFailure


CAUSES = (
    # From the server, in words of its lc_messages.
    Cause(
        r"FATAL:  password authentication failed for user ",
        LoginRejectedError,
        "the server rejected user name and password. It says the same where the role does not exist, has no password, "
        "or its VALID UNTIL has passed.",
    ),
    Cause(
        r"FATAL:  role .* is not permitted to log in",
        LoginRefusedError,
        "the role may not log in. If it should: ALTER ROLE {user} LOGIN.",
    ),
    Cause(
        r"FATAL:  role .* does not exist",
        LoginRefusedError,
        "there is no role {user}. Correct 'username' in the secret, or create the role.",
    ),
    Cause(
        r"FATAL:  database .* does not exist",
        LoginRefusedError,
        "there is no database {database}. Correct 'dbname' in the secret, or create the database.",
    ),
    Cause(
        r"FATAL:  (database .* is not currently accepting|cannot connect to invalid database)",
        LoginRefusedError,
        "database {database} takes no connections. Name another one in the secret's 'dbname'.",
    ),
    Cause(
        r"FATAL:  permission denied for database ",
        LoginRefusedError,
        "the user may not connect to that database. GRANT CONNECT ON DATABASE {database} TO {user}.",
    ),
    Cause(
        r"FATAL:  (no pg_hba\.conf entry for|pg_hba\.conf rejects) .*(no encryption|SSL off)",
        LoginRefusedError,
        'the server does not let {user} into {database} without TLS. Remove "ssl": false from the secret.',
    ),
    Cause(
        r"FATAL:  (no pg_hba\.conf entry for|pg_hba\.conf rejects) ",
        LoginRefusedError,
        "the server's pg_hba.conf does not let {user} into {database} from here.",
    ),
    Cause(
        r"FATAL:  PAM authentication failed for user ",
        LoginRefusedError,
        "the server asks IAM instead of checking a password. If that is not meant: REVOKE rds_iam FROM {user}.",
    ),
    Cause(
        r"FATAL:  (\S+ authentication failed for user|connection requires a valid client certificate)",
        LoginRefusedError,
        "the server does not know this user by a password, so there is none to rotate.",
    ),
    Cause(
        r"FATAL:  (sorry, too many clients already|remaining connection slots are reserved|too many connections for )",
        DatabaseUnreachableError,
        "no connection is free: the limit of the server, the database or the role is reached. Close idle sessions, or "
        "raise max_connections or the CONNECTION LIMIT.",
    ),
    Cause(
        r"FATAL:  the database system is ",
        DatabaseUnreachableError,
        "the server is starting, stopping or recovering. Secrets Manager tries again by itself.",
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
        "what answers there is not PostgreSQL. Check 'host' and 'port' in the secret.",
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
    "English, set it to C: a wrong password is told from an outage by that text alone.",
)

_PREFIX = re.compile(r'connection to server at "[^"]*"( \([^)]*\))?, port \d+ failed: ')


def cause_of(text: str) -> Cause:
    """The cause that a text of libpq stands for, or UNKNOWN."""
    body = _PREFIX.sub("", text, count=1)
    return next((cause for cause in CAUSES if re.match(cause.pattern, body)), UNKNOWN)
