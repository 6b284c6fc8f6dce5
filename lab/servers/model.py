"""What a database server of the lab is, to whoever uses it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lab.servers.certificates import Certificate


class ServerError(Exception):
    """A server of the lab could not be prepared, started or used. The message says what to do."""


class ProvisionError(ServerError):
    """The software of a server could not be downloaded or unpacked."""


class ServerStartError(ServerError):
    """A server did not come up. The message ends with the last lines of its log."""


class SharedServerError(ServerError):
    """One test wanted to stop, restart or change a server that other tests use at the same time."""


@dataclass(frozen=True)
class Login:
    """A user name and its password."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class ServerFacts:
    """All that a client needs to know of a running server. Can be pickled, so processes can share a server.

    Attributes:
        engine: the value of the key "engine" of a secret for this server.
        version: as the server itself says it, such as "17.11".
        host: a name that is in the server's certificate.
        ca_bundle: a PEM file for RDS_CA_BUNDLE.
        superuser: what RDS gives its customers.
        administrator: the true superuser (rdsadmin), for tests that look inside: no rotation function ever gets it.
        log_path: everything that the server writes.
    """

    engine: str
    version: str
    host: str
    port: int
    ca_bundle: Path
    superuser: Login
    administrator: Login
    log_path: Path


class Connection(Protocol):
    """The part of a DB-API connection that both drivers have, in autocommit mode. The caller closes it."""

    @property
    def cursor(self) -> Callable[..., Any]:
        """A new cursor."""

    def close(self) -> None:
        """End the session."""


class Instance(Protocol):
    """The running server behind a DatabaseServer: whoever holds it decides over its life."""

    def restart(self, **settings: object) -> None:
        """Stop the server, add the settings to its configuration, and start it at the same port."""

    def reconfigure(self, **settings: object) -> None:
        """Change settings that need no restart, and make the running server use them."""

    def use_certificate(self, certificate: Certificate) -> None:
        """Present another certificate to every connection made from now on."""

    def suspend(self) -> None:
        """Freeze the server: connections are accepted by the kernel, and nothing answers."""

    def resume(self) -> None:
        """Let a suspended server go on."""

    def stop(self) -> None:
        """Stop the server and remove its data. Does nothing the second time."""
