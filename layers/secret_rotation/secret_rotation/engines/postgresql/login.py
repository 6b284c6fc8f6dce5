"""Log in to PostgreSQL: over verified TLS, in limited time, and by nothing but the credentials."""

import os
import time
from collections.abc import Mapping

from secret_rotation.addresses import addresses, explain, first_to_answer
from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.engine import STATEMENT_TIMEOUT_SECONDS
from secret_rotation.engines.postgresql.connection import DRIVER_ERRORS, Connection
from secret_rotation.engines.postgresql.failures import DEFAULT_DATABASE, login_failure, unreachable
from secret_rotation.engines.postgresql.pins import Pins
from secret_rotation.tls import Trust

ANSWER_SECONDS = 1.0
"""The server gives up this much before the client does, so that its answer can say what was in the way."""


def log_in(credentials: Credentials, deadline: Deadline, trust: Trust, pins: Pins) -> Connection:
    """Log in at the first of the host's addresses that answers, to a session with these settings and no others.

    Raises:
        DatabaseError: as Engine.connect.
    """
    connection = _logged_in(credentials, deadline, trust, {**_time_limits(deadline), **pins.options})
    later = pins.statement(connection.server_version)
    if later is not None:
        connection.send_ahead(later)
    return connection


def _logged_in(credentials: Credentials, deadline: Deadline, trust: Trust, options: Mapping[str, str]) -> Connection:
    end = time.monotonic() + deadline.to_connect()
    parameters = _parameters(credentials, trust, options)

    def open_at(address: str, seconds: float) -> Connection:
        return _open(parameters | {"hostaddr": address}, seconds, credentials, trust)

    return first_to_answer(_addresses(credentials, end), end, open_at)


def _time_limits(deadline: Deadline) -> dict[str, str]:
    """A wait for a lock ends before its statement does, so that the error can say that it was a lock.

    A function that Lambda kills does not hang up: without a limit its session would hold its locks for hours.
    """
    seconds = max(deadline.at_most(STATEMENT_TIMEOUT_SECONDS + ANSWER_SECONDS) - ANSWER_SECONDS, ANSWER_SECONDS)
    invocation = f"{deadline.remaining_seconds():.0f}s"
    return {
        "statement_timeout": f"{seconds * 1000:.0f}ms",
        "lock_timeout": f"{seconds * 500:.0f}ms",
        "idle_session_timeout": invocation,
        "idle_in_transaction_session_timeout": invocation,
    }


def _open(parameters: Mapping[str, str], seconds: float, credentials: Credentials, trust: Trust) -> Connection:
    try:
        return Connection.open(parameters, seconds)
    except (*DRIVER_ERRORS, TimeoutError, UnicodeDecodeError) as error:  # the last: a text that is not in UTF-8
        raise login_failure(error, credentials, trust) from None


def _addresses(credentials: Credentials, end: float) -> list[str]:
    try:
        return addresses(credentials.host, credentials.port, end - time.monotonic())
    except OSError as error:
        raise unreachable(credentials, explain(error)) from None


def _parameters(credentials: Credentials, trust: Trust, options: Mapping[str, str]) -> dict[str, str]:
    return {
        "host": credentials.certified_name,  # for TLS alone: each address of the host is its "hostaddr"
        "port": str(credentials.port),
        "user": credentials.username,
        "password": credentials.password.reveal(),
        "dbname": credentials.dbname or DEFAULT_DATABASE,
        "client_encoding": "UTF8",
        "application_name": "secret_rotation",
        "options": " ".join(f"-c {name}={_escaped(value)}" for name, value in options.items()),
        **_security(trust, credentials),
    }


def _escaped(value: str) -> str:
    """As one of libpq's options. Source: PostgreSQL manual, "Parameter Key Words", options."""
    return value.replace("\\", r"\\").replace(" ", r"\ ")


def _security(trust: Trust, credentials: Credentials) -> dict[str, str]:
    # No Kerberos, no client certificate, no revocation list from a home folder.
    nothing_else = {"gssencmode": "disable", "sslcertmode": "disable", "sslcrl": os.devnull}
    if credentials.tls:
        # A server that asks for no password would make every password seem right; one that asks for a ticket gets none.
        # The first is how a server asks that hands the password on: to PAM, LDAP or RADIUS, or to IAM.
        return {
            **trust.libpq_parameters(credentials.certified_name),
            **nothing_else,
            "require_auth": "password,md5,scram-sha-256",
        }
    return {"sslmode": "disable", **nothing_else, "require_auth": "scram-sha-256,md5"}
