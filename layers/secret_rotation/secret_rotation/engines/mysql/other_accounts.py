"""The other accounts of a user, on other hosts: the superuser sets their passwords when the user has changed its own.

An account of the same name may be somebody else's. It is the secret's where its primary password is one that the secret
knows, which what the server stores of it proves; what it may do does not matter then, since whoever knows the password
may do that. All is found out before the user's own password is changed. The old password stays valid as the secondary
one. So a repeat, after a kill at any moment, finds those that are done by their password, and the others as they were.

Each password that is compared takes a slow hash, of which whoever sets up an account chooses how slow it is. So there
is a bound on the accounts, and before each hash the invocation's time is looked at.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from secret_rotation.engine import KnownPasswords
from secret_rotation.engines.mysql.accounts import Account, accounts_of
from secret_rotation.engines.mysql.changes import Change
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.passwords import RETAIN_SINCE, set_of_other
from secret_rotation.engines.mysql.rehearsal import Rehearsal
from secret_rotation.engines.mysql.remedies import PASSWORD
from secret_rotation.engines.mysql.sql import Sql
from secret_rotation.engines.mysql.stored_passwords import Hash, StoredPasswords, stored_passwords
from secret_rotation.errors import StatementFailedError
from secret_rotation.password import Password

MAX_ACCOUNTS = 50
"""How many accounts of a user are looked at."""
_PASSES = frozenset({"1041", "1114", "1205", "1213", "1290", "1317", "1836", "1874", "3024", "3058"})
"""Failures that a repeat may not meet: locks, limits, a server that has become a replica."""

_log = logging.getLogger(__name__)


class _Found(Enum):
    """What comparing passwords with those of an account has come to."""

    NEW = auto()
    PRIMARY = auto()
    """The primary password is one that is known."""
    SECONDARY = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class _Proven:
    """An account that is the secret's, and by what.

    Attributes:
        keeps_primary: whether its primary password becomes the secondary one. Where AWSCURRENT's is the secondary one
            already, keeping the primary one would evict it.
    """

    account: Account
    primary: Hash
    keeps_primary: bool


@dataclass(frozen=True, slots=True)
class OtherAccounts:
    """The accounts whose password is to be set."""

    connection: Connection
    username: str
    new: Password
    proven: Sequence[_Proven]

    def set_password(self) -> None:
        """Set it where the account still has the password by which it is known. See the contract.

        Raises:
            StatementFailedError: a repeat may do better.
        """
        now = stored_passwords(self.connection, self.username)
        for proven in self.proven:
            stored = now.get(proven.account.host)
            if stored is not None and stored.primary.reveal() == proven.primary.reveal():
                self._set(proven)

    def _set(self, proven: _Proven) -> None:
        account = proven.account
        try:
            set_of_other(self.connection, account, self.new, retain=proven.keeps_primary)
        except StatementFailedError as error:
            if error.code in _PASSES:
                raise
            _log.warning(
                "Account %s has the password of this secret, and could not be given the new one: AWSCURRENT does not "
                "log in as it. %s To set it after the rotation, as an administrator: %s;",
                account.sql,
                error,
                _same_password(account, " WITH caching_sha2_password"),
            )
        else:
            _log.info("Set the password of account %s, too: it had that of this secret.", account.sql)


def find_other_accounts(
    connection: Connection, username: str, own: str | None, passwords: KnownPasswords
) -> OtherAccounts | None:
    """Find out which accounts of a user are the secret's besides its own, and whether their passwords may be set.

    Raises:
        PermissionDeniedError: the superuser may not do that.
        StatementFailedError: the server is read-only, or refused.
        RotationError: the invocation's time is used up.
    """
    if connection.version < RETAIN_SINCE:
        # Such a server has no column for a second password, which all that follows reads and sets.
        _log.warning(
            "MySQL before 8.0.14 keeps no old password, so accounts of %s for other hosts, if there are any, keep the "
            "one that they have: AWSCURRENT does not log in as them.",
            username,
        )
        return None
    stored = stored_passwords(connection, username)
    others = [account for account in accounts_of(connection, [username]) if _is_another(account, own, stored)]
    if len(others) > MAX_ACCOUNTS:
        _warn_of_more(username, others[MAX_ACCOUNTS:])
    proven = list(_proven(connection, others[:MAX_ACCOUNTS], stored, passwords))
    if not proven:
        return None
    Rehearsal(connection).run(*(Change(Sql("ALTER USER {}").format(each.account.sql)) for each in proven))
    return OtherAccounts(connection, username, passwords.new, proven)


def _is_another(account: Account, own: str | None, stored: dict[str, StoredPasswords]) -> bool:
    """Whether a password of this account matters: it takes one, and was not dropped between the two reads."""
    return account.takes_password and str(account.sql) != own and account.host in stored


def _proven(
    connection: Connection, accounts: Sequence[Account], stored: dict[str, StoredPasswords], passwords: KnownPasswords
) -> Iterator[_Proven]:
    for account in accounts:
        both = stored[account.host]
        found = _compared(connection, both, passwords)
        if found in (_Found.PRIMARY, _Found.SECONDARY):
            yield _Proven(account, both.primary, keeps_primary=found is _Found.PRIMARY)
        elif found is _Found.NONE:
            _warn(account, both.primary)


def _compared(connection: Connection, stored: StoredPasswords, passwords: KnownPasswords) -> _Found:
    for slow_hash, password, found in _comparisons(stored, passwords):
        connection.require_time()
        if slow_hash.accepts(password):
            return _explained(connection, stored, passwords) if found is _Found.SECONDARY else found
    return _Found.NONE


def _comparisons(stored: StoredPasswords, passwords: KnownPasswords) -> Iterator[tuple[Hash, Password, _Found]]:
    """What is to be compared, in the order that takes the fewest hashes: most accounts have AWSCURRENT's password."""
    current, *others = dict.fromkeys(passwords.valid)
    yield stored.primary, current, _Found.PRIMARY
    yield stored.primary, passwords.new, _Found.NEW
    yield stored.secondary, current, _Found.SECONDARY
    for other in others:
        yield stored.primary, other, _Found.PRIMARY
        yield stored.secondary, other, _Found.SECONDARY


def _explained(connection: Connection, stored: StoredPasswords, passwords: KnownPasswords) -> _Found:
    """Whether the primary password of an account is a secret's, too, of which the secondary one is.

    Where it is not, somebody has given the account a password of their own, and means to have it.
    """
    for password in (*passwords.valid, *passwords.orphans()):
        connection.require_time()
        if stored.primary.accepts(password):
            return _Found.SECONDARY
    return _Found.NONE


def _warn(account: Account, primary: Hash) -> None:
    if primary.can_be_told:
        why = "has another password than the secret, so it may be somebody else's and was left alone"
    else:
        why = "was left alone: whether it has the password of the secret cannot be told from what the server stores"
    _log.warning(
        "Account %s %s. AWSCURRENT does not log in as it. If it belongs to this secret, then after the rotation: %s;",
        account.sql,
        why,
        _same_password(account),
    )


def _warn_of_more(username: str, accounts: Sequence[Account]) -> None:
    _log.warning(
        "%d more accounts of %s were left alone, because a rotation looks at %d: AWSCURRENT does not log in as them. "
        "This lists all of them: %s; Drop those that nobody needs. Where more remain that belong to this secret, then "
        "after each rotation, for each as for the first: %s;",
        len(accounts),
        username,
        MAX_ACCOUNTS,
        Sql("SELECT Host FROM mysql.user WHERE User = {} ORDER BY Host").format(username).typed(),
        _same_password(accounts[0]),
    )


def _same_password(account: Account, plugin: str = "") -> str:
    return Sql(f"ALTER USER {{}} IDENTIFIED{plugin} BY {{}}").format(account.sql, PASSWORD).typed()
