"""PostgreSQL's kit. Its superuser is a role with CREATEROLE, as on RDS."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from types import ModuleType
from typing import ClassVar, cast

import psycopg2
from psycopg2.extensions import connection, encrypt_password

from lab.engines.kit import Kit, Read, Trouble
from lab.engines.postgresql.decoder import PostgreSQLDecoder
from lab.engines.postgresql.server import DEFAULT_DATABASE, PostgresServer
from lab.engines.postgresql.software import CHOICE_VARIABLE, IMAGES, KNOWN_VERSIONS, chosen_versions
from lab.engines.postgresql.start import start_postgres
from lab.servers import CertificateAuthority, DatabaseServer, Login, ServerFacts
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.engines.postgresql.connection import Connection

SERVER_PREFIX = "postgres"
_RIGHTS = """
    WITH subject AS (SELECT * FROM pg_roles WHERE rolname = '{name}')
    SELECT 'attributes ' || (to_jsonb(subject) - 'oid' - 'rolname' - 'rolpassword' - 'rolconfig')::text FROM subject
    UNION ALL
    SELECT 'member ' || (to_jsonb(pg_auth_members) - 'oid' - 'roleid' - 'member' - 'grantor')::text || roleid::regrole
    FROM pg_auth_members JOIN subject ON member = subject.oid
    UNION ALL
    SELECT 'setting ' || setdatabase || ' ' || setting
    FROM pg_db_role_setting CROSS JOIN unnest(setconfig) AS setting JOIN subject ON setrole = subject.oid
    UNION ALL
    SELECT 'acl ' || relname || ' ' || privilege_type || is_grantable
    FROM pg_class CROSS JOIN aclexplode(relacl) JOIN subject ON grantee = subject.oid
    UNION ALL
    SELECT 'owner ' || relname FROM pg_class JOIN subject ON relowner = subject.oid WHERE relkind = 'r'"""


class PostgreSQLKit(Kit):
    """PostgreSQL, in each of its versions that are pinned."""

    engine = PostgreSQL
    brand = "PostgreSQL"
    engine_key = "postgres"
    driver: ClassVar[ModuleType] = psycopg2
    program = "postgres"
    server_names = tuple(f"{SERVER_PREFIX}{version}" for version in KNOWN_VERSIONS)
    choice_variable = CHOICE_VARIABLE
    images = IMAGES
    decoder = PostgreSQLDecoder
    administration_database = None
    count_of_clients = "SELECT count(*) - 1 FROM pg_stat_activity WHERE backend_type = 'client backend'"
    hold_all_passwords = "LOCK TABLE pg_authid IN SHARE MODE"
    way_of_statements = (Connection, "execute")
    messages_of_change = ("Query: ALTER ROLE",)
    message_of_rejection = "ErrorResponse 28P01"
    message_of_goodbye = "Terminate"

    def start(
        self, server_name: str | None = None, *, authority: CertificateAuthority | None = None, **settings: object
    ) -> DatabaseServer:
        return start_postgres(
            int((server_name or self.server_names[-1]).removeprefix(SERVER_PREFIX)), authority=authority, **settings
        )

    def shared(self, facts: ServerFacts) -> PostgresServer:
        return PostgresServer(facts)

    def chosen_server_names(self) -> tuple[str, ...]:
        """The versions in LAB_POSTGRES."""
        return tuple(f"{SERVER_PREFIX}{version}" for version in chosen_versions())

    def database_of(self, username: str) -> str:  # noqa: ARG002 - each engine may ask for it
        return DEFAULT_DATABASE

    def create_users(self, server: DatabaseServer, logins: Sequence[Login]) -> None:
        with closing(cast("connection", server.connect(server.superuser))) as session:
            # A verifier instead of the password: the server logs statements of this kind.
            verifiers = [
                encrypt_password(login.password, login.username, scope=session, algorithm="scram-sha-256")
                for login in logins
            ]
        created = zip(logins, verifiers, strict=True)
        roles = (role for login, verifier in created for role in self.creation(login.username, verifier))
        self.run(server, server.superuser, DEFAULT_DATABASE, *roles)
        tables = (statement for login in logins for statement in self._table(login.username))
        self.run(server, server.administrator, DEFAULT_DATABASE, *tables)

    def account(self, username: str) -> str:
        quoted = username.replace('"', '""')
        return f'"{quoted}"'

    def creation(self, username: str, password: str) -> tuple[str, ...]:
        """A role that may log in; instead of the password it takes a verifier of it, too."""
        return (f"CREATE ROLE {self.account(username)} LOGIN PASSWORD '{password}'",)

    def notes(self, username: str) -> str:
        return f"public.notes_{username}"

    def changes_of_password(self, username: str, password: str) -> tuple[str, ...]:
        return (f"ALTER ROLE {self.account(username)} PASSWORD '{password}'",)

    def change_of_own_password(self, username: str, password: str) -> str:
        return f"ALTER ROLE {username} PASSWORD '{password}'"

    def lock_out(self, username: str) -> str:
        return f"ALTER ROLE {self.account(username)} NOLOGIN"

    def let_in(self, username: str) -> str:
        return f"ALTER ROLE {self.account(username)} LOGIN"

    def hold_password(self, username: str) -> str:
        return f"SELECT * FROM pg_authid WHERE rolname = '{username}' FOR UPDATE"  # noqa: S608 - names of our own

    def rejected_login(self, username: str) -> str:
        return f'password authentication failed for user "{username}"'

    def enrichment(self, username: str) -> tuple[str, ...]:
        return (
            f'CREATE ROLE "{username}_role"',
            f'GRANT "{username}_role" TO "{username}"',
            f'CREATE ROLE "{username}_mistake"',
            f'ALTER ROLE "{username}" CONNECTION LIMIT 20',
            f"ALTER ROLE \"{username}\" SET search_path = '$user', public",
        )

    def revoke_role(self, username: str) -> str:
        return f"REVOKE {username}_role FROM {username}"

    def grant_by_mistake(self, username: str) -> str:
        return f"GRANT {username}_mistake TO {username}"

    def revoke_the_mistake(self, username: str) -> str:
        return f"REVOKE {username}_mistake FROM {username}"

    def drop(self, username: str) -> tuple[str, ...]:
        role = self.account(username)
        return f"REASSIGN OWNED BY {role} TO CURRENT_USER", f"DROP OWNED BY {role}", f"DROP ROLE {role}"

    def rename(self, before: str, after: str) -> str:
        return f"ALTER ROLE {self.account(before)} RENAME TO {self.account(after)}"

    def create_superuser(self, login: Login, subjects: Sequence[str]) -> tuple[str, ...]:
        role = self.account(login.username)
        return (
            f"CREATE ROLE {role} LOGIN CREATEROLE PASSWORD '{login.password}'",
            *(f"GRANT {self.account(subject)} TO {role} WITH ADMIN OPTION" for subject in subjects),
        )

    def let_create_users(self, username: str) -> str:
        return f"ALTER ROLE {self.account(username)} CREATEROLE"

    def troubles(self, username: str) -> Mapping[str, Trouble]:
        alter = f"ALTER ROLE {self.account(username)}"
        return {
            "no-connection-left-for-the-user": Trouble(
                f"{alter} CONNECTION LIMIT 1",
                f"{alter} CONNECTION LIMIT -1",
                "DatabaseUnreachableError",
                ("no connection is free", "CONNECTION LIMIT"),
                sessions=1,
            ),
            "locked": Trouble(
                self.lock_out(username),
                self.let_in(username),
                "LoginRefusedError",
                ("may not log in", "ALTER ROLE .* LOGIN"),
            ),
            "expired": Trouble(
                f"{alter} VALID UNTIL '2001-01-01'",
                f"{alter} VALID UNTIL 'infinity'",
                "LoginRejectedError",
                ("rejected", "VALID UNTIL"),
            ),
        }

    def hold_rotations(self, username: str) -> str:
        return f"SELECT pg_advisory_lock(hashtextextended('secret_rotation {username}', 0))"

    def setting(self, name: str) -> str:
        return f"SHOW {name}"

    def rights(self, read: Read, username: str) -> list[str]:
        return [text for (text,) in read(_RIGHTS.format(name=username))]

    def sessions_of(self, username: str) -> str:
        return f"SELECT client_port FROM pg_stat_activity WHERE usename = '{username}'"  # noqa: S608 - names of our own

    def sessions_from(self, ports: Sequence[int]) -> str:
        known = ", ".join(f"'{port}'" for port in ports)
        return f"SELECT count(*) FROM pg_stat_activity WHERE client_port::text IN ({known})"  # noqa: S608 - numbers

    def _table(self, username: str) -> tuple[str, ...]:
        return (
            f"CREATE TABLE {self.notes(username)} (note text)",
            f'ALTER TABLE {self.notes(username)} OWNER TO "{username}"',
        )
