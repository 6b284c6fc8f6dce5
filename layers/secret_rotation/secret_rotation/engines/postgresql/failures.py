"""Every failure of the driver as an error of ours.

The driver's own texts quote statements, and statements hold passwords, so none is repeated, and no driver exception is
ever chained to ours.
"""

from collections.abc import Mapping
from types import MappingProxyType

from psycopg2 import errors as conditions

from secret_rotation.engines.postgresql.login_causes import cause_of
from secret_rotation.errors import (
    DatabaseError,
    DatabaseUnreachableError,
    LoginRefusedError,
    PermissionDeniedError,
    StatementFailedError,
)
from secret_rotation.model import Credentials
from secret_rotation.tls import TlsFailure, Trust

DEFAULT_DATABASE = "postgres"
"""The database of a secret that names none. Source: Secrets Manager User Guide, "JSON structure"."""

_INSUFFICIENT_PRIVILEGE = "42501"
_CONNECTION_LOST = ("08", "57P")
"""Classes of SQLSTATE after which the session is gone. Source: PostgreSQL manual, "PostgreSQL Error Codes"."""

_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        _INSUFFICIENT_PRIVILEGE: "The user that is logged in may not do this. Where rds.restrict_password_commands is "
        "on, only members of rds_password may set passwords.",
        "25006": "This server is read-only: it is a replica or a reader endpoint. Use the endpoint of the writer.",
        "42704": "The role does not exist (any more).",
        "55P03": "Another session holds a lock on the role, or on its rotation, for too long. End that session "
        "(pg_locks shows it).",
        "57014": "The server did not finish in time: it is overloaded, or another session holds a lock.",
    }
)


def quoted(name: str) -> str:
    """A name as SQL quotes it, for statements that an operator is to run."""
    return '"' + name.replace('"', '""') + '"'


def login_failure(error: Exception, credentials: Credentials, trust: Trust) -> DatabaseError:
    """What a failed login means."""
    if isinstance(error, TimeoutError):
        return unreachable(
            credentials,
            (
                "no answer in time. The database's security group must let the function's in at this port; if it does, "
                "the server hangs."
            ),
        )
    cause = cause_of(str(error))
    if isinstance(cause.meaning, TlsFailure):
        meaning = trust.explain(cause.meaning, credentials.host)
    else:
        database = quoted(credentials.dbname or DEFAULT_DATABASE)
        meaning = cause.meaning.format(user=quoted(credentials.username), database=database)
    return cause.kind(_login_failed(credentials, meaning))


def unreachable(credentials: Credentials, meaning: str) -> DatabaseUnreachableError:
    """No login was tried, or it had no answer."""
    return DatabaseUnreachableError(_login_failed(credentials, meaning))


def refused(credentials: Credentials, meaning: str) -> LoginRefusedError:
    """No password can help."""
    return LoginRefusedError(_login_failed(credentials, meaning))


def statement_failure(error: Exception, doing: str, credentials: Credentials) -> DatabaseError:
    """What a failed statement means. `doing` is its template: names, but no values."""
    code = getattr(error, "pgcode", None)
    if code is None or code.startswith(_CONNECTION_LOST):
        return DatabaseUnreachableError(
            f"{doing} at {_place(credentials)} had no answer: the connection was lost, or the server hangs. "
            "Secrets Manager tries again by itself."
        )
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
