"""What TLS says of the database: by the same authorities, and for the same name, as in a rotation."""

import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from secret_rotation.authorities import region_of
from secret_rotation.commands import shell_line
from secret_rotation.credentials import Credentials
from secret_rotation.doctor.findings import Finding, Result
from secret_rotation.errors import DatabaseUnreachableError
from secret_rotation.examiner import Examiner
from secret_rotation.sockets import with_tls
from secret_rotation.tls import TlsFailure, Trust, failure_of

HANDSHAKE_SECONDS = 45.0
"""A cluster of Aurora that was paused for long takes 30 s and more to answer: see `Deadline.to_connect`."""
SERVER_DAYS, AUTHORITY_DAYS = 30, 60
"""Fewer days than these are a warning. linkerd warns of an authority at 60."""

_INSTANCE = re.compile(r"(?P<name>[a-z][a-z0-9-]*)\.(?!cluster-|proxy-)[a-z0-9]+\.", re.IGNORECASE)
_SILENT = (
    "what answers there takes connections, and says nothing: the server hangs, or it is something else. Check 'host' "
    "and 'port' in the secret."
)
_PLAINTEXT = (
    'The secret says "ssl": false: whoever can listen reads all, and nobody proves to be the server. Remove it.'
)
_RENEW = (
    "On RDS a new certificate comes with the newest authority, in the maintenance window, and some versions restart "
    "for it; elsewhere renew it on the server."
)


def examine(connection: socket.socket, examiner: Examiner, user: Credentials, trust: Trust) -> Iterator[Finding]:
    """All checks of TLS, up to the first that fails, on a fresh connection, which is closed then."""
    with closing(connection):
        if not user.tls:
            yield Finding("tls.offered", Result.WARNING, _PLAINTEXT)
            return
        end = time.monotonic() + HANDSHAKE_SECONDS
        try:
            examiner.begin_tls(connection, user, end)
            context = trust.ssl_context(user.certified_name)
            with with_tls(connection, context, user.certified_name, end) as tls:
                yield from _seen(tls, user)
        except DatabaseUnreachableError as error:
            yield Finding("tls.offered", Result.FAILED, f"{user.host}:{user.port}: {error}")
        except OSError as error:
            name, why = _failure(error, trust, user.certified_name)
            yield Finding(name, Result.FAILED, f"{user.host}:{user.port}: {why}")


def _failure(error: OSError, trust: Trust, host: str) -> tuple[str, str]:
    """The check that a failed handshake is about, and what it means."""
    if isinstance(error, TimeoutError):
        return "tls.offered", _SILENT
    name, failure = "tls.offered", TlsFailure.HANDSHAKE
    if isinstance(error, ssl.SSLCertVerificationError):
        failure = failure_of(error)
        name = "tls.name" if failure is TlsFailure.WRONG_HOST_NAME else "tls.chain"
    elif isinstance(error, FileNotFoundError | PermissionError):
        name, failure = "tls.chain", TlsFailure.UNREADABLE_BUNDLE
    return name, trust.explain(failure, host)


def _seen(tls: ssl.SSLSocket, user: Credentials) -> Iterator[Finding]:
    """What a handshake that succeeded shows."""
    chain = _chain(tls)
    server, authority = chain[0], chain[-1]  # one and the same where the server's own certificate is trusted
    yield Finding("tls.offered", Result.OK, f"{tls.version()} with {(tls.cipher() or ('?',))[0]}.")
    yield Finding("tls.chain", Result.OK, f"It is signed by {_common_name(authority)}.")
    yield Finding("tls.name", Result.OK, f"It is for {user.certified_name}.")
    yield _lasts("tls.expiry", server, SERVER_DAYS, _renewal(user.certified_name))
    yield _lasts("tls.authority", authority, AUTHORITY_DAYS, _renewal(user.certified_name))


def _lasts(name: str, certificate: Mapping[str, Any], days_wanted: int, remedy: str | None) -> Finding:
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    days = (ends - datetime.now(UTC)).days
    text = f"It is valid until {ends:%Y-%m-%d}, for {days} more days."
    if days >= days_wanted:
        return Finding(name, Result.OK, text)
    return Finding(name, Result.WARNING, f"{text} {_RENEW}", remedy)


def _renewal(host: str) -> str | None:
    """The command that gives an instance of RDS a new certificate; None where its name is not known.

    Source: RDS User Guide, "Rotating your SSL/TLS certificate".
    """
    found = _INSTANCE.match(host) if region_of(host) else None
    if found is None:
        return None
    words = ("aws", "rds", "modify-db-instance", "--db-instance-identifier", found["name"],
             "--ca-certificate-identifier", "rds-ca-rsa2048-g1", "--no-apply-immediately")  # fmt: skip
    return shell_line(words)


def _chain(tls: ssl.SSLSocket) -> list[Mapping[str, Any]]:
    """The certificates that were verified, from the server's to the authority's, as `getpeercert` shows them.

    Python has this in public since 3.13 only, and there as bytes that it does not decode.
    """
    verified: Any = tls._sslobj  # type: ignore[attr-defined]  # noqa: SLF001
    return [certificate.get_info() for certificate in verified.get_verified_chain()]


def _common_name(certificate: Mapping[str, Any]) -> str:
    names = [value for part in certificate["subject"] for key, value in part if key == "commonName"]
    return names[0] if names else "an authority without a name"
