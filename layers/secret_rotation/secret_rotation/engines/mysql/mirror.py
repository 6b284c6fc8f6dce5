"""Makes the two users of a pair equal, then sets the password of one of them.

MySQL commits every statement about accounts by itself, so the order of the statements is what keeps a pair safe when
the function dies between any two of them:

1. CREATE USER ... ACCOUNT LOCK for what is missing, marked as unfinished. It cannot log in.
2. GRANTs for both users, then default roles, then settings (REQUIRE, limits, password policy, attribute).
3. REVOKEs for both users. What either holds in the meantime one of the two held before: nobody gains, and no running
   session loses a right that it keeps. (Only ADMIN OPTION, and the GRANT OPTION of a dynamic privilege, cannot be
   revoked without their right: it is away for the moment between two statements.)
4. The mark on the clone: what both have now. Written earlier, a right that did not arrive would look revoked.
5. The password of the one user, in one statement for all of its hosts; an unfinished account is unlocked by the same
   statement that sets its password and its mark. So whatever can log in is complete.

A repeat reads everything anew and does what is left. Where the superuser may not run a statement of 1 to 3, those that
were run are taken back.
"""

import json
import logging
from dataclasses import replace

from secret_rotation.engine import Pair
from secret_rotation.engines.mysql.accounts import Account, creation_options, quote_text, settings
from secret_rotation.engines.mysql.catalog import accounts_with_rights, rights_of_session
from secret_rotation.engines.mysql.changes import Changes
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.marks import ATTRIBUTE_KEY, Base, Mark
from secret_rotation.engines.mysql.pairs import Accounts, Twins, newborn
from secret_rotation.engines.mysql.passwords import attribute_clause, replace_passwords, unlock_with_password
from secret_rotation.engines.mysql.refusals import refuse_accounts, refuse_locked, refuse_old_server, refuse_system_user
from secret_rotation.engines.mysql.statements import Statement, additions, default_roles, lifts, removals
from secret_rotation.errors import PermissionDeniedError, UnsafeRotationError
from secret_rotation.model import Password

logger = logging.getLogger(__name__)


def mirror(connection: Connection, pair: Pair, username: str, password: Password) -> None:
    """Make the users of a pair equal, then set the password of `username`.

    Raises:
        UnsafeRotationError: they cannot be made equal; nothing was changed, and the message says why and what to do.
    """
    refuse_old_server(connection.version)
    found = accounts_with_rights(connection, [pair.original, pair.clone])
    refuse_accounts(pair, found)
    refuse_system_user(pair, found, lambda: rights_of_session(connection))
    accounts = Accounts(
        pair=pair,
        username=username,
        originals={account.host: account for account in found if account.user == pair.original},
        clones={account.host: account for account in found if account.user == pair.clone},
    )
    _Mirror(connection, accounts).run(password)


class _Mirror:
    def __init__(self, connection: Connection, accounts: Accounts) -> None:
        self._connection = connection
        self._accounts = accounts
        self._changes = Changes(connection)
        self._wanted: dict[str, tuple[Twins, Base]] = {}

    def run(self, password: Password) -> None:
        try:
            self._make_equal(password)
        except PermissionDeniedError as error:
            self._changes.take_back()
            pair = self._accounts.pair
            raise UnsafeRotationError(
                f"{error} Without it {pair.original} and {pair.clone} cannot be made equal, so what this run had "
                "changed was taken back. Let an administrator run it, or grant the superuser the privilege WITH "
                "GRANT OPTION, then rotate again."
            ) from None
        self._remember()
        self._drop_orphans()
        self._set_password(password)

    def _make_equal(self, password: Password) -> None:
        missing = self._accounts.missing()
        grown = self._accounts
        for twin in missing:
            grown = grown.with_own(newborn(grown.username, twin))
        self._wanted = {twins.own.host: (twins, twins.wanted()) for twins in grown.twins()}
        refuse_locked(grown, {host: base.locked for host, (_, base) in self._wanted.items()})
        self._accounts = grown
        for twin in missing:
            self._create(grown.own[twin.host], password)
        self._grant()
        self._alter()
        self._revoke()

    def _create(self, account: Account, password: Password) -> None:
        start = f"CREATE USER {account.sql} IDENTIFIED WITH {quote_text(account.plugin)} BY "
        attribute = {**account.attribute, ATTRIBUTE_KEY: Mark(unfinished=True).to_text()}
        end = f" {creation_options(account)} ACCOUNT LOCK ATTRIBUTE {quote_text(json.dumps(attribute))}"
        sql = start + self._connection.quote(password.reveal()) + end
        self._changes.run(sql, f"DROP USER {account.sql}", f"{start}...{end}")

    def _grant(self) -> None:
        for twins, base in self._wanted.values():
            for one in (twins.own, twins.other):
                self._changes.alter(lifts(one.sql, one.rights, base.rights))
            for one, two in ((twins.own, twins.other), (twins.other, twins.own)):
                self._changes.grant(one.sql, additions(one.sql, one.rights, base.rights, two.sql))

    def _alter(self) -> None:
        for twins, base in self._wanted.values():
            for account in (twins.own, twins.other):
                self._changes.alter(default_roles(account.sql, account.rights, base.rights))
                locked = base.locked if account == twins.own and not account.is_unfinished else account.locked
                self._changes.alter(_settings(account, base, locked=locked))

    def _revoke(self) -> None:
        for twins, base in self._wanted.values():
            for account in (twins.own, twins.other):
                self._changes.revoke(removals(account.sql, account.rights, base.rights))

    def _remember(self) -> None:
        for twins, base in self._wanted.values():
            if not twins.clone.is_unfinished:
                self._mark(twins.clone, self._mark_of(twins, base))
        for clone in self._accounts.without_counterpart():
            logger.warning("Account %s has no counterpart of the original: its rights stay as they are.", clone.sql)
            self._mark(clone, Mark())

    def _mark_of(self, twins: Twins, base: Base) -> Mark:
        arrived = replace(base.rights, held=base.rights.held - self._changes.skipped)
        return Mark(replace(twins.remembered(base), rights=arrived))

    def _mark(self, account: Account, mark: Mark) -> None:
        if mark != account.mark:
            self._connection.run(f"ALTER USER {account.sql} {attribute_clause(mark)}")

    def _drop_orphans(self) -> None:
        for clone in self._accounts.orphans():
            logger.warning("Account %s is dropped, because that of the original was.", clone.sql)
            self._connection.run(f"DROP USER {clone.sql}")

    def _set_password(self, password: Password) -> None:
        dropped = self._accounts.orphans()
        own = [a for a in self._accounts.own.values() if a.takes_password and a not in dropped]
        finished = [(account, self._accounts.plugin_for(account)) for account in own if not account.is_unfinished]
        replace_passwords(self._connection, finished, password)
        for account in own:
            if account.is_unfinished and account.host in self._wanted:
                plugin = self._accounts.plugin_for(account)
                unlock_with_password(self._connection, account, plugin, password, self._finish(account))

    def _finish(self, account: Account) -> str:
        twins, base = self._wanted[account.host]
        mark = self._mark_of(twins, base) if twins.own_is_clone else None
        return f"ACCOUNT {'LOCK' if base.locked else 'UNLOCK'} {attribute_clause(mark)}"


def _settings(account: Account, base: Base, *, locked: bool) -> list[Statement]:
    """The statement that changes what differs, and the one that changes it back."""
    wanted = replace(account, options=base.options, attribute=base.attribute, locked=locked)
    forth, back = settings(account, wanted), settings(wanted, account)
    return [Statement(f"ALTER USER {account.sql} {forth}", f"ALTER USER {account.sql} {back}")] if forth else []
