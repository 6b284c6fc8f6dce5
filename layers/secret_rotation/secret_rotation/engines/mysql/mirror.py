"""Makes the two users of a pair equal, then sets the password of one of them.

MySQL commits every statement about accounts by itself, so the order of the statements is what keeps a pair safe when
the function dies between any two of them:

1. The record of the pair says what is about to be created and copied (see `records` and `merge`).
2. CREATE USER ... ACCOUNT LOCK for what is missing, with the mark that the record names. It cannot log in.
3. GRANTs for both users, then default roles, then settings (REQUIRE, limits, password policy, attribute).
4. REVOKEs for both users. What either holds in the meantime one of the two held before: nobody gains, and no running
   session loses a right that it keeps. (Only ADMIN OPTION, and the GRANT OPTION of a dynamic privilege, cannot be
   revoked without their right: it is away for the moment between two statements.)
5. The record has what both have now. Written earlier, a right that did not arrive would look revoked.
6. The password of the one user, in one statement for all of its hosts; a created account is unlocked, and its mark
   taken away, by the same statement that sets its password. So whatever can log in is complete.

A repeat reads everything anew and does what is left. Where the superuser may not run a statement of 1 to 4, those that
were run are taken back.
"""

import json
import logging
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from secret_rotation.engines.mysql.accounts import (
    MARK_KEY,
    Account,
    alteration,
    creation,
    rights_of_session,
    with_rights,
)
from secret_rotation.engines.mysql.changes import (
    Change,
    Changes,
    additions,
    default_roles,
    ended_restrictions,
    removals,
)
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.pairs import AccountPair, Accounts, is_unfinished
from secret_rotation.engines.mysql.passwords import NEVER_SENT, change_of, replace_passwords, unlock_with_password
from secret_rotation.engines.mysql.privileges import CREATE_USER, TOUCH_SYSTEM_USERS, permitted
from secret_rotation.engines.mysql.records import (
    Base,
    HostRecord,
    PairRecord,
    alter_record,
    create_record,
    drop_record,
    pair_of,
    restore_record,
)
from secret_rotation.engines.mysql.rehearsal import Rehearsal
from secret_rotation.engines.mysql.restrictions import refuse_own_restrictions
from secret_rotation.engines.mysql.rights import GLOBAL, Right
from secret_rotation.engines.mysql.sql import Sql
from secret_rotation.errors import PermissionDeniedError, UnsafeRotationError
from secret_rotation.pairs import Pair
from secret_rotation.password import Password

ATTRIBUTES_SINCE = (8, 0, 21)
"""The first version with attributes of accounts, in which a rotation remembers what both users had."""
_SYSTEM_USER = Right("SYSTEM_USER", GLOBAL)
_WITHOUT_MARK = Sql("ATTRIBUTE {}").format(json.dumps({MARK_KEY: None}))

_log = logging.getLogger(__name__)


def mirror(connection: Connection, pair: Pair, username: str, password: Password, secret: str) -> None:
    """Make the users of a pair equal, then set the password of `username`. From now on the pair belongs to `secret`.

    Raises:
        UnsafeRotationError: they cannot be made equal; nothing was changed, and the message says why and what to do.
    """
    _planned(connection, pair, username, secret, Changes(connection)).run(password)


def rehearse(connection: Connection, pair: Pair, username: str, secret: str) -> None:
    """Read all that `mirror` reads, and look whether the superuser may make the changes that it would make.

    Raises:
        UnsafeRotationError: as `mirror`.
    """
    _planned(connection, pair, username, secret, Rehearsal(connection)).rehearse()


def _planned(connection: Connection, pair: Pair, username: str, secret: str, changes: Changes) -> "_Mirror":
    _refuse_old_server(connection.version)
    bare, record = pair_of(connection, pair)
    _refuse_accounts(pair, bare)
    _refuse_other_holder(pair, record, secret)
    found = with_rights(connection, bare)
    _refuse_system_user(pair, found, connection)
    accounts = Accounts(
        pair=pair,
        username=username,
        originals={account.host: account for account in found if account.user == pair.original},
        clones={account.host: account for account in found if account.user == pair.clone},
        record=record or PairRecord(secret),
        is_on_record=record is not None,
    )
    return _Mirror(connection, accounts, record, changes)


class _Mirror:
    def __init__(self, connection: Connection, accounts: Accounts, stored: PairRecord | None, changes: Changes) -> None:
        self._connection = connection
        self._accounts = accounts
        self._stored = stored
        self._changes = changes
        self._wanted: dict[str, tuple[AccountPair, Base]] = {}

    def run(self, password: Password) -> None:
        with self._denials_explained():
            self._make_equal(password)
        self._remember()
        self._drop_orphans()
        self._set_password(password)

    def rehearse(self) -> None:
        with self._denials_explained():
            self._make_equal(NEVER_SENT)
        self._changes.run(Change(change_of(self._to_be_changed(), NEVER_SENT)))

    @contextmanager
    def _denials_explained(self) -> Iterator[None]:
        try:
            yield
        except PermissionDeniedError as error:
            pair = self._accounts.pair
            raise UnsafeRotationError(
                f"{error} Until then {pair.original} and {pair.clone} cannot be made equal. {self._changes.take_back()}"
            ) from None

    def _make_equal(self, password: Password) -> None:
        missing = self._accounts.missing()
        for counterpart in missing:
            self._accounts = self._accounts.with_planned(counterpart, secrets.token_hex(16))
        self._wanted = {both.original.host: (both, both.wanted()) for both in self._accounts.by_host()}
        _refuse_locked(self._accounts, {host: base.locked for host, (_, base) in self._wanted.items()})
        refuse_own_restrictions(self._connection, self._wanted.values())
        self._announce()
        for counterpart in missing:
            account = self._accounts.changing[counterpart.host]
            self._changes.run(Change(creation(account, password), Sql("DROP USER {}").format(account.sql)))
        self._grant()
        self._alter()
        self._revoke()

    def _announce(self) -> None:
        record = self._accounts.record
        announced = {host: both.announced(base) for host, (both, base) in self._wanted.items()}
        self._write(record.of_hosts({**record.hosts, **announced}))

    def _write(self, record: PairRecord) -> None:
        original, stored = self._accounts.pair.original, self._stored
        if record == stored:
            return
        if stored is None:
            self._changes.run(Change(create_record(original, record), drop_record(original)))
        else:
            self._changes.run(Change(alter_record(original, record), restore_record(original, stored)))
        self._stored = record

    def _grant(self) -> None:
        for both, base in self._wanted.values():
            for one in (both.changing, both.in_use):
                self._changes.run(*ended_restrictions(one.sql, one.rights, base.rights))
            for one, two in ((both.changing, both.in_use), (both.in_use, both.changing)):
                self._changes.grant(one.sql, additions(one.sql, one.rights, base.rights, two.sql))

    def _alter(self) -> None:
        for both, base in self._wanted.values():
            for account in (both.changing, both.in_use):
                self._changes.run(*default_roles(account.sql, account.rights, base.rights))
                is_finished = not both.is_unfinished(account)
                locked = base.locked if account == both.changing and is_finished else account.locked
                self._changes.run(*_settings(account, base, locked=locked))
                if account.creation_mark is not None and is_finished:
                    self._changes.run(Change(Sql("ALTER USER {} {}").format(account.sql, _WITHOUT_MARK)))

    def _revoke(self) -> None:
        for both, base in self._wanted.values():
            for account in (both.changing, both.in_use):
                self._changes.revoke(removals(account.sql, account.rights, base.rights))

    def _remember(self) -> None:
        hosts = {
            host: record
            for host, record in self._accounts.record.hosts.items()
            if host in self._accounts.clones and host not in self._wanted
        }
        for clone in self._accounts.without_counterpart():
            _log.warning("Account %s has no counterpart of the original: its rights stay as they are.", clone.sql)
            hosts[clone.host] = HostRecord()
        for host, (both, base) in self._wanted.items():
            hosts[host] = self._record_of(both, base)
        self._write(self._accounts.record.of_hosts(hosts))

    def _record_of(self, both: AccountPair, base: Base) -> HostRecord:
        arrived = replace(base.rights, held=base.rights.held - self._changes.skipped)
        is_one_unfinished = both.is_unfinished(both.original) or both.is_unfinished(both.clone)
        return HostRecord(
            base=replace(both.remembered(base), rights=arrived),
            creation_mark=both.record.creation_mark if is_one_unfinished else "",
        )

    def _drop_orphans(self) -> None:
        for clone in self._accounts.orphans():
            _log.warning("Account %s is dropped, because that of the original was.", clone.sql)
            permitted(self._connection, Sql("DROP USER {}").format(clone.sql), CREATE_USER)

    def _to_be_changed(self) -> list[tuple[Account, str]]:
        """The accounts that get the new password, each with its plugin."""
        dropped = self._accounts.orphans()
        usable = (a for a in self._accounts.changing.values() if a.takes_password and a not in dropped)
        return [(account, self._accounts.plugin_for(account)) for account in usable]

    def _set_password(self, password: Password) -> None:
        unfinished = {
            both.changing.host: base for both, base in self._wanted.values() if both.is_unfinished(both.changing)
        }
        finished = [(account, plugin) for account, plugin in self._to_be_changed() if account.host not in unfinished]
        replace_passwords(self._connection, finished, password)
        for host, base in unfinished.items():
            account = self._accounts.changing[host]
            end = Sql("ACCOUNT {} {}").format(Sql("LOCK" if base.locked else "UNLOCK"), _WITHOUT_MARK)
            unlock_with_password(self._connection, (account, self._accounts.plugin_for(account)), password, end)


def _settings(account: Account, base: Base, *, locked: bool) -> Iterator[Change]:
    """The statement that changes what differs, and the one that changes it back."""
    wanted = replace(account, options=base.options, attribute=base.attribute, locked=locked)
    if statement := alteration(account, wanted):
        yield Change(statement, alteration(wanted, account))


def _refuse_old_server(version: tuple[int, ...]) -> None:
    """Stop on a server that cannot remember what both users had."""
    if version < ATTRIBUTES_SINCE:
        raise UnsafeRotationError(
            "Alternating users need MySQL 8.0.21 or newer: older servers have no attributes, in which a rotation "
            "remembers what both users had. Upgrade, or use the single-user function."
        )


def _refuse_accounts(pair: Pair, found: Iterable[Account]) -> None:
    """Stop where there is no account at all, or one that wants a second factor."""
    found = list(found)
    if not found:
        raise UnsafeRotationError(
            f"There is neither {pair.original} nor {pair.clone} in the database. Create the user of the secret again, "
            "with the password in it, or correct 'username' there."
        )
    for account in found:
        if account.has_second_factor:
            raise UnsafeRotationError(
                f"Account {account.sql} wants a second factor, which its twin would not have. Use the single-user "
                "function for it."
            )


def _refuse_other_holder(pair: Pair, record: PairRecord | None, secret: str) -> None:
    """Stop where another secret's rotation has come first."""
    if record is not None and record.secret != secret:
        raise UnsafeRotationError(
            f"The users {pair.original} and {pair.clone} have just become those of another secret, {record.secret}. "
            f"Use that secret, or another user for {secret}. Nothing was changed."
        )


def _refuse_system_user(pair: Pair, found: Iterable[Account], connection: Connection) -> None:
    """Stop where one is a system user and the superuser is not: it could grant that, and never touch the user again."""
    holders = [account.sql for account in found if _SYSTEM_USER in account.rights.held]
    if holders and _SYSTEM_USER not in rights_of_session(connection).held:
        revoke = Sql("REVOKE SYSTEM_USER ON *.* FROM {}").format(Sql(", ").join(holders))
        raise UnsafeRotationError(
            f"{pair.original} or {pair.clone} has SYSTEM_USER and the superuser has not, so it may not change them. As "
            f"an administrator: {revoke.typed()}; Or, if they are to keep it: "
            f"{TOUCH_SYSTEM_USERS.to(connection.account()).typed()};"
        )


def _refuse_locked(accounts: Accounts, locked: Mapping[str, bool]) -> None:
    """Stop where no account of the user could log in with the new password."""
    usable = [account for account in accounts.changing.values() if account.takes_password]
    if all(locked.get(account.host, account.locked) for account in usable):
        raise UnsafeRotationError(
            f"Every account of {accounts.username} is locked, or takes no password, so the new password could not be "
            f"used.{_unlock(accounts)}"
        )


def _unlock(accounts: Accounts) -> str:
    """How to unlock what somebody locked. What an interrupted rotation left locked is not meant to be used."""
    both = (*accounts.changing.values(), *accounts.in_use.values())
    unfinished = [account for account in both if is_unfinished(accounts.record.on(account.host), account)]
    locked = [account.sql for account in both if account.locked and account not in unfinished]
    statement = Sql("ALTER USER {} ACCOUNT UNLOCK").format(Sql(", ").join(locked))
    return f" If that is not on purpose: {statement.typed()};" if locked else ""
