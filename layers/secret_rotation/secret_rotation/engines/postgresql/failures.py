"""Every failure of the driver as an error of ours.

The driver's own texts quote statements, and statements hold passwords, so none is repeated, and no driver exception is
ever chained to ours.
"""

from collections.abc import Mapping
from types import MappingProxyType

from psycopg2 import errors as conditions

from secret_rotation.credentials import Credentials
from secret_rotation.engines.postgresql.connection import ComputingError, ExhaustedError, FloodError
from secret_rotation.engines.postgresql.expiry import never_expires
from secret_rotation.engines.postgresql.login_causes import cause_of, without_prefix
from secret_rotation.engines.postgresql.pg_hba import way_in
from secret_rotation.engines.postgresql.sql import in_psql, quoted
from secret_rotation.errors import (
    DatabaseError,
    DatabaseUnreachableError,
    PermissionDeniedError,
    StatementFailedError,
)
from secret_rotation.tls import TlsFailure, Trust

DEFAULT_DATABASE = "postgres"
"""The database of a secret that names none. Source: Secrets Manager User Guide, "JSON structure"."""

READ_ONLY = "25006"
"""The SQLSTATE of a change on a replica."""
_INSUFFICIENT_PRIVILEGE = "42501"
_NOT_IN_UTF8 = "22021"
"""What the server itself says of such a text, where it looks at it."""
_CONNECTION_LOST = ("08", "57P")
"""Classes of SQLSTATE after which the session is gone. Source: PostgreSQL manual, "PostgreSQL Error Codes"."""

_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        _INSUFFICIENT_PRIVILEGE: "The user that is logged in may not do this.",
        READ_ONLY: "This server is read-only: it is a replica or a reader endpoint. Use the endpoint of the writer.",
        "42704": "The role does not exist (any more).",
        "55P03": "Another session holds a lock on the role, or on its rotation, for too long. If it hangs, or has no "
        "business there, this ends it and says whose it was: SET search_path = pg_catalog; "
        "SELECT usename, application_name, state, pg_terminate_backend(pid) "
        "FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE relation IN "
        "('pg_authid'::regclass, 'pg_auth_members'::regclass, 'pg_db_role_setting'::regclass) "
        "AND mode <> 'AccessShareLock' AND granted AND backend_type = 'client backend' AND pid <> pg_backend_pid();",
        "57014": "The server did not finish in time: it is overloaded, or another session holds a lock.",
    }
)

_NO_ANSWER = (
    "no answer in time. The database's security group must let the function's in at this port; if it does, the server "
    "hangs."
)
_ENDLESS_COMPUTING = (
    "the time was up before the proof was computed that the server asks for. The password of {user} is kept with an "
    "absurd number of SCRAM iterations, or what answers there is not your server. If it is, give {user} a new password "
    "as an administrator{command}, and put it into the secret."
)
_EXHAUSTED = (
    "this environment of the function still computes for logins that were given up, which nothing can stop, or has no "
    "file descriptor left. Secrets Manager tries again by itself. If it comes again, look in the log for a secret "
    "whose login asks for an absurd number of SCRAM iterations."
)
_FLOOD = (
    "the server sends more than any PostgreSQL would. Check that 'host' and 'port' in the secret are your server's."
)


def login_failure(error: Exception, credentials: Credentials, trust: Trust) -> DatabaseError:
    """What a failed login means."""
    if isinstance(error, ComputingError):
        user = credentials.username
        meaning = _ENDLESS_COMPUTING.format(user=quoted(user), command=in_psql(user))
        return unreachable(credentials, meaning, elsewhere=False)
    if isinstance(error, TimeoutError):
        return unreachable(credentials, _NO_ANSWER)
    if isinstance(error, ExhaustedError):
        return unreachable(credentials, _EXHAUSTED, elsewhere=False)
    if isinstance(error, FloodError):
        return unreachable(credentials, _FLOOD, elsewhere=False)
    cause = cause_of(str(error))
    if isinstance(cause.meaning, TlsFailure):
        meaning = trust.explain(cause.meaning, credentials.certified_name)
    else:
        user, database = credentials.username, credentials.dbname or DEFAULT_DATABASE
        line = way_in(user, database, tls=credentials.tls, text=without_prefix(str(error)))
        meaning = cause.meaning.format(
            user=quoted(user), database=quoted(database), never_expires=never_expires(user), way_in=line
        )
    return cause.kind(_login_failed(credentials, meaning))


def unreachable(credentials: Credentials, meaning: str, *, elsewhere: bool = True) -> DatabaseUnreachableError:
    """No login was tried, or it had no answer."""
    return DatabaseUnreachableError(_login_failed(credentials, meaning), elsewhere=elsewhere)


def unlike_postgresql(doing: str, credentials: Credentials) -> DatabaseUnreachableError:
    """The answer to a statement has another shape than the statement gives it."""
    return DatabaseUnreachableError(
        f"{doing} at {_place(credentials)} had an answer that PostgreSQL does not give. Check that 'host' and 'port' "
        "in the secret are your server's."
    )


def statement_failure(error: Exception, doing: str, credentials: Credentials) -> DatabaseError:
    """What a failed statement means. `doing` is its template: names, but no values."""
    if isinstance(error, FloodError):
        return DatabaseUnreachableError(f"{doing} at {_place(credentials)} was given up: {_FLOOD}")
    if isinstance(error, UnicodeDecodeError):
        return StatementFailedError(
            f"The answer to {doing} at {_place(credentials)} is not in UTF-8. A name, comment or setting was made "
            "in a database of another encoding: make it again from one in UTF-8.",
            code=_NOT_IN_UTF8,
        )
    code = getattr(error, "pgcode", None)
    if code is None or code.startswith(_CONNECTION_LOST):
        return DatabaseUnreachableError(
            f"{doing} at {_place(credentials)} had no answer: the connection was lost, or the server hangs. "
            "Secrets Manager tries again by itself."
        )
    return refusal(code, doing, credentials)


def refusal(code: str, doing: str, credentials: Credentials) -> StatementFailedError:
    """What it means that the server refuses a statement with this SQLSTATE."""
    kind = PermissionDeniedError if code == _INSUFFICIENT_PRIVILEGE else StatementFailedError
    return kind(
        f"{doing} at {_place(credentials)} failed with {_condition(code)} (SQLSTATE {code}). "
        + _REMEDIES.get(code, "The server's log has the details."),
        code=code,
    )


def _condition(code: str) -> str:
    try:
        return conditions.lookup(code).__name__
    except KeyError:
        return "an error"


def _login_failed(credentials: Credentials, meaning: str) -> str:
    return f"Login at {_place(credentials)} failed: {meaning}"


def _place(credentials: Credentials) -> str:
    return f"{credentials.host}:{credentials.port} as {credentials.username} (with {credentials.secret})"
