"""Log in to PostgreSQL: over verified TLS, in limited time, and by nothing but the credentials."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress

from secret_rotation.deadline import Deadline
from secret_rotation.engine import CONNECT_TIMEOUT_SECONDS, STATEMENT_TIMEOUT_SECONDS
from secret_rotation.engines.postgresql.address import addresses
from secret_rotation.engines.postgresql.failures import DEFAULT_DATABASE, login_failure, refused, unreachable
from secret_rotation.engines.postgresql.wire import DRIVER_ERRORS, Wire
from secret_rotation.errors import DatabaseUnreachableError
from secret_rotation.model import Credentials
from secret_rotation.tls import Trust

ANSWER_SECONDS = 1.0
"""The server gives up this much before the client does, so that its answer can say what was in the way."""

USER_SETTINGS: Mapping[str, str] = {
    "search_path": "pg_catalog",  # nobody's function stands in for one of PostgreSQL's
    "default_transaction_read_only": "off",  # what a role is set to for its queries does not concern its password
    "datestyle": "ISO,YMD",
    "timezone": "UTC",
}
"""They outrank the settings of roles and databases."""

SUPERUSER_SETTINGS: Mapping[str, str] = {**USER_SETTINGS, "role": "none"}
"""The superuser acts as itself, whatever role its settings would switch it to."""


def log_in(credentials: Credentials, deadline: Deadline, trust: Trust, settings: Mapping[str, str]) -> Wire:
    """Log in at the first of the host's addresses that answers.

    Raises:
        DatabaseError: as Engine.connect.
    """
    end = time.monotonic() + deadline.at_most(CONNECT_TIMEOUT_SECONDS)
    *others, last = _addresses(credentials, end)
    parameters = _parameters(credentials, trust, {**_time_limits(deadline), **settings})
    for position, address in enumerate(others):
        # Shared out, so that an address that is a black hole leaves time for the next.
        share = (end - time.monotonic()) / (len(others) + 1 - position)
        with suppress(DatabaseUnreachableError):
            return _open(parameters | {"hostaddr": address}, share, credentials, trust)
    return _open(parameters | {"hostaddr": last}, end - time.monotonic(), credentials, trust)


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


def _open(parameters: Mapping[str, str], seconds: float, credentials: Credentials, trust: Trust) -> Wire:
    try:
        return Wire.open(parameters, seconds)
    except UnicodeError:
        meaning = "'username', 'password' or 'dbname' holds half of a character (a lone surrogate). Correct the secret."
        raise refused(credentials, meaning) from None
    except (*DRIVER_ERRORS, TimeoutError) as error:
        raise login_failure(error, credentials, trust) from None


def _addresses(credentials: Credentials, end: float) -> list[str]:
    try:
        return addresses(credentials.host, credentials.port, end - time.monotonic())
    except TimeoutError:
        raise unreachable(credentials, "DNS gave no answer in time. Check the DNS of the function's VPC.") from None
    except OSError:
        meaning = "the host name has no address. Check 'host' in the secret, and the DNS of the function's VPC."
        raise unreachable(credentials, meaning) from None


def _parameters(credentials: Credentials, trust: Trust, settings: Mapping[str, str]) -> dict[str, str]:
    return {
        "host": credentials.host,
        "port": str(credentials.port),
        "user": credentials.username,
        "password": credentials.password.reveal(),
        "dbname": credentials.dbname or DEFAULT_DATABASE,
        "client_encoding": "UTF8",
        "application_name": "secret_rotation",
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        **_security(trust, credentials),
    }


def _security(trust: Trust, credentials: Credentials) -> dict[str, str]:
    # No Kerberos, no client certificate, no revocation list from a home folder.
    nothing_else = {"gssencmode": "disable", "sslcertmode": "disable", "sslcrl": os.devnull}
    if credentials.tls:
        # A server that asks for no password would make every password seem right.
        return {**trust.libpq_parameters(credentials.host), **nothing_else, "require_auth": "!none"}
    return {"sslmode": "disable", **nothing_else, "require_auth": "scram-sha-256,md5"}
