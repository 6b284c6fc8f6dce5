"""What the two users of a pair are to have, host by host. Pure: no connection in here.

An account is user@host, so a pair of users is a pair of accounts for each host. Of the two, `changing` is the account
whose password is being set, and `in_use` is the one that the application uses meanwhile.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from secret_rotation.engines.mysql.accounts import Account
from secret_rotation.engines.mysql.merge import base_of, decide, merge_rights, merge_values
from secret_rotation.engines.mysql.records import Base, HostRecord, PairRecord
from secret_rotation.engines.mysql.rights import Rights
from secret_rotation.pairs import Pair


@dataclass(frozen=True, slots=True)
class AccountPair:
    """The account of the original and that of the clone on one host, and which of them gets the password.

    `is_new` says that the pair is on record, but nothing about this host is.
    """

    original: Account
    clone: Account
    record: HostRecord
    is_clones_turn: bool
    is_new: bool

    @property
    def changing(self) -> Account:
        """The account whose password is being set."""
        return self.clone if self.is_clones_turn else self.original

    @property
    def in_use(self) -> Account:
        """The account that is in use meanwhile."""
        return self.original if self.is_clones_turn else self.clone

    def is_unfinished(self, account: Account) -> bool:
        """Whether a rotation has created the account and did not come to its end."""
        return is_unfinished(self.record, account)

    def wanted(self) -> Base:
        """What both are to have. `locked` is for the one that changes: the account in use is never locked."""
        base = self._base()
        known = base or Base()
        return Base(
            rights=merge_rights(None if base is None else base.rights, self.original.rights, self.clone.rights),
            options=merge_values(known.options, self.original.options, self.clone.options),
            attribute=merge_values(known.attribute, self.original.attribute, self.clone.attribute),
            locked=self._changing_locked(base),
        )

    def announced(self, wanted: Base) -> HostRecord:
        """The record with what is about to change. What an unfinished account has always came from the other."""
        if self.is_unfinished(self.changing) or self.is_unfinished(self.in_use):
            return self.record
        return decide(self.record, self.changing, self.in_use, wanted, is_clones_turn=self.is_clones_turn)

    def remembered(self, wanted: Base) -> Base:
        """What the next merge starts from. A lock is remembered once both agree on it."""
        if wanted.locked == self.in_use.locked:
            return wanted
        return replace(wanted, locked=bool(self.record.base and self.record.base.locked))

    def _base(self) -> Base | None:
        """What the merge starts from. Who brings in nothing has all that it has from the other, as far as that goes.

        So it is with an unfinished account, and with the clone on a host that a pair on record came to have since.
        """
        brings_nothing = [account for account in (self.original, self.clone) if self.is_unfinished(account)]
        if self.is_new and not brings_nothing:
            brings_nothing = [self.clone]
        for account in brings_nothing:
            return Base(account.rights, account.options, account.attribute, account.locked)
        return base_of(self.record, self.original, self.clone)

    def _changing_locked(self, base: Base | None) -> bool:
        """Who was locked or unlocked by an operator since decides for both, each at its own turn."""
        decisions = self.record.original_decides if self.is_clones_turn else self.record.clone_decides
        if decisions.lock or self.is_unfinished(self.changing):
            return self.in_use.locked
        if base is not None and self.changing.locked == base.locked:
            return self.in_use.locked
        return self.changing.locked


@dataclass(frozen=True, slots=True)
class Accounts:
    """All accounts of a pair.

    Attributes:
        username: the user whose password is being set.
        record: what is remembered of the pair, or will be.
        is_on_record: whether it was before this rotation.
    """

    pair: Pair
    username: str
    originals: Mapping[str, Account]
    clones: Mapping[str, Account]
    record: PairRecord
    is_on_record: bool

    @property
    def changing(self) -> Mapping[str, Account]:
        """The accounts whose password is being set, by host."""
        return self.clones if self.username == self.pair.clone else self.originals

    @property
    def in_use(self) -> Mapping[str, Account]:
        """The accounts of the other user, by host."""
        return self.originals if self.username == self.pair.clone else self.clones

    def by_host(self) -> list[AccountPair]:
        """The accounts that both users have."""
        both = self.originals.keys() & self.clones.keys()
        return [
            AccountPair(
                original=self.originals[host],
                clone=self.clones[host],
                record=self.record.on(host),
                is_clones_turn=self.username == self.pair.clone,
                is_new=self.is_on_record and host not in self.record.hosts,
            )
            for host in sorted(both)
        ]

    def missing(self) -> list[Account]:
        """The accounts of the other user that this one is to have too.

        The clone gets all. The original gets what an operator added to the clone since an earlier rotation; not what
        the clone of another rotation function had from the start: AWS's own makes every clone for any host.
        """
        absent = (other for host, other in self.in_use.items() if host not in self.changing and other.takes_password)
        if self.username == self.pair.clone or not self.originals:
            return list(absent)
        managed = any(self.record.on(host).base for host in self.clones)
        return [other for other in absent if managed and self._is_new(other)]

    def _is_new(self, clone: Account) -> bool:
        """Whether a clone's account came since an earlier rotation, also where one died that had just recorded that."""
        known = self.record.hosts.get(clone.host)
        return known is None or (bool(known.creation_mark) and known.base is None and not is_unfinished(known, clone))

    def orphans(self) -> list[Account]:
        """The clone's accounts whose counterpart an operator has dropped since. At least one account stays.

        Only at the clone's own turn: before that the account may be in use.
        """
        if self.username != self.pair.clone or not self.originals:
            return []
        return [
            clone for host, clone in self.clones.items() if host not in self.originals and self.record.on(host).base
        ]

    def without_counterpart(self) -> Iterator[Account]:
        """The clone's accounts that stay alone, and do not have that on record yet."""
        for host, clone in self.clones.items():
            if host not in self.originals and host not in self.record.hosts:
                yield clone

    def plugin_for(self, account: Account) -> str:
        """The authentication plugin that an account is to have: a clone that of the original, the original its own."""
        original = self.originals.get(account.host)
        return original.plugin if original is not None and original.takes_password else account.plugin

    def with_planned(self, counterpart: Account, mark: str) -> "Accounts":
        """The same with an account that is to be created: its counterpart's settings, no rights, locked, marked."""
        account = replace(counterpart, user=self.username, locked=True, creation_mark=mark, rights=Rights())
        added = {**self.changing, account.host: account}
        record = self.record.of_hosts({**self.record.hosts, account.host: HostRecord(creation_mark=mark)})
        if account.user == self.pair.clone:
            return replace(self, clones=added, record=record)
        return replace(self, originals=added, record=record)


def is_unfinished(record: HostRecord, account: Account) -> bool:
    """Whether a rotation has created an account and did not come to its end. Until then nobody has logged in as it.

    So it is locked. Whoever logs in can write the mark into the attribute of the own account, if it can be read.
    """
    return bool(account.creation_mark) and account.creation_mark == record.creation_mark and account.locked


def knows(record: PairRecord, clone: Account) -> bool:
    """Whether a clone's account is one that a rotation of the pair has made or adopted.

    Not by its name alone: a rotation may have died between the announcement of an account and its creation, and
    somebody else may have created one since.
    """
    if clone.host not in record.hosts:
        return False
    known = record.on(clone.host)
    return not known.creation_mark or known.base is not None or clone.creation_mark == known.creation_mark
