"""The engine for PostgreSQL, through psycopg2."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

from secret_rotation.credentials import Credentials, SecretFormat
from secret_rotation.deadline import Deadline
from secret_rotation.engines.postgresql.login import log_in
from secret_rotation.engines.postgresql.passwords import Encryption
from secret_rotation.engines.postgresql.pins import SUPERUSER_PINS, USER_PINS
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.engines.postgresql.superuser_session import PostgreSQLSuperuserSession
from secret_rotation.settings import Settings
from secret_rotation.tls import Trust

_RESERVED = frozenset({"none", "public"})
_RESERVED_PREFIX = "pg_"


def username_fault(username: str) -> str | None:
    """Why no role can have this name. White space and control characters are no reason.

    Source: PostgreSQL manual, "CREATE ROLE" and "Predefined Roles"; src/backend/commands/user.c.

    Returns:
        None where a role can have it.
    """
    if username in _RESERVED or username.startswith(_RESERVED_PREFIX):
        return "is a name that PostgreSQL reserves (none, public, pg_...)"
    return None


class PostgreSQL:
    """RDS for PostgreSQL and Aurora PostgreSQL, version 14 and newer.

    `ca_bundle` replaces the certificate authorities that the layer ships, `encryption` is how passwords are kept.
    """

    name: ClassVar[str] = "postgresql"
    secret_format: ClassVar[SecretFormat] = SecretFormat(
        frozenset({"postgres", "aurora-postgresql"}), default_port=5432, username_fault=username_fault
    )
    default_exclude_characters: ClassVar[str] = ":/@\"'\\"
    max_username_length: ClassVar[int] = 63
    keeps_old_password: ClassVar[bool] = False
    has_accounts_by_host: ClassVar[bool] = False

    def __init__(self, ca_bundle: Path | None = None, encryption: Encryption = Encryption.SCRAM) -> None:
        self._trust = Trust.of(ca_bundle)
        self._encryption = encryption

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The engine as the deployer set it up."""
        return cls(settings.ca_bundle, Encryption(settings.password_encryption))

    @staticmethod
    def username_length(username: str) -> int:
        """The length in bytes. Source: PostgreSQL manual, "Identifiers and Key Words"; the server cuts longer names."""
        return len(username.encode(errors="surrogatepass"))

    @contextmanager
    def connect(self, credentials: Credentials, deadline: Deadline) -> Iterator[PostgreSQLSession]:
        """Log in as a user of a secret. See Engine."""
        with closing(log_in(credentials, deadline, self._trust, USER_PINS)) as connection:
            yield PostgreSQLSession(connection, credentials, deadline, self._encryption)

    @contextmanager
    def connect_superuser(self, credentials: Credentials, deadline: Deadline) -> Iterator[PostgreSQLSuperuserSession]:
        """Log in as the superuser. See Engine."""

        def connect(database: str) -> AbstractContextManager[PostgreSQLSession]:
            return self.connect_superuser(replace(credentials, dbname=database), deadline)

        with closing(log_in(credentials, deadline, self._trust, SUPERUSER_PINS)) as connection:
            yield PostgreSQLSuperuserSession(connection, credentials, deadline, self._encryption, connect)
