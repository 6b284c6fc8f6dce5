"""MySQL 8.0 and newer, and Aurora MySQL 3 and newer, through PyMySQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from secret_rotation.deadline import Deadline
from secret_rotation.engines.mysql.connection import connected
from secret_rotation.engines.mysql.session import MySQLSession
from secret_rotation.engines.mysql.superuser import MySQLSuperuserSession
from secret_rotation.model import Credentials, SecretFormat
from secret_rotation.tls import Trust

__all__ = ["MySQL"]


class MySQL:
    """The engine MySQL: keeps the old password beside the new one (dual passwords)."""

    name: ClassVar[str] = "mysql"
    secret_format: ClassVar[SecretFormat] = SecretFormat(frozenset({"mysql", "aurora-mysql"}), default_port=3306)
    default_exclude_characters: ClassVar[str] = "/@\"'\\"
    max_username_length: ClassVar[int] = 32
    keeps_old_password: ClassVar[bool] = True

    def __init__(self, ca_bundle: Path | None = None) -> None:
        self._trust = Trust.of(ca_bundle)

    @staticmethod
    def username_length(username: str) -> int:
        """The number of characters. Source: MySQL Reference Manual, "Account User Names and Passwords"."""
        return len(username)

    @contextmanager
    def connect(self, credentials: Credentials, deadline: Deadline) -> Iterator[MySQLSession]:
        """Log in, over verified TLS unless the secret says otherwise.

        A user whose password has expired logs in too, and may do no more than change it.

        Raises:
            LoginRejectedError: the server rejected user name and password (error 1045).
            LoginRefusedError: the account or database cannot be used, or the server is not supported.
            DatabaseUnreachableError: everything else.
        """
        with connected(credentials, deadline, self._trust) as connection:
            yield MySQLSession(connection)

    @contextmanager
    def connect_superuser(self, credentials: Credentials, deadline: Deadline) -> Iterator[MySQLSuperuserSession]:
        """Log in as the superuser, and make all of its roles active: on RDS its rights come through one.

        Without a database: before its roles are active it may not be permitted to use any.

        Raises:
            LoginRejectedError: as for `connect`, and the rest too.
        """
        with connected(replace(credentials, dbname=None), deadline, self._trust) as connection:
            if connection.is_sandboxed:
                MySQLSession(connection).verify_identity()
            yield MySQLSuperuserSession(connection)
