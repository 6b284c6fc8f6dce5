"""What the contract suite knows of each engine: one adapter a line, everything else is the same for all."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from lab.engines import kit_of
from lab.engines.mysql import MySQLServer, start_mysql
from lab.engines.postgresql import PostgresServer
from lab.servers import DatabaseServer, Login
from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.engine import Engine, Session, SuperuserSession
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.errors import DatabaseError
from secret_rotation.pairs import Pair
from secret_rotation.password import Password
from tests.engines.holder import HOLDER
from tests.engines.mysql_users import User
from tests.fixtures.databases import ApplicationUser, MakeUser


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

    def credentials(self, username: str | None = None, password: Password | None = None, **changes: Any) -> Credentials:  # noqa: ANN401
        """A version of the application's secret."""
        place = self.server.host, self.server.port
        login = username or self.user.username, password or self.password
        where = "AWSCURRENT of the test's secret"
        own = Credentials(*place, *login, self.user.dbname, tls=True, superuser_arn=None, secret=where)
        return replace(own, **changes)

    def superuser(self) -> Credentials:
        """The credentials of the server's superuser."""
        login = self.server.superuser
        return self.credentials(login.username, Password(login.password), dbname=None)

    def fails(self, kind: type[DatabaseError], *words: str, seconds: float = 30, **changes: Any) -> None:  # noqa: ANN401
        """Log in, which must be this error and no other, with these words in it."""
        credentials = self.credentials(**changes)
        with pytest.raises(DatabaseError) as raised, self.engine.connect(credentials, Deadline.after(seconds)):
            pass
        assert type(raised.value) is kind
        assert not [text for text in words if text not in str(raised.value)], raised.value

    def logs_in(self, password: Password, username: str | None = None) -> bool:
        """Whether the server accepts the login."""
        return self.user.can_log_in(username or self.user.username, password.reveal())

    def works(self, username: str, password: Password) -> bool:
        """Whether the user reads and writes what the application does."""
        return self.user.can_work(username, password.reveal())

    def run(self, username: str, password: Password, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as a user in the application's database; the rows of the last one."""
        return self.server.run(Login(username, password.reveal()), *statements, dbname=self.user.dbname)

    def session(self, credentials: Credentials) -> AbstractContextManager[Session]:
        """The engine's session of a user."""
        return self.engine.connect(credentials, Deadline.after(60))

    def superuser_session(self) -> AbstractContextManager[SuperuserSession]:
        """The engine's session of the superuser."""
        return self.engine.connect_superuser(self.superuser(), Deadline.after(60))

    def mirror(self, username: str, password: Password) -> None:
        """What setSecret does for this user of the pair."""
        with self.superuser_session() as session:
            session.mirror(self.pair, username, password, HOLDER)

    def mirror_clone(self) -> Password:
        """Rotate to the clone; its new password."""
        password = Password(secrets.token_urlsafe())
        self.mirror(self.pair.clone, password)
        return password


@pytest.fixture
def subject(database: DatabaseServer, make_user: MakeUser) -> Subject:
    """Each engine on each of its servers, with a user of this test's own."""
    return Subject(kit_of(database).engine(database.ca_bundle), make_user(database))


@pytest.fixture
def postgres_subject(postgres: PostgresServer, make_user: MakeUser) -> Subject:
    """PostgreSQL in each of its versions, with a user of this test's own."""
    return Subject(PostgreSQL(postgres.ca_bundle), make_user(postgres))


@pytest.fixture
def newest(newest_postgres: PostgresServer, make_user: MakeUser) -> Subject:
    """A user on the newest server."""
    return Subject(PostgreSQL(newest_postgres.ca_bundle), make_user(newest_postgres))


@pytest.fixture
def app(mysql: MySQLServer, unique_name: Callable[..., str]) -> User:
    """A user on the MySQL server, with a database of its own."""
    return User.create(mysql, unique_name())


@pytest.fixture(scope="module")
def mysql_with_partial_revokes() -> Iterator[MySQLServer]:
    """A server whose global rights can leave databases out."""
    with start_mysql(partial_revokes="ON") as server:
        yield server
