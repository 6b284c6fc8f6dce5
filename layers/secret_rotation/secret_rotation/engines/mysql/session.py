"""A session of a user that changes its own password, in place where the server keeps two of them.

Since 8.0.14 an account has a primary password and at most one secondary one. RETAIN CURRENT PASSWORD moves the primary
one there, REPLACE makes the change a compare-and-swap: a repeat fails with 3891 and changes nothing. Without RETAIN the
secondary password stays as it is. ALTER USER USER() changes only the account (user and host) that this client matched,
and fails where that is the anonymous one.
Source: MySQL Reference Manual, "Password Management", "ALTER USER Statement".
"""

import logging
from collections.abc import Iterable

from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.locks import acquire
from secret_rotation.errors import (
    LoginRefusedError,
    NotPrimaryPasswordError,
    PermissionDeniedError,
    StatementFailedError,
    UnsafeRotationError,
)
from secret_rotation.model import Password

REPLACE_SINCE = (8, 0, 13)
RETAIN_SINCE = (8, 0, 14)
_CANNOT_RETAIN = frozenset({"3878", "3895"})

logger = logging.getLogger(__name__)


class MySQLSession:
    """A connection of a user that is logged in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def verify_identity(self) -> None:
        """Run a query and check that it runs as the user of the secret, not as the anonymous one.

        Raises:
            UnsafeRotationError: the server matched another account.
            LoginRefusedError: the password has expired.
        """
        credentials = self._connection.credentials
        if self._connection.is_sandboxed:
            raise LoginRefusedError(
                f"The password of {credentials.username} of {credentials.secret} is right, but has expired. "
                "Rotate the secret, or ALTER USER ... PASSWORD EXPIRE NEVER."
            )
        [(current_user,)] = self._connection.run("SELECT CURRENT_USER()")
        if current_user.rpartition("@")[0] != credentials.username:
            raise UnsafeRotationError(
                f"The server takes {credentials.username} of {credentials.secret} for the account {current_user!r}. "
                "Drop that account, or create the user for the addresses that it connects from."
            )

    def lock(self, username: str) -> bool:
        """Hold a lock of this server until the session ends. See Session.

        A session in the sandbox of an expired password can ask for none; changing its own password is all that it may
        do, and that is a compare-and-swap.
        """
        return not self._connection.is_sandboxed and acquire(self._connection, username)

    def set_own_password(self, old: Password, new: Password) -> None:
        """Set the password, keeping `old` as the secondary one where the server and the user's privileges allow it.

        Raises:
            NotPrimaryPasswordError: `old` is only the secondary password; nothing was changed.
            StatementFailedError: the server refused.
        """
        if self._connection.version < RETAIN_SINCE:
            logger.warning("MySQL before 8.0.14 keeps no old password: AWSCURRENT does not log in until finishSecret.")
            self._change(new, old)
            return
        try:
            self._change(new, old, " RETAIN CURRENT PASSWORD")
        except StatementFailedError as error:
            if not isinstance(error, PermissionDeniedError) and error.code not in _CANNOT_RETAIN:
                raise
            logger.warning(
                "User %s cannot keep its old password (error %s): AWSCURRENT does not log in until finishSecret. "
                "GRANT APPLICATION_PASSWORD_ADMIN ON *.* to it to close this gap.",
                self._connection.credentials.username,
                error.code,
            )
            self._change(new, old)

    def overwrite_own_password(self, new: Password, known: Iterable[Password]) -> None:
        """Set the primary password, whatever it is, and leave the secondary one as it is."""
        for password in known:
            try:
                self._change(new, password)
            except NotPrimaryPasswordError:
                continue
            return
        self._change(new)

    def discard_old_password(self) -> None:
        """End the validity of the secondary password, if there is one."""
        if self._connection.version < RETAIN_SINCE:
            return
        try:
            self._connection.run("ALTER USER USER() DISCARD OLD PASSWORD")
        except PermissionDeniedError:
            # Without the privilege set_own_password kept none either.
            logger.warning(
                "User %s may not discard its old password, if it has one: it lacks APPLICATION_PASSWORD_ADMIN.",
                self._connection.credentials.username,
            )

    def _change(self, new: Password, old: Password | None = None, suffix: str = "") -> None:
        sql = shown = "ALTER USER USER() IDENTIFIED BY "
        sql, shown = sql + self._connection.quote(new.reveal()), shown + "..."
        if old is not None and self._connection.version >= REPLACE_SINCE:
            sql, shown = f"{sql} REPLACE {self._connection.quote(old.reveal())}", f"{shown} REPLACE ..."
        self._connection.run(sql + suffix, shown + suffix)
        if self._connection.is_sandboxed:
            self._connection.prepare()
