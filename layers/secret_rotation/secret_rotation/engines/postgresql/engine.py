"""PostgreSQL as an engine."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from secret_rotation.deadline import Deadline
from secret_rotation.engines.postgresql.login import SUPERUSER_SETTINGS, USER_SETTINGS, log_in
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.engines.postgresql.superuser import PostgreSQLSuperuserSession
from secret_rotation.model import Credentials, SecretFormat
from secret_rotation.tls import Trust


class PostgreSQL:
    """RDS for PostgreSQL and Aurora PostgreSQL, version 14 and newer.

    `ca_bundle` replaces the certificate authorities that the layer ships.
    """

    name: ClassVar[str] = "postgresql"
    secret_format: ClassVar[SecretFormat] = SecretFormat(
        engine_names=frozenset({"postgres", "aurora-postgresql"}), default_port=5432
    )
    default_exclude_characters: ClassVar[str] = ":/@\"'\\"
    max_username_length: ClassVar[int] = 63
    keeps_old_password: ClassVar[bool] = False

    def __init__(self, ca_bundle: Path | None = None) -> None:
        self._trust = Trust.of(ca_bundle)

    @staticmethod
    def username_length(username: str) -> int:
        """The length in bytes. Source: PostgreSQL manual, "Identifiers and Key Words"; the server cuts longer names."""
        return len(username.encode(errors="surrogatepass"))

    @contextmanager
    def connect(self, credentials: Credentials, deadline: Deadline) -> Iterator[PostgreSQLSession]:
        """Log in as a user of a secret. See Engine."""
        with closing(log_in(credentials, deadline, self._trust, USER_SETTINGS)) as wire:
            yield PostgreSQLSession(wire, credentials, deadline)

    @contextmanager
    def connect_superuser(self, credentials: Credentials, deadline: Deadline) -> Iterator[PostgreSQLSuperuserSession]:
        """Log in as the superuser. See Engine."""

        def connect(database: str) -> AbstractContextManager[PostgreSQLSession]:
            return self.connect_superuser(replace(credentials, dbname=database), deadline)

        with closing(log_in(credentials, deadline, self._trust, SUPERUSER_SETTINGS)) as wire:
            yield PostgreSQLSuperuserSession(wire, credentials, deadline, connect)
