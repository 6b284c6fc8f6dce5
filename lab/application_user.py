"""What an application has in a database: a user, and a table that it reads and writes."""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from lab.engines import Kit, kit_of
from lab.servers import DatabaseServer, Login


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
    def kit(self) -> Kit:
        return kit_of(self.server)

    def secret_value(self, **changes: object) -> dict[str, object]:
        """The JSON of the application's secret."""
        return {
            "engine": self.server.engine,
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
            yield lambda: self.kit.work(session, self.username)

    @contextmanager
    def blocked(self) -> Iterator[None]:
        """While a transaction of somebody else's holds a lock that a change of the password has to wait for."""
        with closing(self.server.connect(self.server.administrator, self.dbname)) as session:
            cursor = session.cursor()
            cursor.execute("BEGIN")
            cursor.execute(self.kit.hold_password(self.username))
            yield
            cursor.execute("ROLLBACK")

    def administrate(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as the true superuser; the rows of the last one."""
        return self.kit.run(self.server, self.server.administrator, self.dbname, *statements)

    def as_superuser(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as the superuser that RDS gives; the rows of the last one."""
        return self.kit.run(self.server, self.server.superuser, self.dbname, *statements)

    def set_password(self, password: str, username: str | None = None) -> None:
        """Change a password behind the secret's back."""
        self.as_superuser(*self.kit.changes_of_password(username or self.username, password))

    def sessions(self) -> int:
        """How many sessions the user has open."""
        return len(self.administrate(self.kit.sessions_of(self.username)))

    def rejected_logins(self) -> int:
        """How many logins of this pair of users the server has rejected."""
        log = self.server.log_path.read_text(errors="replace")
        return len(re.findall(self.kit.rejected_login(rf"{self.username}(?:_clone)?"), log))


def create_application_user(server: DatabaseServer, relay: FrontOfServer, username: str) -> ApplicationUser:
    """Create the user and its table, as the superuser that RDS gives; the name is valid without quotes."""
    return create_application_users(server, relay, [username])[0]


def create_application_users(
    server: DatabaseServer, relay: FrontOfServer, usernames: Iterable[str]
) -> list[ApplicationUser]:
    """Create many users as `create_application_user` does, over the same few connections."""
    kit = kit_of(server)
    users = [ApplicationUser(server, relay, name, secrets.token_urlsafe(), kit.database_of(name)) for name in usernames]
    if users:
        kit.create_users(server, [Login(user.username, user.password) for user in users])
    return users
