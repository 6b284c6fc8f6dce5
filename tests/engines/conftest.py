"""What the contract suite knows of each engine: one adapter a line, everything else is the same for all."""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.servers import DatabaseServer, Login, PostgresServer
from secret_rotation.deadline import Deadline
from secret_rotation.engine import Engine, Pair, Session, SuperuserSession
from secret_rotation.engines.mysql import MySQL
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.model import Credentials, Password
from tests.fixtures.databases import ApplicationUser, MakeUser

ENGINES: dict[str, Callable[[Path], Engine]] = {
    "postgres": PostgreSQL,
    "mysql": MySQL,
}
"""By the value of the secret's key "engine". A new engine adds its line here, and its server to the lab."""


@dataclass
class Subject:
    """An engine, and an application's user on a real server for it to work on."""

    engine: Engine
    user: ApplicationUser

    @property
    def server(self) -> DatabaseServer:
        """The server that the user is on."""
        return self.user.server

    @property
    def pair(self) -> Pair:
        """The user, and the clone that it may come to have."""
        return Pair.of(self.user.username)

    @property
    def password(self) -> Password:
        """The user's first password."""
        return Password(self.user.password)

    def credentials(
        self, username: str | None = None, password: Password | None = None, **changes: object
    ) -> Credentials:
        """A version of the application's secret."""
        values: dict[str, object] = {
            "host": self.server.host,
            "port": self.server.port,
            "username": username or self.user.username,
            "password": password or self.password,
            "dbname": self.user.dbname,
            "tls": True,
            "superuser_arn": None,
            "secret": "AWSCURRENT of the test's secret",
            "document": {},
        }
        return Credentials(**{**values, **changes})  # type: ignore[arg-type]

    def superuser(self) -> Credentials:
        """The credentials of the server's superuser."""
        login = self.server.superuser
        return self.credentials(login.username, Password(login.password), dbname=None)

    def logs_in(self, password: Password, username: str | None = None) -> bool:
        """Whether the server accepts the login."""
        return self.user.can_log_in(username or self.user.username, password.reveal())

    def works(self, username: str, password: Password) -> bool:
        """Whether the user reads and writes what the application does."""
        return self.user.can_work(username, password.reveal())

    def run(self, username: str, password: Password, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as a user in the application's database; the rows of the last one."""
        with closing(self.server.connect(Login(username, password.reveal()), self.user.dbname)) as session:
            cursor = session.cursor()
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def session(self, credentials: Credentials) -> AbstractContextManager[Session]:
        """The engine's session of a user."""
        return self.engine.connect(credentials, Deadline.after(60))

    def superuser_session(self) -> AbstractContextManager[SuperuserSession]:
        """The engine's session of the superuser."""
        return self.engine.connect_superuser(self.superuser(), Deadline.after(60))

    def mirror(self, username: str, password: Password) -> None:
        """What setSecret does for this user of the pair."""
        with self.superuser_session() as session:
            session.mirror(self.pair, username, password)

    def mirror_clone(self) -> Password:
        """Rotate to the clone; its new password."""
        password = Password(secrets.token_urlsafe())
        self.mirror(self.pair.clone, password)
        return password


@pytest.fixture
def deadline() -> Deadline:
    """Enough time for one test."""
    return Deadline.after(60)


@pytest.fixture
def subject(database: DatabaseServer, make_user: MakeUser) -> Subject:
    """Each engine on each of its servers, with a user of this test's own."""
    return Subject(ENGINES[database.engine](database.ca_bundle), make_user(database))


@pytest.fixture
def postgres_subject(postgres: PostgresServer, make_user: MakeUser) -> Subject:
    """PostgreSQL in each of its versions, with a user of this test's own."""
    return Subject(PostgreSQL(postgres.ca_bundle), make_user(postgres))


@pytest.fixture
def newest(newest_postgres: PostgresServer, make_user: MakeUser) -> Subject:
    """A user on the newest server."""
    return Subject(PostgreSQL(newest_postgres.ca_bundle), make_user(newest_postgres))
