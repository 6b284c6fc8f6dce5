"""What the server's and the driver's errors mean, in words of our own.

No driver exception leaves this package: they repeat statements, and statements hold passwords. Only error 1045 at login
means that the password was rejected; every other failure says nothing about the password.
Source: MySQL Error Message Reference; pymysql/err.py.
"""

import ssl
import struct

from pymysql.err import MySQLError

from secret_rotation.addresses import explain
from secret_rotation.credentials import Credentials
from secret_rotation.engines.mysql.causes import (
    CLOSED_IN_TLS,
    DENIED,
    LOST,
    NETWORK,
    NOT_MYSQL,
    PASSWORD_REFUSED,
    REFUSED,
    REJECTED,
    STATEMENT,
    UNREACHABLE,
)
from secret_rotation.engines.mysql.limits import WireError
from secret_rotation.engines.mysql.remedies import filled
from secret_rotation.engines.mysql.sql import Sql
from secret_rotation.errors import (
    DatabaseError,
    DatabaseUnreachableError,
    LoginRefusedError,
    LoginRejectedError,
    NotPrimaryPasswordError,
    PermissionDeniedError,
    StatementFailedError,
)
from secret_rotation.tls import TlsFailure, Trust, failure_of

DRIVER_ERRORS = (
    MySQLError,
    WireError,
    *(OSError, ValueError, RuntimeError, LookupError, AssertionError, struct.error),
    *(ArithmeticError, AttributeError, TypeError),
)
"""All that PyMySQL raises. It raises those of the last line where what answers is no MySQL server."""

ACCESS_DENIED = 1045
EXPIRED = 1820
NOT_PRIMARY = 3891
READ_ONLY = 1290
IN_HISTORY = 3638
TLS_FAILED = 2026


def number_of(error: BaseException) -> int:
    """The error number, or 0."""
    first = error.args[0] if isinstance(error, MySQLError) and error.args else 0
    return first if isinstance(first, int) else 0


def login_failure(error: BaseException, credentials: Credentials, trust: Trust) -> DatabaseError:
    """What a failed connection means."""
    number = number_of(error)
    who = _who(credentials)
    if number == ACCESS_DENIED:
        why = filled(REJECTED, credentials, _said(error))
        return LoginRejectedError(f"The server rejected user name and password of {who}. {why}")
    if number in REFUSED:
        return LoginRefusedError(f"Cannot log in as {who}: {filled(REFUSED[number], credentials, _said(error))}")
    return DatabaseUnreachableError(f"Cannot log in as {who}: {_why_unreachable(error, number, credentials, trust)}")


def unresolved(error: OSError, credentials: Credentials) -> DatabaseUnreachableError:
    """The host has no address, or DNS does not say so."""
    return DatabaseUnreachableError(f"Cannot log in as {_who(credentials)}: {explain(error)}")


def unreadable_bundle(credentials: Credentials, trust: Trust) -> DatabaseUnreachableError:
    """The file with the certificate authorities is missing or broken."""
    why = trust.explain(TlsFailure.UNREADABLE_BUNDLE, credentials.certified_name)
    return DatabaseUnreachableError(f"Cannot log in as {_who(credentials)}: {why}")


def statement_failure(error: BaseException, shown: str, credentials: Credentials) -> DatabaseError:
    """What a failed statement means. `shown` is the statement without any value that must not be seen."""
    session = session_of(credentials)
    if isinstance(error, WireError):
        return DatabaseUnreachableError(
            f"{session} gave up waiting for the end of: {shown}. {_sentence(str(error))} Whether it took effect is not "
            "known; a repeat is safe."
        )
    number = number_of(error)
    if number in LOST or not isinstance(error, MySQLError):
        return DatabaseUnreachableError(
            f"The connection of {session} was lost during: {shown}. Whether it took effect is not known; a repeat "
            "is safe."
        )
    return refusal(number, shown, credentials, _said(error))


def refusal(number: int, shown: str, credentials: Credentials, said: str = "") -> StatementFailedError:
    """What it means that the server refuses a statement with this error, and these words if it was asked."""
    session = session_of(credentials)
    if number in DENIED:
        return PermissionDeniedError(f"{session} may not: {shown}. {_sentence(DENIED[number])}", code=str(number))
    cause = STATEMENT.get(number, f"the server answered with error {number}.")
    kind = NotPrimaryPasswordError if number == NOT_PRIMARY else StatementFailedError
    return kind(
        f"A statement of {session} failed (error {number}): {filled(cause, credentials, said)} The statement: {shown}.",
        code=str(number),
        refuses_password=number in PASSWORD_REFUSED,
    )


def in_history(account: Sql, credentials: Credentials) -> StatementFailedError:
    """An account may not have a password again that it had."""
    return StatementFailedError(
        f"{_sentence(session_of(credentials))} cannot set the password of {account}: {STATEMENT[IN_HISTORY]}",
        code=str(IN_HISTORY),
        refuses_password=True,
    )


def nonsense(shown: str, credentials: Credentials) -> DatabaseUnreachableError:
    """The answer to a statement has another form than MySQL gives it."""
    return DatabaseUnreachableError(
        f"What {session_of(credentials)} is connected to is no MySQL server: no such server answers that way to: "
        f"{shown}. Check 'host' and 'port' in the secret, and what stands between here and there."
    )


def _who(credentials: Credentials) -> str:
    return f"{credentials.username} of {credentials.secret} at {credentials.host}:{credentials.port}"


def session_of(credentials: Credentials) -> str:
    """What messages call a session."""
    return f"user {credentials.username} at {credentials.host}"


def _said(error: BaseException) -> str:
    """The server's own words. They are read, and never repeated."""
    return str(error.args[1]) if isinstance(error, MySQLError) and len(error.args) > 1 else ""


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _why_unreachable(error: BaseException, number: int, credentials: Credentials, trust: Trust) -> str:
    if isinstance(error, WireError):
        return str(error)
    cause = getattr(error, "original_exception", error)
    if _is_end_of_connection(cause):
        return CLOSED_IN_TLS
    if isinstance(cause, ssl.SSLError) or number == TLS_FAILED:
        return trust.explain(_tls_failure(cause), credentials.certified_name)
    if isinstance(cause, OSError):
        return next(text for kind, text in NETWORK.items() if isinstance(cause, kind))
    if number:
        # The statement that sets up the session is a part of the login.
        text = UNREACHABLE.get(number) or STATEMENT.get(number) or f"the server answered with error {number}."
        return filled(text, credentials, _said(error))
    return NOT_MYSQL


def _is_end_of_connection(cause: BaseException) -> bool:
    """Whether the peer hung up in the TLS handshake, which early releases of Python 3.11 take for a proper farewell."""
    return isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError))


def _tls_failure(cause: BaseException) -> TlsFailure:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return failure_of(cause)
    return TlsFailure.HANDSHAKE if isinstance(cause, ssl.SSLError) else TlsFailure.NOT_OFFERED
