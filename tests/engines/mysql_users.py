"""A user of one test on a real MySQL server, with a database of its own, and the engine under test."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pymysql

from lab.engines.mysql import MySQLServer
from lab.servers import Login
from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.engines.mysql import MySQL
from secret_rotation.engines.mysql.session import MySQLSession
from secret_rotation.engines.mysql.superuser_session import MySQLSuperuserSession
from secret_rotation.pairs import Pair
from secret_rotation.password import Password
from tests.engines.holder import HOLDER

DEADLINE_SECONDS = 30.0


def new_password() -> str:
    """A password as a rotation would draw it."""
    return secrets.token_urlsafe(24)


@dataclass
class User:
    """A user name, its clone's, and a database `db_NAME` with a table `t (a, b)`."""

    server: MySQLServer
    name: str
    password: str = field(default_factory=new_password, repr=False)

    @classmethod
    def create(cls, server: MySQLServer, name: str, *hosts: str) -> "User":
        """Create the user on these hosts ("%" if none is given) and its database."""
        user = cls(server, name)
        user.admin(f"CREATE DATABASE db_{name}", f"CREATE TABLE db_{name}.t (a INT, b INT)")
        for host in hosts or ("%",):
            user.admin(f"CREATE USER '{name}'@'{host}' IDENTIFIED BY '{user.password}'")
        return user

    @property
    def clone(self) -> str:
        """The name of the clone."""
        return self.pair.clone

    @property
    def pair(self) -> Pair:
        """The pair that the user and its clone are."""
        return Pair(self.name)

    @property
    def both(self) -> str:
        """The two users, for a condition with IN."""
        return f"('{self.name}', '{self.clone}')"

    @property
    def db(self) -> str:
        """The name of the database."""
        return f"db_{self.name}"

    def admin(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as the server's administrator; the rows of the last one."""
        return self.run(self.server.administrator.username, self.server.administrator.password, *statements)

    def run(self, username: str, password: str, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as a user in a session of its own; the rows of the last one."""
        return self.server.run(Login(username, password), *statements)

    def may(self, username: str, password: str, statement: str) -> bool:
        """Whether the server lets a user run a statement."""
        try:
            self.run(username, password, statement)
        except pymysql.err.MySQLError:
            return False
        return True

    def grants(self, username: str, host: str = "%") -> list[str]:
        """SHOW GRANTS, with the name of the clone put back to the original's."""
        rows = self.admin(f"SHOW GRANTS FOR '{username}'@'{host}'")
        return sorted(str(row[0]).replace(f"`{self.clone}`@", f"`{self.name}`@") for row in rows)

    def settings(self, username: str, host: str = "%") -> str:
        """SHOW CREATE USER without names, passwords and attributes."""
        [(text,)] = self.admin(f"SHOW CREATE USER '{username}'@'{host}'")
        return str(text)[str(text).index(" REQUIRE ") :].partition(" ATTRIBUTE ")[0]

    def credentials(self, username: str | None = None, password: str | None = None, **changes: Any) -> Credentials:  # noqa: ANN401
        """Credentials for the engine."""
        place = self.server.host, self.server.port
        login = username or self.name, Password(password or self.password)
        own = Credentials(*place, *login, None, tls=True, superuser_arn=None, secret="AWSCURRENT of prod/app")
        return replace(own, **changes)

    @contextmanager
    def session(
        self,
        password: str | None = None,
        *,
        seconds: float = DEADLINE_SECONDS,
        **changes: Any,  # noqa: ANN401
    ) -> Iterator[MySQLSession]:
        """A session of the engine, as the user."""
        credentials = self.credentials(password=password, **changes)
        with MySQL(self.server.ca_bundle).connect(credentials, Deadline.after(seconds)) as session:
            yield session

    @contextmanager
    def superuser(self) -> Iterator[MySQLSuperuserSession]:
        """A session of the engine, as the superuser that RDS gives."""
        login = self.server.superuser
        credentials = self.credentials(login.username, login.password)
        with MySQL(self.server.ca_bundle).connect_superuser(credentials, Deadline.after(DEADLINE_SECONDS)) as session:
            yield session

    def mirror(self, username: str) -> str:
        """Mirror the pair and set the password of one of them; returns it."""
        password = new_password()
        with self.superuser() as session:
            session.mirror(self.pair, username, Password(password), HOLDER)
        return password
