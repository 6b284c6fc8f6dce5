"""The engine for MySQL, through PyMySQL."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

from secret_rotation.credentials import Credentials, SecretFormat
from secret_rotation.deadline import Deadline
from secret_rotation.engines.mysql.login import log_in
from secret_rotation.engines.mysql.session import MySQLSession
from secret_rotation.engines.mysql.superuser_session import MySQLSuperuserSession
from secret_rotation.settings import Settings
from secret_rotation.tls import Trust

_TRIMMED = "\t\n\v\f\r "
_LARGEST_CHARACTER = "\uffff"


def username_fault(username: str) -> str | None:
    """Why no account can have this name.

    The server takes white space off both ends of a name, so that an account called by blanks alone is the anonymous
    one, and keeps names in three bytes a character, so that a longer character becomes a question mark. Under such a
    name CREATE USER and ALTER USER would touch another account than the one that logs in.
    Source: MySQL Reference Manual, "Grant Tables"; tried on MySQL 9.7.

    Returns:
        None where an account can have it.
    """
    if username != username.strip(_TRIMMED):
        return "begins or ends with white space, which MySQL takes off the name of an account"
    if max(username, default="") > _LARGEST_CHARACTER:
        return "contains a character beyond U+FFFF, which MySQL does not keep in the name of an account"
    return None


class MySQL:
    """MySQL 8.0 and newer, and Aurora MySQL 3 and newer: they keep the old password beside the new one.

    `ca_bundle` replaces the certificate authorities that the layer ships.
    """

    name: ClassVar[str] = "mysql"
    secret_format: ClassVar[SecretFormat] = SecretFormat(
        frozenset({"mysql", "aurora-mysql"}), default_port=3306, username_fault=username_fault
    )
    default_exclude_characters: ClassVar[str] = "/@\"'\\"
    max_username_length: ClassVar[int] = 32
    keeps_old_password: ClassVar[bool] = True
    has_accounts_by_host: ClassVar[bool] = True

    def __init__(self, ca_bundle: Path | None = None) -> None:
        self._trust = Trust.of(ca_bundle)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The engine as the deployer set it up."""
        return cls(settings.ca_bundle)

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
        with closing(log_in(credentials, deadline, self._trust)) as connection:
            yield MySQLSession(connection)

    @contextmanager
    def connect_superuser(self, credentials: Credentials, deadline: Deadline) -> Iterator[MySQLSuperuserSession]:
        """Log in as the superuser, and make all of its roles active: on RDS its rights come through one.

        Without a database: before its roles are active it may not be permitted to use any.

        Raises:
            LoginRejectedError: as for `connect`, and the rest too.
        """
        with closing(log_in(replace(credentials, dbname=None), deadline, self._trust)) as connection:
            if connection.is_sandboxed:
                MySQLSession(connection).verify_identity()
            yield MySQLSuperuserSession(connection)
