"""A real database server of the lab, as its clients see it."""

from abc import ABC, abstractmethod
from contextlib import closing
from typing import Any, Self

from lab.servers.certificates import Certificate
from lab.servers.model import Connection, Instance, Login, ServerFacts, SharedServerError


class DatabaseServer(ABC):
    """The facts of a running server, and the instance that can stop or change it.

    It listens on localhost, with TLS. Without an instance it is shared, and cannot be stopped or changed from here.
    Each of its facts is an attribute, too.
    """

    def __init__(self, facts: ServerFacts, instance: Instance | None = None) -> None:
        self.facts = facts
        self.engine, self.version = facts.engine, facts.version
        self.host, self.port = facts.host, facts.port
        self.ca_bundle, self.log_path = facts.ca_bundle, facts.log_path
        self.superuser, self.administrator = facts.superuser, facts.administrator
        self._owned = instance

    @abstractmethod
    def connect(self, login: Login, dbname: str | None = None) -> Connection:
        """Open a connection over verified TLS, in autocommit mode. The caller closes it.

        The driver's OperationalError says that the server refused, or did not answer within 10 s.
        """

    @abstractmethod
    def is_refusal(self, error: Exception) -> bool:
        """Whether an error of `connect` is the server's own no."""

    def can_log_in(self, username: str, password: str, dbname: str | None = None) -> bool:
        """Whether the server accepts the login. Every failure but the server's own no is raised."""
        try:
            self.connect(Login(username, password), dbname).close()
        except Exception as error:
            if self.is_refusal(error):
                return False
            raise
        return True

    def run(self, login: Login, *statements: str, dbname: str | None = None) -> list[tuple[Any, ...]]:
        """Run statements in a session of their own.

        Returns:
            The rows of the last one.
        """
        with closing(self.connect(login, dbname)) as session:
            cursor = session.cursor()
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def restart(self, **settings: object) -> None:
        self._instance.restart(**settings)

    def reconfigure(self, **settings: object) -> None:
        self._instance.reconfigure(**settings)

    def use_certificate(self, certificate: Certificate) -> None:
        self._instance.use_certificate(certificate)

    def suspend(self) -> None:
        self._instance.suspend()

    def resume(self) -> None:
        self._instance.resume()

    def stop(self) -> None:
        self._instance.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        """Name the server, without its passwords."""
        return f"<{self.engine} {self.version} at {self.host}:{self.port}>"

    @property
    def _instance(self) -> Instance:
        if self._owned is None:
            raise SharedServerError(f"{self!r} is shared by all tests: start a server of your own, by its kit")
        return self._owned
