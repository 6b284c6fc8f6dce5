"""A session of a user: whose it is, the lock on its rotation, and its own password.

The lock belongs to the session, and ends with it. Any user of the server may ask for any lock, so it keeps rotations
from each other, and nobody from anything else.
Source: MySQL Reference Manual, "Locking Functions".
"""

import hashlib
import logging
from collections.abc import Iterable

from secret_rotation.engine import OpenSession
from secret_rotation.engines.mysql import own_sessions
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.failures import READ_ONLY
from secret_rotation.engines.mysql.passwords import NEVER_SENT, discard_old, own_change, set_and_keep_old, set_own
from secret_rotation.engines.mysql.read_only import is_read_only, refuses_changes
from secret_rotation.engines.mysql.remedies import set_password
from secret_rotation.engines.mysql.sql import Sql, account_name
from secret_rotation.errors import LoginRefusedError, NotPrimaryPasswordError, StatementFailedError, UnsafeRotationError
from secret_rotation.password import Password

_LOCK_WAIT_TIMEOUT = "1205"
_ANONYMOUS = ""
_LONGEST_NAME = 300
"""Of a user or a host: MySQL's own have 32 and 255 characters, a port not counted."""

_log = logging.getLogger(__name__)


class MySQLSession:
    """A connection of a user that is logged in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._current_user: str | None = None

    def account(self) -> str:
        """The account, on the host that the server says; on any where it does not, as in the sandbox. See Session."""
        return str(self._connection.account())

    def told_account(self) -> str | None:
        """The same; None in the sandbox of an expired password, which cannot ask. See Session."""
        return None if self._connection.is_sandboxed else self.account()

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
                f"Rotate the secret, or, as an administrator: {set_password(credentials.username)}"
            )
        self.verify_account()

    def verify_account(self) -> None:
        """Check that the server took the login for an account of this very name: it tells names apart by case.

        A session in the sandbox of an expired password cannot ask. But the password of the anonymous account, which the
        server could have taken it for, cannot expire (error 3016).

        Raises:
            UnsafeRotationError: the server matched another account.
        """
        if not self._connection.is_sandboxed:
            self._account()

    def replication(self) -> str | None:
        """Where to see how far this replica has come: reading that takes a privilege. See Session."""
        if not is_read_only(self._connection):
            return None
        return "How far it has come, SHOW REPLICA STATUS says there (Seconds_Behind_Source)."

    def lock(self, username: str) -> bool:
        """Hold a lock of this server until the session ends, and learn whose account it is. See Session.

        A session in the sandbox of an expired password can ask for none; changing its own password is all that it may
        do, and that is a compare-and-swap.

        Returns:
            Whether it had to be waited for.

        Raises:
            StatementFailedError: another session holds it, and for too long.
        """
        if self._connection.is_sandboxed:
            return False
        name = lock_name(username)
        query = Sql("SELECT GET_LOCK({}, 0), CURRENT_USER()").format(name)
        is_free, self._current_user = self._connection.two_values(query, int, str)
        if not is_free:
            _wait_for(self._connection, name, username)
        return not is_free

    def set_own_password(self, old: Password, new: Password) -> None:
        """Set the password, keeping `old` as the secondary one where the server and the user's privileges allow it.

        Raises:
            UnsafeRotationError: the session is that of another account; nothing was changed.
            NotPrimaryPasswordError: `old` is only the secondary password; nothing was changed.
            StatementFailedError: the server refused.
        """
        account = None if self._connection.is_sandboxed else self._account()
        set_and_keep_old(self._connection, old, new)
        _log.info(
            "Set the password of account %s. By itself that changes no account of this name for other hosts, if there "
            "are any.",
            account or self._account(),
        )

    def check_own_change(self) -> None:
        """Check whose session it is, and whether the server takes changes. See Session.

        Raises:
            UnsafeRotationError: the session is that of another account.
            LoginRefusedError: the password has expired.
            StatementFailedError: the server is read-only.
        """
        self.verify_identity()
        if refuses_changes(self._connection):
            raise self._connection.refusal(READ_ONLY, own_change(NEVER_SENT, NEVER_SENT, retain=True))

    def overwrite_own_password(self, new: Password, known: Iterable[Password]) -> None:
        """Set the primary password, whatever it is, and leave the secondary one as it is.

        Raises:
            StatementFailedError: the server refused.
        """
        for password in known:
            try:
                set_own(self._connection, new, password)
            except NotPrimaryPasswordError:
                continue
            return
        set_own(self._connection, new)

    def other_sessions(self) -> list[OpenSession]:
        """The other sessions of the user, from whichever host. See Session."""
        return own_sessions.other_sessions(self._connection)

    def end_session(self, one: OpenSession) -> bool:
        """End one of them. See Session."""
        return own_sessions.end_session(self._connection, one)

    def discard_old_password(self) -> None:
        """End the validity of the secondary password, if there is one.

        Raises:
            StatementFailedError: the server refused, but not for the lack of the privilege.
        """
        discard_old(self._connection)

    def _account(self) -> Sql:
        """The account that the server took the login for.

        Raises:
            UnsafeRotationError: it is one of another name.
        """
        credentials = self._connection.credentials
        account = self._current_user or self._connection.value(Sql("SELECT CURRENT_USER()"), str)
        user, _, host = account.rpartition("@")
        if user != credentials.username:
            # Of any other name it may be a server of somebody's that chooses who is to be dropped.
            drop = Sql("DROP USER {}").format(account_name(user, host)).typed() if user == _ANONYMOUS else ""
            raise UnsafeRotationError(
                f"The server takes {credentials.username} of {credentials.secret} for another account. Create the user "
                f"for the addresses that it connects from{drop and f', or, if nobody needs the other: {drop};'}"
                f"{'' if drop else '.'}"
            )
        return account_name(user, host)


def lock_name(username: str) -> str:
    """The lock's name: at most 64 characters, whatever the user is called, and names of locks ignore case."""
    return "secret_rotation." + hashlib.sha256(username.encode(errors="surrogatepass")).hexdigest()[:40]


def _wait_for(connection: Connection, name: str, username: str) -> None:
    query = Sql("SELECT GET_LOCK({}, {})").format(name, connection.lock_wait_seconds)
    if connection.value(query, int) != 1:
        raise StatementFailedError(_held(connection, name, username), code=_LOCK_WAIT_TIMEOUT)


def _held(connection: Connection, name: str, username: str) -> str:
    lock = f"The lock {name} on a rotation of {username} of {connection.credentials.secret}"
    query = Sql("SELECT CAST(COALESCE(IS_USED_LOCK({}), 0) AS UNSIGNED)").format(name)
    holder = connection.value(query, int)
    if not holder:
        return f"{lock} was held for too long by a session that has ended by now. Rotate again."
    return (
        f"{lock} is held for too long by connection {holder} of {_user_of(connection, holder)}. A rotation holds it as "
        f"{username} or as the superuser; anybody else's session has no business there. If it hangs, or is none: "
        f"KILL {holder}; or on RDS: CALL mysql.rds_kill({holder});"
    )


def _user_of(connection: Connection, holder: int) -> str:
    """Whose connection it is. Without PROCESS a session sees those of its own user only.

    Not from performance_schema, which may be switched off, as it is on RDS by default.
    """
    query = Sql("SELECT USER, HOST FROM information_schema.PROCESSLIST WHERE ID = {}").format(holder)
    found = connection.run(query)
    if not found:
        return f"a user other than {connection.credentials.username}"
    return " at ".join(str(name)[:_LONGEST_NAME] for name in found[0])
