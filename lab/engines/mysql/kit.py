"""MySQL's kit. Its superuser's rights come through a role that is not active at login, as they may on RDS."""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, ClassVar

import pymysql

from lab.engines.kit import Kit, Read, Trouble
from lab.engines.mysql.decoder import MySQLDecoder
from lab.engines.mysql.server import MySQLServer
from lab.engines.mysql.software import IMAGES, SOURCE_VARIABLE, chosen_images
from lab.engines.mysql.start import start_mysql
from lab.servers import CertificateAuthority, DatabaseServer, Login, ServerFacts
from secret_rotation.engines.mysql import MySQL
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.session import lock_name

SERVER_PREFIX = "mysql"
_CLIENT_PORT = "SUBSTRING_INDEX(HOST, ':', -1)"
_SETTINGS = """
    SELECT plugin, ssl_type, max_questions, max_updates, max_connections, max_user_connections, password_lifetime,
        Password_reuse_history, Password_reuse_time, Password_require_current, account_locked,
        JSON_REMOVE(User_attributes, '$.additional_password', '$.metadata.secret_rotation')
    FROM mysql.user WHERE User = '{name}' AND Host = '%'"""
_DEFAULT_ROLES = "SELECT DEFAULT_ROLE_USER FROM mysql.default_roles WHERE USER = '{name}' ORDER BY 1"


class MySQLKit(Kit):
    """MySQL, in the one version of its source, or in each that LAB_MYSQL wants from images."""

    engine = MySQL
    brand = "MySQL"
    engine_key = "mysql"
    driver: ClassVar[ModuleType] = pymysql
    program = "mysqld"
    server_names = (SERVER_PREFIX,)
    choice_variable = SOURCE_VARIABLE
    images = IMAGES
    decoder = MySQLDecoder
    administration_database = "information_schema"
    superuser_preparation = ("SET ROLE ALL",)
    count_of_clients = (
        "SELECT variable_value - 1 FROM performance_schema.global_status WHERE variable_name = 'Threads_connected'"
    )
    hold_all_passwords = "LOCK TABLES mysql.user READ"
    way_of_statements = (Connection, "run")
    messages_of_change = ("Query: ALTER USER", "Query: CREATE USER")
    message_of_rejection = "Error 1045"
    message_of_goodbye = "Quit"

    def start(
        self, server_name: str | None = None, *, authority: CertificateAuthority | None = None, **settings: object
    ) -> DatabaseServer:
        version = (server_name or SERVER_PREFIX).removeprefix(SERVER_PREFIX)
        return start_mysql(version, authority=authority, **settings)

    def chosen_server_names(self) -> tuple[str, ...]:
        """The versions in LAB_MYSQL where it wants images."""
        return tuple(f"{SERVER_PREFIX}{version}" for version in chosen_images()) or self.server_names

    def shared(self, facts: ServerFacts) -> MySQLServer:
        return MySQLServer(facts)

    def database_of(self, username: str) -> str:
        return f"db_{username}"

    def create_users(self, server: DatabaseServer, logins: Sequence[Login]) -> None:
        statements = (statement for login in logins for statement in self._account(login))
        self.run(server, server.superuser, "information_schema", *statements)

    def account(self, username: str) -> str:
        quoted = username.replace("`", "``")
        return f"`{quoted}`@`%`"

    def creation(self, username: str, password: str) -> tuple[str, ...]:
        return (f"CREATE USER {self.account(username)} IDENTIFIED BY '{password}'",)

    def notes(self, username: str) -> str:
        return f"db_{username}.notes_{username}"

    def changes_of_password(self, username: str, password: str) -> tuple[str, ...]:
        account = self.account(username)
        return (f"ALTER USER {account} IDENTIFIED BY '{password}'", f"ALTER USER {account} DISCARD OLD PASSWORD")

    def change_of_own_password(self, username: str, password: str) -> str:  # noqa: ARG002 - each engine may ask for it
        return f"ALTER USER USER() IDENTIFIED BY '{password}'"

    def lock_out(self, username: str) -> str:
        return f"ALTER USER {self.account(username)} ACCOUNT LOCK"

    def let_in(self, username: str) -> str:
        return f"ALTER USER {self.account(username)} ACCOUNT UNLOCK"

    def hold_password(self, username: str) -> str:  # noqa: ARG002 - each engine may ask for it
        return self.hold_all_passwords

    def rejected_login(self, username: str) -> str:
        return f"Access denied for user '{username}'@"

    def enrichment(self, username: str) -> tuple[str, ...]:
        account = self.account(username)
        return (
            f"CREATE ROLE '{username}_role'",
            f"GRANT SELECT ON db_{username}.* TO '{username}_role'",
            f"GRANT '{username}_role' TO {account}",
            f"SET DEFAULT ROLE '{username}_role' TO {account}",
            f"GRANT SELECT ON db_{username}.* TO {account} WITH GRANT OPTION",
            f"GRANT UPDATE (note) ON {self.notes(username)} TO {account}",
            f'ALTER USER {account} REQUIRE SSL WITH MAX_USER_CONNECTIONS 20 ATTRIBUTE \'{{"team": "shop"}}\'',
        )

    def revoke_role(self, username: str) -> str:
        return f"REVOKE '{username}_role' FROM {self.account(username)}"

    def grant_by_mistake(self, username: str) -> str:
        return f"GRANT DELETE ON db_{username}.* TO {self.account(username)}"

    def revoke_the_mistake(self, username: str) -> str:
        return f"REVOKE DELETE ON db_{username}.* FROM {self.account(username)}"

    def drop(self, username: str) -> tuple[str, ...]:
        return (f"DROP USER {self.account(username)}",)

    def rename(self, before: str, after: str) -> str:
        return f"RENAME USER {self.account(before)} TO {self.account(after)}"

    def create_superuser(self, login: Login, subjects: Sequence[str]) -> tuple[str, ...]:
        """The role that the first one has is over all users."""
        account = self.account(login.username)
        return (
            f"CREATE USER {account} IDENTIFIED BY '{login.password}'",
            *([f"GRANT rds_superuser_role TO {account}"] if subjects else ()),
        )

    def let_create_users(self, username: str) -> str:
        return f"GRANT CREATE USER ON *.* TO {self.account(username)}"

    def troubles(self, username: str) -> Mapping[str, Trouble]:
        alter = f"ALTER USER {self.account(username)}"
        return {
            "no-connection-left-for-the-user": Trouble(
                f"{alter} WITH MAX_USER_CONNECTIONS 1",
                f"{alter} WITH MAX_USER_CONNECTIONS 0",
                "DatabaseUnreachableError",
                ("resource limits", "MAX_USER_CONNECTIONS"),
                sessions=1,
            ),
            "locked": Trouble(
                self.lock_out(username), self.let_in(username), "LoginRefusedError", ("is locked", "ACCOUNT UNLOCK")
            ),
            "locked-by-failures": Trouble(
                f"{alter} FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME UNBOUNDED",
                f"{alter} FAILED_LOGIN_ATTEMPTS 0 PASSWORD_LOCK_TIME 0 ACCOUNT UNLOCK",
                "LoginRefusedError",
                ("locked after too many failed logins", "ACCOUNT UNLOCK"),
                rejections=2,
            ),
        }

    def hold_rotations(self, username: str) -> str:
        return f"SELECT GET_LOCK('{lock_name(username)}', 0)"

    def setting(self, name: str) -> str:
        return f"SELECT @@{name}"

    def rights(self, read: Read, username: str) -> list[str]:
        settings = read(_SETTINGS.format(name=username))
        if not settings:
            return []
        roles = read(_DEFAULT_ROLES.format(name=username))
        grants = read(f"SHOW GRANTS FOR {self.account(username)}")
        return [_text(settings[0]), *(f"default role {role}" for (role,) in roles), *(text for (text,) in grants)]

    def sessions_of(self, username: str) -> str:
        return f"SELECT {_CLIENT_PORT} FROM performance_schema.processlist WHERE user = '{username}'"  # noqa: S608 - ours

    def sessions_from(self, ports: Sequence[int]) -> str:
        known = ", ".join(f"'{port}'" for port in ports)
        return f"SELECT count(*) FROM performance_schema.processlist WHERE {_CLIENT_PORT} IN ({known})"  # noqa: S608

    def _account(self, login: Login) -> tuple[str, ...]:
        name, account = login.username, self.account(login.username)
        return (
            *self.creation(name, login.password),
            f"GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {account}",  # for the second of its own two passwords
            f"CREATE DATABASE db_{name}",
            f"CREATE TABLE {self.notes(name)} (note text)",
            f"GRANT SELECT, INSERT ON db_{name}.* TO {account}",
        )


def _text(row: tuple[Any, ...]) -> str:
    return " ".join(value.decode() if isinstance(value, bytes) else str(value) for value in row)
