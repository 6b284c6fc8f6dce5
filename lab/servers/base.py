"""What the servers of both engines have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from lab.servers.model import Login, SharedServerError

if TYPE_CHECKING:
    from pathlib import Path

    from lab.servers.certificates import Certificate
    from lab.servers.model import Instance, ServerFacts


class Server:
    """The facts of a running server, and the instance that can stop or change it."""

    def __init__(self, facts: ServerFacts, instance: Instance | None = None) -> None:
        """Describe a server; without an instance it is shared, and cannot be stopped or changed from here."""
        self.facts = facts
        self._owned = instance

    @property
    def engine(self) -> str:
        """Return "postgres" or "mysql"."""
        return self.facts.engine

    @property
    def version(self) -> str:
        """Return the version as the server itself says it."""
        return self.facts.version

    @property
    def host(self) -> str:
        """Return a name that is in the server's certificate."""
        return self.facts.host

    @property
    def port(self) -> int:
        """Return the TCP port."""
        return self.facts.port

    @property
    def ca_bundle(self) -> Path:
        """Return a PEM file for RDS_CA_BUNDLE."""
        return self.facts.ca_bundle

    @property
    def superuser(self) -> Login:
        """Return the login that RDS would give."""
        return self.facts.superuser

    @property
    def administrator(self) -> Login:
        """Return the true superuser."""
        return self.facts.administrator

    @property
    def log_path(self) -> Path:
        """Return the server's log."""
        return self.facts.log_path

    @property
    def default_database(self) -> str | None:
        """Return the database that a secret without dbname means."""
        return self.facts.default_database

    def restart(self, **settings: object) -> None:
        """Restart the server at the same port, with more settings."""
        self._instance.restart(**settings)

    def reconfigure(self, **settings: object) -> None:
        """Change settings of the running server."""
        self._instance.reconfigure(**settings)

    def use_certificate(self, certificate: Certificate) -> None:
        """Present another certificate from now on."""
        self._instance.use_certificate(certificate)

    def suspend(self) -> None:
        """Freeze the server."""
        self._instance.suspend()

    def resume(self) -> None:
        """Let a suspended server go on."""
        self._instance.resume()

    def stop(self) -> None:
        """Stop the server and remove its data."""
        self._instance.stop()

    def __enter__(self) -> Self:
        """Return the server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()

    def __repr__(self) -> str:
        """Name the server, without its passwords."""
        return f"<{self.engine} {self.version} at {self.host}:{self.port}>"

    @property
    def _instance(self) -> Instance:
        if self._owned is None:
            message = f"{self!r} is shared by all tests: start a server of your own (start_postgres, start_mysql)"
            raise SharedServerError(message)
        return self._owned
