"""What an application has in a database: a user, and a table that it reads and writes; for either engine."""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from psycopg2.extensions import connection, encrypt_password

from lab.servers import DatabaseServer, Login
from lab.servers.pool import MYSQL


class FrontOfServer(Protocol):
    """What stands between clients and a server: a Relay, or a Tap where messages and not bytes matter."""

    port: int
    connections: int
    silent: bool


@dataclass
class ApplicationUser:
    """A user with a table of its own, in a database that a relay stands in front of."""

    server: DatabaseServer
    relay: FrontOfServer
    username: str
    password: str = field(repr=False)
    dbname: str

    @property
    def engine(self) -> str:
        """The value of the secret's key "engine"."""
        return self.server.engine

    def secret_value(self, **changes: object) -> dict[str, object]:
        """The JSON of the application's secret."""
        return {
            "engine": self.engine,
            "host": self.server.host,
            "port": self.relay.port,
            "username": self.username,
            "password": self.password,
            "dbname": self.dbname,
            **changes,
        }

    def superuser_secret_value(self, **changes: object) -> dict[str, object]:
        """The JSON of the secret of the server's superuser."""
        login = self.server.superuser
        value = self.secret_value(username=login.username, password=login.password, **changes)
        return {key: kept for key, kept in value.items() if key != "dbname"}

    def can_log_in(self, username: str, password: str) -> bool:
        """Whether the server accepts the login."""
        return self.server.can_log_in(username, password, self.dbname)

    def can_work(self, username: str, password: str) -> bool:
        """Whether the user, once logged in, reads and writes what the application does."""
        with self.session(username, password) as work:
            return work()

    @contextmanager
    def session(self, username: str | None = None, password: str | None = None) -> Iterator[Callable[[], bool]]:
        """An open session; call it to do the application's work, which is True where that succeeds."""
        login = Login(username or self.username, password or self.password)
        with closing(self.server.connect(login, self.dbname)) as session:

            def work() -> bool:
                note, cursor = secrets.token_hex(4), session.cursor()
                cursor.execute(f"INSERT INTO notes_{self.username} VALUES ('{note}')")  # noqa: S608 - names of our own
                cursor.execute(f"SELECT count(*) FROM notes_{self.username} WHERE note = '{note}'")  # noqa: S608
                return bool(cursor.fetchone()[0] == 1)

            yield work

    @contextmanager
    def blocked(self) -> Iterator[None]:
        """While a transaction of somebody else's holds a lock that a change of the password has to wait for."""
        held = (
            "LOCK TABLES mysql.user READ"
            if self.engine == MYSQL
            else f"SELECT * FROM pg_authid WHERE rolname = '{self.username}' FOR UPDATE"  # noqa: S608
        )
        with closing(self.server.connect(self.server.administrator, self.dbname)) as session:
            cursor = session.cursor()
            cursor.execute("BEGIN")
            cursor.execute(held)
            yield
            cursor.execute("ROLLBACK")

    def administrate(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as the true superuser; the rows of the last one."""
        return self._run(self.server.administrator, statements)

    def as_superuser(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as the superuser that RDS gives; the rows of the last one."""
        return self._run(self.server.superuser, statements)

    def set_password(self, password: str, username: str | None = None) -> None:
        """Change a password behind the secret's back."""
        name = username or self.username
        if self.engine == MYSQL:
            account = f"'{name}'@'%'"
            self.as_superuser(
                f"ALTER USER {account} IDENTIFIED BY '{password}'", f"ALTER USER {account} DISCARD OLD PASSWORD"
            )
        else:
            self.as_superuser(f"ALTER ROLE \"{name}\" PASSWORD '{password}'")

    def rejected_logins(self) -> int:
        """How many logins of this pair of users the server has rejected."""
        log = self.server.log_path.read_text(errors="replace")
        names = rf"{self.username}(?:_clone)?"
        pattern = (
            rf"Access denied for user '{names}'@"
            if self.engine == MYSQL
            else rf'password authentication failed for user "{names}"'
        )
        return len(re.findall(pattern, log))

    def _run(self, login: Login, statements: tuple[str, ...]) -> list[tuple[Any, ...]]:
        # On MySQL the superuser's rights come through a role, which is not active by itself.
        mysql = self.engine == MYSQL
        with closing(self.server.connect(login, "information_schema" if mysql else self.dbname)) as session:
            cursor = session.cursor()
            for statement in ("SET ROLE ALL", *statements) if mysql else statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


def create_application_user(server: DatabaseServer, relay: FrontOfServer, username: str) -> ApplicationUser:
    """Create the user and its table, as the superuser that RDS gives; the name is valid without quotes."""
    return create_application_users(server, relay, [username])[0]


def create_application_users(
    server: DatabaseServer, relay: FrontOfServer, usernames: Iterable[str]
) -> list[ApplicationUser]:
    """Create many users as `create_application_user` does, over the same few connections."""
    mysql = server.engine == MYSQL
    users = [
        ApplicationUser(server, relay, name, secrets.token_urlsafe(), f"db_{name}" if mysql else "postgres")
        for name in usernames
    ]
    if users:
        (_set_up_mysql if mysql else _set_up_postgres)(users)
    return users


def _set_up_postgres(users: list[ApplicationUser]) -> None:
    # A verifier instead of the password: the server logs statements of this kind.
    server = users[0].server
    with closing(cast("connection", server.connect(server.superuser))) as session:
        verifiers = [
            encrypt_password(user.password, user.username, scope=session, algorithm="scram-sha-256") for user in users
        ]
    users[0].as_superuser(
        *(
            f"CREATE ROLE \"{user.username}\" LOGIN PASSWORD '{verifier}'"
            for user, verifier in zip(users, verifiers, strict=True)
        )
    )
    users[0].administrate(*(statement for user in users for statement in _postgres_table(user.username)))


def _postgres_table(name: str) -> tuple[str, ...]:
    return (
        f"CREATE TABLE public.notes_{name} (note text)",
        f'ALTER TABLE public.notes_{name} OWNER TO "{name}"',
    )


def _set_up_mysql(users: list[ApplicationUser]) -> None:
    users[0].as_superuser(*(statement for user in users for statement in _mysql_account(user)))


def _mysql_account(user: ApplicationUser) -> tuple[str, ...]:
    name = user.username
    return (
        f"CREATE USER '{name}'@'%' IDENTIFIED BY '{user.password}'",
        f"CREATE DATABASE db_{name}",
        f"CREATE TABLE db_{name}.notes_{name} (note text)",
        f"GRANT SELECT, INSERT ON db_{name}.* TO '{name}'@'%'",
        f"GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO '{name}'@'%'",  # for the second of its own two passwords
    )
