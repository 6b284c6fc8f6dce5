"""Whether names have addresses, and addresses answer: each with the time that it took."""

import socket
import time
from contextlib import suppress
from urllib.parse import urlsplit

from secret_rotation.addresses import addresses, explain
from secret_rotation.credentials import Credentials
from secret_rotation.doctor.findings import Finding, Result
from secret_rotation.sockets import dial

SERVICE_SECONDS = 3.0
"""For each of DNS and TCP on the way to AWS, as for a call to it."""
PROBE_SECONDS = 8.0
"""The same on the way to the database."""
SLOW_MS = 1_000
_HTTPS_PORT = 443
_SILENT = (
    "no answer in time. The security group there must let the function's in at this port, and the function's must let "
    "it out; subnets need a route, and network ACLs must let it through both ways."
)
_REFUSED = "nothing listens there. Check 'host' and 'port' in the secret, and that the database runs."
_NOT_REACHED: tuple[tuple[type[OSError], str], ...] = (
    (TimeoutError, _SILENT),
    (ConnectionRefusedError, _REFUSED),
    (ConnectionError, "the connection was closed at once. Look at what stands between here and there."),
    (OSError, "the network has no way there. Check the function's subnets and route tables."),
)
_ENDPOINT = "A function in a VPC needs an interface endpoint for {service}, or a NAT gateway."


def resolve(user: Credentials) -> tuple[Finding, list[str]]:
    """The addresses of the database's host."""
    name, started = "network.dns", time.monotonic()
    try:
        found = addresses(user.host, user.port, PROBE_SECONDS)
    except OSError as error:
        return Finding(name, Result.FAILED, f"{user.host}: {explain(error)}"), []
    text = f"{user.host} is {', '.join(found[:4])}{' and more' if len(found) > 4 else ''} ({_ms(started):.0f} ms)."  # noqa: PLR2004
    return Finding(name, Result.OK, text), found


def reach(user: Credentials, found: list[str]) -> tuple[Finding, socket.socket | None]:
    """A connection to the database's port on which nothing was said yet, or why there is none."""
    name, started = "network.tcp", time.monotonic()
    place = f"{user.host}:{user.port}"
    try:
        connection = dial(found, user.port, started + PROBE_SECONDS)
    except OSError as error:
        return Finding(name, Result.FAILED, f"{place}: {_why(error)}"), None
    took = _ms(started)
    text = f"{place} answers at {connection.getpeername()[0]} ({took:.0f} ms)."
    if took < SLOW_MS:
        return Finding(name, Result.OK, text), connection
    return Finding(name, Result.WARNING, f"{text} That is slow: look at what is on the way."), connection


def service(name: str, url: str, *, needed: bool) -> Finding:
    """Whether the endpoint of a service of AWS can be reached, which is a failure only where it is needed."""
    parts, started = urlsplit(url), time.monotonic()
    host, port = parts.hostname or "", parts.port or _HTTPS_PORT
    try:
        found = addresses(host, port, SERVICE_SECONDS)
        with suppress(OSError), dial(found, port, time.monotonic() + SERVICE_SECONDS) as connection:
            text = f"{host} answers at {connection.getpeername()[0]} ({_ms(started):.0f} ms)."
            return Finding(name, Result.OK, text)
        why = f"{host}:{port} does not answer."
    except OSError as error:
        why = f"{host}: DNS gave no answer in time." if isinstance(error, TimeoutError) else f"{host} has no address."
    text = f"{why} {_ENDPOINT.format(service=name.partition('.')[2])}"
    return Finding(name, Result.FAILED if needed else Result.WARNING, text)


def answered(name: str, url: str) -> Finding:
    """The finding for a service that has answered already, with the time of another connection to it."""
    direct = service(name, url, needed=False)
    if direct.result is Result.OK:
        return direct
    return Finding(name, Result.OK, "It has answered, though not over a direct connection: there may be a proxy.")


def _why(error: OSError) -> str:
    return next(text for kind, text in _NOT_REACHED if isinstance(error, kind))


def _ms(started: float) -> float:
    return (time.monotonic() - started) * 1000
