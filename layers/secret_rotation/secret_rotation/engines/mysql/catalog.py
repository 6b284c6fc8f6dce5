"""Reads users, rights and roles from the server's grant tables, as the superuser."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from secret_rotation.engines.mysql.accounts import COLUMNS, Account, quote_text, read_account
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.rights import DEFAULT_ROLE, Right, Rights, parse_grants
from secret_rotation.engines.mysql.tokens import SqlSyntaxError, quote_account
from secret_rotation.errors import UnsafeRotationError


def accounts_of(connection: Connection, usernames: Sequence[str]) -> list[Account]:
    """All accounts of these users, on any host, without their rights."""
    names = ", ".join(map(quote_text, usernames))
    rows = connection.run(f"SELECT {', '.join(COLUMNS)} FROM mysql.user WHERE User IN ({names}) ORDER BY User, Host")  # noqa: S608 - quoted
    return [read_account(row) for row in rows]


def accounts_with_rights(connection: Connection, usernames: Sequence[str]) -> list[Account]:
    """The same with all of their rights, default roles included."""
    names = ", ".join(map(quote_text, usernames))
    default_roles = connection.run(
        "SELECT USER, HOST, DEFAULT_ROLE_USER, DEFAULT_ROLE_HOST "  # noqa: S608 - quoted
        f"FROM mysql.default_roles WHERE USER IN ({names})"
    )
    found = []
    for account in accounts_of(connection, usernames):
        rights = rights_of(connection, account.sql)
        own = (row for row in default_roles if row[:2] == (account.user, account.host))
        roles = frozenset(Right(quote_account(*row[2:]), DEFAULT_ROLE) for row in own)
        found.append(replace(account, rights=replace(rights, held=rights.held | roles)))
    return found


def rights_of(connection: Connection, account: str, roles: Iterable[str] = ()) -> Rights:
    """The rights of an account (as SQL), with those of these roles of its."""
    using = ", ".join(roles)
    return _read(connection, f"SHOW GRANTS FOR {account}" + f" USING {using}" * bool(using))


def rights_of_session(connection: Connection) -> Rights:
    """The rights of the user that is logged in, with those of its active roles."""
    return _read(connection, "SHOW GRANTS")


def _read(connection: Connection, sql: str) -> Rights:
    try:
        return parse_grants(str(row) for (row,) in connection.run(sql))
    except SqlSyntaxError:
        raise UnsafeRotationError(
            f"The answer to {sql} holds something that this version of the rotation function does not know, so they "
            "cannot be copied. Update the function."
        ) from None
