"""What the server's and the driver's errors mean, in words of our own.

No driver exception leaves this package: they repeat statements, and statements hold passwords. Only error 1045 at login
means that the password was rejected; every other failure says nothing about the password.
Source: MySQL Error Message Reference; pymysql/err.py.
"""

import socket
import ssl
import struct
from collections.abc import Mapping

from pymysql.err import MySQLError

from secret_rotation.errors import (
    DatabaseError,
    DatabaseUnreachableError,
    LoginRefusedError,
    LoginRejectedError,
    NotPrimaryPasswordError,
    PermissionDeniedError,
    StatementFailedError,
)
from secret_rotation.model import Credentials
from secret_rotation.tls import TlsFailure, Trust

DRIVER_ERRORS = (MySQLError, OSError, ValueError, RuntimeError, LookupError, AssertionError, struct.error)
"""All that PyMySQL raises; the last ones where what answers is no MySQL server."""

ACCESS_DENIED = 1045
EXPIRED = 1820
NO_PRIVILEGE = 1227
NOT_PRIMARY = 3891
IN_HISTORY = 3638
TLS_FAILED = 2026
_WRONG_HOST_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH

_REFUSED: Mapping[int, str] = {
    1044: "the user may not use database {database}. GRANT it a right there, or correct 'dbname' in the secret.",
    1049: "there is no database {database}. Create it, or correct 'dbname' in the secret.",
    1102: "database {database} is no name that MySQL allows. Correct 'dbname' in the secret.",
    1130: "the server has no account of any user for the address that this function connects from.",
    1251: "the account's authentication plugin needs another client. ALTER USER ... IDENTIFIED WITH "
    "caching_sha2_password.",
    1524: "the account's authentication plugin is not loaded in the server. Load it, or ALTER USER ... IDENTIFIED WITH "
    "caching_sha2_password.",
    1698: "the account does not log in by password. ALTER USER ... IDENTIFIED WITH caching_sha2_password.",
    1862: "the password is right but has expired. ALTER USER ... PASSWORD EXPIRE NEVER, then rotate again.",
    2059: "the account's authentication plugin takes no password. ALTER USER ... IDENTIFIED WITH "
    "caching_sha2_password.",
    2061: "without TLS the server asked for the password in a form that others could read; nothing was sent. "
    'Remove "ssl": false from the secret.',
    3118: "the account is locked. If that is not on purpose: ALTER USER ... ACCOUNT UNLOCK.",
    3955: "the account is locked after too many failed logins. Find who fails (FAILED_LOGIN_ATTEMPTS), then ALTER USER "
    "... ACCOUNT UNLOCK.",
}

_UNREACHABLE: Mapping[int, str] = {
    1040: "the server has too many connections. Raise max_connections, or close some.",
    1053: "the server is shutting down.",
    1129: "the server blocks this address after too many interrupted connections. FLUSH HOSTS, or raise "
    "max_connect_errors.",
    1203: "the user has too many connections (max_user_connections).",
    1226: "the account has used up one of its resource limits (MAX_CONNECTIONS_PER_HOUR, MAX_USER_CONNECTIONS ...).",
    2006: "the connection broke.",
    2013: "the server closed the connection, or did not answer in time.",
    3032: "the server is in offline mode.",
    3159: 'the server wants TLS (require_secure_transport). Remove "ssl": false from the secret.',
}

_STATEMENT: Mapping[int, str] = {
    1193: "the server does not know one of its variables. It is older than MySQL 8.0, or no MySQL.",
    1205: "another session holds a lock on the grant tables. Find it in performance_schema.metadata_locks, end its "
    "transaction, then rotate again.",
    1290: "the server runs with --read-only or --super-read-only (or --skip-grant-tables): it is a replica or a "
    "reader. The host must be the writer.",
    1317: "the statement was interrupted by somebody.",
    1396: "the account does not exist any more, or another run has just created it. Rotate again.",
    1470: "a user name has at most 32 characters.",
    1819: "the password does not satisfy the policy of the component validate_password. Set PASSWORD_LENGTH and the "
    "EXCLUDE_ variables of the function to what the policy asks for; then remove the label AWSPENDING, so that a new "
    "password is drawn, and rotate again.",
    1820: "the password has expired, and must be changed before anything else.",
    1836: "the server is in read-only mode. The host must be the writer.",
    3024: "the server ended the statement because it took too long.",
    3638: "the password was used before (PASSWORD HISTORY, PASSWORD REUSE INTERVAL). On a repeat it is set already.",
    3878: "the account has an empty password, which cannot be kept as the old one.",
    3891: "the password that was to be replaced is not the account's primary one.",
    3892: "the account must name its current password to change it (PASSWORD REQUIRE CURRENT).",
    3894: "the old password cannot be kept while the authentication plugin changes.",
    3895: "the account's authentication plugin keeps no old password.",
}
_DENIED: Mapping[int, str] = dict.fromkeys(
    (1044, 1045, 1142, 1143, 1227, 1370, 1410, 1698),
    "the user that is logged in lacks a privilege for it.",
)
_NETWORK: Mapping[type[OSError], str] = {
    TimeoutError: "no answer in time. Check the security groups, the subnets' routes, and whether the database runs.",
    socket.gaierror: "the host name cannot be resolved. Check 'host' in the secret, and the DNS of the subnets.",
    ConnectionError: "the connection was refused or broken. Check 'port' in the secret, and whether the database runs.",
    OSError: "the network cannot reach it. Check the subnets' routes.",
}
_LOST = frozenset({0, 1053, 1152, 1158, 1159, 1160, 1161, 2006, 2013, 2014, 2027})


def number_of(error: BaseException) -> int:
    """The error number, or 0."""
    first = error.args[0] if isinstance(error, MySQLError) and error.args else 0
    return first if isinstance(first, int) else 0


def login_failure(error: BaseException, credentials: Credentials, trust: Trust) -> DatabaseError:
    """What a failed connection means."""
    number = number_of(error)
    who = _who(credentials)
    if number == ACCESS_DENIED:
        return LoginRejectedError(
            f"The server rejected user name and password of {who}. It says the same where it has no such account, or "
            "none for the address that this function connects from."
        )
    if number in _REFUSED:
        return LoginRefusedError(f"Cannot log in as {who}: {_REFUSED[number].format(database=credentials.dbname)}")
    return DatabaseUnreachableError(f"Cannot log in as {who}: {_why_unreachable(error, number, credentials, trust)}")


def unreadable_bundle(credentials: Credentials, trust: Trust) -> DatabaseUnreachableError:
    """The file with the certificate authorities is missing or broken."""
    why = trust.explain(TlsFailure.UNREADABLE_BUNDLE, credentials.host)
    return DatabaseUnreachableError(f"Cannot log in as {_who(credentials)}: {why}")


def statement_failure(error: BaseException, shown: str, session: str) -> DatabaseError:
    """What a failed statement means. `shown` is the statement without any value that must not be seen."""
    number = number_of(error)
    if number in _LOST or not isinstance(error, MySQLError):
        return DatabaseUnreachableError(
            f"The connection of {session} was lost during: {shown}. Whether it took effect is not known; a repeat "
            "is safe."
        )
    if number in _DENIED:
        return PermissionDeniedError(f"{session} may not: {shown}. {_sentence(_DENIED[number])}", code=str(number))
    why = _sentence(_STATEMENT.get(number, f"the server answered with error {number}."))
    kind = NotPrimaryPasswordError if number == NOT_PRIMARY else StatementFailedError
    return kind(f"Statement of {session} failed: {shown}. {why}", code=str(number))


def _who(credentials: Credentials) -> str:
    return f"{credentials.username} of {credentials.secret} at {credentials.host}:{credentials.port}"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _why_unreachable(error: BaseException, number: int, credentials: Credentials, trust: Trust) -> str:
    cause = getattr(error, "original_exception", error)
    if isinstance(cause, ssl.SSLError) or number == TLS_FAILED:
        return trust.explain(_tls_failure(cause), credentials.host)
    if isinstance(cause, OSError):
        return next(text for kind, text in _NETWORK.items() if isinstance(cause, kind))
    if number:
        return _UNREACHABLE.get(number, f"the server answered with error {number}.")
    return "what answers there is no MySQL server. Check 'host' and 'port' in the secret."


def _tls_failure(cause: BaseException) -> TlsFailure:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return TlsFailure.WRONG_HOST_NAME if cause.verify_code in _WRONG_HOST_NAME else TlsFailure.UNTRUSTED
    return TlsFailure.HANDSHAKE if isinstance(cause, ssl.SSLError) else TlsFailure.NOT_OFFERED
