"""The two passwords of an account: whoever changes one that is known keeps it beside the new, who resets keeps none.

Since 8.0.14 an account has a primary password and at most one secondary one. RETAIN CURRENT PASSWORD moves the primary
one there, REPLACE makes the change a compare-and-swap: a repeat fails with 3891 and changes nothing. Without RETAIN the
secondary password stays as it is. ALTER USER USER() changes only the account (user and host) that this client matched,
and fails where that is the anonymous one.
Source: MySQL Reference Manual, "Password Management", "ALTER USER Statement".
"""

import logging
from collections.abc import Sequence

from secret_rotation.engines.mysql.accounts import Account
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.failures import IN_HISTORY, in_history
from secret_rotation.engines.mysql.privileges import CREATE_USER, KEEP_OLD_PASSWORD, permitted
from secret_rotation.engines.mysql.sql import Sql
from secret_rotation.engines.mysql.stored_passwords import stored_passwords
from secret_rotation.errors import PermissionDeniedError, StatementFailedError
from secret_rotation.password import Password

_REPLACE_SINCE = (8, 0, 13)
RETAIN_SINCE = (8, 0, 14)
_CANNOT_RETAIN = frozenset({"3878", "3895"})

NEVER_SENT = Password("never sent")
"""For a statement that is only shown."""

_log = logging.getLogger(__name__)


def set_and_keep_old(connection: Connection, old: Password, new: Password) -> None:
    """Set the password of the account that is logged in, and keep `old` where server and privileges allow it.

    Raises:
        NotPrimaryPasswordError: `old` is only the secondary password; nothing was changed.
        StatementFailedError: the server refused.
    """
    if connection.version < RETAIN_SINCE:
        _log.warning("MySQL before 8.0.14 keeps no old password: AWSCURRENT does not log in until finishSecret.")
        set_own(connection, new, old)
        return
    try:
        set_own(connection, new, old, retain=True)
    except StatementFailedError as error:
        if not isinstance(error, PermissionDeniedError) and error.code not in _CANNOT_RETAIN:
            raise
        set_own(connection, new, old)
        # After the change: in the sandbox of an expired password nobody is told which account it is.
        _log.warning(
            "User %s cannot keep its old password (error %s): AWSCURRENT does not log in until finishSecret. "
            "To close this gap, as an administrator: %s;",
            connection.credentials.username,
            error.code,
            KEEP_OLD_PASSWORD.to(connection.account()).typed(),
        )


def set_own(connection: Connection, new: Password, old: Password | None = None, *, retain: bool = False) -> None:
    """Set the primary password of the account that is logged in.

    Where `old` is given, the password is only set if that is the primary one. With `retain` the old one stays valid.

    Raises:
        NotPrimaryPasswordError: `old` is not the primary password; nothing was changed.
        StatementFailedError: the server refused.
    """
    connection.run(own_change(new, old if connection.version >= _REPLACE_SINCE else None, retain=retain))
    if connection.is_sandboxed:
        connection.prepare()


def own_change(new: Password, old: Password | None, *, retain: bool) -> Sql:
    """The statement that sets the password of the account that is logged in."""
    statement = Sql("ALTER USER USER() IDENTIFIED BY {}").format(new)
    if old is not None:
        statement += Sql(" REPLACE {}").format(old)
    return statement + Sql(" RETAIN CURRENT PASSWORD") if retain else statement


def discard_old(connection: Connection) -> None:
    """End the validity of the secondary password of the account that is logged in, if it has one."""
    if connection.version < RETAIN_SINCE:
        return
    try:
        connection.run(Sql("ALTER USER USER() DISCARD OLD PASSWORD"))
    except PermissionDeniedError:
        # Without the privilege set_and_keep_old kept none either.
        _log.warning(
            "User %s may not discard its old password, if it has one. As an administrator: %s;",
            connection.credentials.username,
            KEEP_OLD_PASSWORD.to(connection.account()).typed(),
        )


def replace_passwords(connection: Connection, accounts: Sequence[tuple[Account, str]], password: Password) -> None:
    """Set the password of accounts of others, each with its authentication plugin, in one statement: all or none.

    Both old passwords end, the primary and the secondary one: who alternates has the other user to fall back on.
    """
    discard = Sql("{} DISCARD OLD PASSWORD")
    if kept := [discard.format(account.sql) for account, _ in accounts if account.has_secondary_password]:
        permitted(connection, Sql("ALTER USER {}").format(Sql(", ").join(kept)), CREATE_USER)
    if accounts and not _sets_password(connection, change_of(accounts, password)):
        for account, plugin in accounts:
            if not _sets_password(connection, change_of([(account, plugin)], password)):
                _require_set(connection, account, password)


def set_of_other(connection: Connection, account: Account, password: Password, *, retain: bool) -> None:
    """Set the primary password of another account. With `retain` the old one stays valid."""
    statement = change_of([(account, account.plugin)], password)
    permitted(connection, statement + Sql(" RETAIN CURRENT PASSWORD") if retain else statement, CREATE_USER)


def unlock_with_password(connection: Connection, account: tuple[Account, str], password: Password, end: Sql) -> None:
    """Set the password of an unfinished account, with its plugin, in the statement whose `end` finishes it."""
    if not _sets_password(connection, Sql("{} {}").format(change_of([account], password), end)):
        _require_set(connection, account[0], password)
        permitted(connection, Sql("ALTER USER {} {}").format(account[0].sql, end), CREATE_USER)


def change_of(accounts: Sequence[tuple[Account, str]], password: Password) -> Sql:
    """The statement that sets the password of accounts, each with its authentication plugin."""
    identified = Sql("{} IDENTIFIED WITH {} BY {}")
    parts = (identified.format(account.sql, plugin, password) for account, plugin in accounts)
    return Sql("ALTER USER {}").format(Sql(", ").join(parts))


def _sets_password(connection: Connection, statement: Sql) -> bool:
    """Run a statement that sets a password.

    Returns:
        False where the password history says that it was set before. The password is random, so that was an earlier
        attempt of the same rotation; but somebody may have set another one since.
    """
    try:
        permitted(connection, statement, CREATE_USER)
    except StatementFailedError as error:
        if error.code != str(IN_HISTORY):
            raise
        return False
    return True


def _require_set(connection: Connection, account: Account, password: Password) -> None:
    """Stop where an account has another password than this one, which its history does not let it have again.

    Raises:
        StatementFailedError: no repeat ends that.
    """
    if not stored_passwords(connection, account.user)[account.host].primary.accepts(password):
        raise in_history(account.sql, connection.credentials)
    _log.info("Account %s had this password before: it is set already.", account.sql)
