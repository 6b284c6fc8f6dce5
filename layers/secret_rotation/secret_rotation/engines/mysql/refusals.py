"""When a pair cannot be made equal: found out before anything is changed."""

from collections.abc import Callable, Iterable, Mapping

from secret_rotation.engine import Pair
from secret_rotation.engines.mysql.accounts import Account
from secret_rotation.engines.mysql.pairs import Accounts
from secret_rotation.engines.mysql.rights import GLOBAL, Right, Rights
from secret_rotation.errors import UnsafeRotationError

ATTRIBUTES_SINCE = (8, 0, 21)
_SYSTEM_USER = Right("SYSTEM_USER", GLOBAL)


def refuse_old_server(version: tuple[int, ...]) -> None:
    """Stop on a server that cannot remember what both users had."""
    if version < ATTRIBUTES_SINCE:
        raise UnsafeRotationError(
            "Alternating users need MySQL 8.0.21 or newer: older servers have no attributes, in which a rotation "
            "remembers what both users had. Upgrade, or use the single-user function."
        )


def refuse_accounts(pair: Pair, found: Iterable[Account]) -> None:
    """Stop where there is no account at all, or one that wants a second factor."""
    found = list(found)
    if not found:
        raise UnsafeRotationError(f"There is neither {pair.original} nor {pair.clone} in the database.")
    for account in found:
        if account.has_second_factor:
            raise UnsafeRotationError(
                f"Account {account.sql} wants a second factor, which its twin would not have. Use the single-user "
                "function for it."
            )


def refuse_system_user(pair: Pair, found: Iterable[Account], own_rights: Callable[[], Rights]) -> None:
    """Stop where one is a system user and the superuser is not: it could grant that, and never touch the user again."""
    if any(_SYSTEM_USER in account.rights.held for account in found) and _SYSTEM_USER not in own_rights().held:
        raise UnsafeRotationError(
            f"{pair.original} or {pair.clone} has SYSTEM_USER and the superuser has not, so it may not change them. "
            f"REVOKE SYSTEM_USER ON *.* from it, or grant it to the superuser."
        )


def refuse_locked(accounts: Accounts, locked: Mapping[str, bool]) -> None:
    """Stop where no account of the user could log in with the new password."""
    usable = [account for account in accounts.own.values() if account.takes_password]
    if all(locked.get(account.host, account.locked) for account in usable):
        raise UnsafeRotationError(
            f"Every account of {accounts.username} is locked, or takes no password, so the new password could not be "
            f"used. If that is not on purpose: ALTER USER `{accounts.username}`@... ACCOUNT UNLOCK."
        )
