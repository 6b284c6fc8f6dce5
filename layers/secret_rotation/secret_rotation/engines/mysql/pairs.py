"""What the two users of a pair are to have, host by host. Pure: no connection in here.

An account is user@host, so a pair of users is a pair of accounts for each host. `own` is the account whose password is
being set, `other` the one that is in use meanwhile.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from secret_rotation.engine import Pair
from secret_rotation.engines.mysql.accounts import Account
from secret_rotation.engines.mysql.marks import Base, Mark
from secret_rotation.engines.mysql.merge import merge_rights, merge_values
from secret_rotation.engines.mysql.rights import Rights


@dataclass(frozen=True, slots=True)
class Twins:
    """The account of the original and that of the clone on one host, and which of them gets the password."""

    original: Account
    clone: Account
    own_is_clone: bool

    @property
    def own(self) -> Account:
        """The account whose password is being set."""
        return self.clone if self.own_is_clone else self.original

    @property
    def other(self) -> Account:
        """The account that is in use meanwhile."""
        return self.original if self.own_is_clone else self.clone

    def wanted(self) -> Base:
        """What both are to have; `locked` is for `own` alone: a rotation never locks the account that is in use."""
        base = self._base()
        known = base or Base()
        return Base(
            rights=merge_rights(None if base is None else base.rights, self.original.rights, self.clone.rights),
            options=merge_values(known.options, self.original.options, self.clone.options),
            attribute=merge_values(known.attribute, self.original.attribute, self.clone.attribute),
            locked=self._own_locked(base),
        )

    def remembered(self, wanted: Base) -> Base:
        """What the next merge starts from. A lock is remembered once both agree on it."""
        if wanted.locked == self.other.locked:
            return wanted
        mark = self.clone.mark
        return replace(wanted, locked=bool(mark and mark.base and mark.base.locked))

    def _base(self) -> Base | None:
        """What the merge starts from. An unfinished account brings in nothing: all that it has came from the other."""
        for account in (self.original, self.clone):
            if account.is_unfinished:
                return Base(account.rights, account.options, account.attribute, account.locked)
        return self.clone.mark.base if self.clone.mark else None

    def _own_locked(self, base: Base | None) -> bool:
        """Who was locked or unlocked by an operator since decides for both, each at its own turn."""
        if self.own.is_unfinished:
            return self.other.locked
        if base is not None and self.own.locked == base.locked:
            return self.other.locked
        return self.own.locked


@dataclass(frozen=True, slots=True)
class Accounts:
    """All accounts of a pair. `username` is the user whose password is being set."""

    pair: Pair
    username: str
    originals: Mapping[str, Account]
    clones: Mapping[str, Account]

    @property
    def own(self) -> Mapping[str, Account]:
        """The accounts whose password is being set, by host."""
        return self.clones if self.username == self.pair.clone else self.originals

    @property
    def others(self) -> Mapping[str, Account]:
        """The accounts of the other user, by host."""
        return self.originals if self.username == self.pair.clone else self.clones

    def twins(self) -> list[Twins]:
        """The accounts that both users have."""
        both = self.originals.keys() & self.clones.keys()
        return [
            Twins(self.originals[host], self.clones[host], self.username == self.pair.clone) for host in sorted(both)
        ]

    def missing(self) -> list[Account]:
        """The accounts of the other user that this one is to have too.

        The clone gets all. The original gets what an operator added to the clone since an earlier rotation; not what
        the clone of another rotation function had from the start: AWS's own makes every clone for any host.
        """
        absent = (other for host, other in self.others.items() if host not in self.own and other.takes_password)
        if self.username == self.pair.clone or not self.originals:
            return list(absent)
        managed = any(clone.mark and clone.mark.base for clone in self.clones.values())
        return [other for other in absent if managed and other.mark is None]

    def orphans(self) -> list[Account]:
        """The clone's accounts whose counterpart an operator has dropped since; at least one account stays.

        Only at the clone's own turn: before that the account may be in use.
        """
        if self.username != self.pair.clone or not self.originals:
            return []
        return [
            clone
            for host, clone in self.clones.items()
            if host not in self.originals and clone.mark and clone.mark.base and not clone.is_unfinished
        ]

    def without_counterpart(self) -> Iterator[Account]:
        """The clone's accounts that stay alone, and do not have that on record yet."""
        for host, clone in self.clones.items():
            if host not in self.originals and clone.mark is None:
                yield clone

    def plugin_for(self, account: Account) -> str:
        """The authentication plugin that an account is to have: a clone that of the original, the original its own."""
        original = self.originals.get(account.host)
        return original.plugin if original is not None and original.takes_password else account.plugin

    def with_own(self, account: Account) -> "Accounts":
        """The same with another account of the user whose password is being set."""
        added = {**self.own, account.host: account}
        return replace(self, clones=added) if account.user == self.pair.clone else replace(self, originals=added)


def newborn(username: str, twin: Account) -> Account:
    """An account as a rotation creates it: its twin's settings and attribute, no rights, locked, unfinished."""
    return replace(twin, user=username, locked=True, mark=Mark(unfinished=True), rights=Rights())
