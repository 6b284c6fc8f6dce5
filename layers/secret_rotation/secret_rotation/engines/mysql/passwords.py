"""Sets the passwords of other users' accounts, as the superuser."""

import json
import logging
from collections.abc import Callable, Iterable

from secret_rotation.engines.mysql.accounts import Account, quote_text
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.failures import IN_HISTORY
from secret_rotation.engines.mysql.marks import ATTRIBUTE_KEY, Mark
from secret_rotation.errors import StatementFailedError
from secret_rotation.model import Password

logger = logging.getLogger(__name__)


def attribute_clause(mark: Mark | None) -> str:
    """ATTRIBUTE with the mark of a rotation, or without it; MySQL leaves the other keys as they are."""
    return f"ATTRIBUTE {quote_text(json.dumps({ATTRIBUTE_KEY: mark and mark.to_text()}))}"


def replace_passwords(connection: Connection, accounts: Iterable[tuple[Account, str]], password: Password) -> None:
    """Set the password of accounts, each with its authentication plugin, in one statement: all or none.

    Both old passwords, primary and secondary, end: who alternates has the other user to fall back on.
    """
    accounts = list(accounts)
    if kept := [f"{account.sql} DISCARD OLD PASSWORD" for account, _ in accounts if account.has_secondary_password]:
        connection.run("ALTER USER " + ", ".join(kept))
    if accounts and not _ran(connection, lambda secret: _alter(accounts, secret), password):
        for one in accounts:
            if not _ran(connection, lambda secret, one=one: _alter([one], secret), password):  # type: ignore[misc]
                logger.info("Account %s had this password before: it is set already.", one[0].sql)


def unlock_with_password(
    connection: Connection, account: Account, plugin: str, password: Password, finish: str
) -> None:
    """Set the password of an unfinished account and finish it, in one statement."""

    def statement(secret: str) -> str:
        return f"{_alter([(account, plugin)], secret)} {finish}"

    if not _ran(connection, statement, password):
        connection.run(f"ALTER USER {account.sql} {finish}")


def _alter(accounts: list[tuple[Account, str]], secret: str) -> str:
    return "ALTER USER " + ", ".join(
        f"{account.sql} IDENTIFIED WITH {quote_text(plugin)} BY {secret}" for account, plugin in accounts
    )


def _ran(connection: Connection, statement: Callable[[str], str], password: Password) -> bool:
    """Run a statement that holds the password; False where the password history says that it was set before.

    The password is random, so it can only have been set by an earlier attempt of the same rotation.
    """
    try:
        connection.run(statement(connection.quote(password.reveal())), statement("..."))
    except StatementFailedError as error:
        if error.code != str(IN_HISTORY):
            raise
        return False
    return True
