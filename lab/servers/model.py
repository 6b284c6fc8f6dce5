"""What a database server of the lab is, to whoever uses it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
    """All that a client needs to know of a running server. Can be pickled, so processes can share a server."""

    engine: str
    version: str
    host: str
    port: int
    ca_bundle: Path
    superuser: Login
    administrator: Login
    log_path: Path
    default_database: str | None


class Connection(Protocol):
    """The part of a DB-API connection that both drivers have, in autocommit mode. The caller closes it."""

    @property
    def cursor(self) -> Callable[..., Any]:
        """Return a new cursor."""

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


class DatabaseServer(Instance, Protocol):
    """A real server, listening on localhost with TLS.

    `superuser` is what RDS gives its customers. `administrator` is the true one (rdsadmin), for tests that look inside:
    no rotation function ever gets it. `engine` is the value of the secret's "engine" key.
    """

    @property
    def engine(self) -> str:
        """Return "postgres" or "mysql"."""

    @property
    def version(self) -> str:
        """Return the version as the server itself says it, such as "17.11"."""

    @property
    def host(self) -> str:
        """Return a name that is in the server's certificate."""

    @property
    def port(self) -> int:
        """Return the TCP port."""

    @property
    def ca_bundle(self) -> Path:
        """Return a PEM file for RDS_CA_BUNDLE."""

    @property
    def superuser(self) -> Login:
        """Return the login that RDS would give."""

    @property
    def administrator(self) -> Login:
        """Return the true superuser."""

    @property
    def log_path(self) -> Path:
        """Return the server's log: everything that it writes."""

    @property
    def default_database(self) -> str | None:
        """Return the database that a secret without dbname means."""

    def connect(self, login: Login, dbname: str | None = None) -> Connection:
        """Return an open connection over verified TLS, in autocommit mode. The caller closes it."""

    def can_log_in(self, username: str, password: str, dbname: str | None = None) -> bool:
        """Tell whether the server accepts the login. Every failure but the server's own no is raised."""

    def __enter__(self) -> Self:
        """Return the server."""

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
