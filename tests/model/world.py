"""What all deliveries share, as one immutable value: a state can be remembered, compared, and gone on from."""

from collections.abc import Hashable
from typing import NamedTuple

from lab.secretsmanager.versions import CURRENT, PENDING


class StoredVersion(NamedTuple):
    """A version of the secret. `created` counts up; `text` is None before createSecret."""

    version_id: str
    created: float
    labels: tuple[str, ...]
    text: str | None


class Secret(NamedTuple):
    """The secret in Secrets Manager. `rotating` is the token that the service is rotating to."""

    versions: tuple[StoredVersion, ...]
    rotating: str | None = None
    enabled: bool = True

    def holder(self, label: str) -> StoredVersion | None:
        """The version that carries a label."""
        return next((version for version in self.versions if label in version.labels), None)

    @property
    def current(self) -> StoredVersion:
        """AWSCURRENT."""
        [current] = (version for version in self.versions if CURRENT in version.labels)
        return current

    @property
    def unfinished(self) -> StoredVersion | None:
        """AWSPENDING, where it is not what AWSCURRENT is: a rotation that is not complete."""
        pending = self.holder(PENDING)
        return None if pending is None or CURRENT in pending.labels else pending


class Account(NamedTuple):
    """A user of the database. Only the MySQL-like engine has a second password, and accounts that are locked."""

    username: str
    primary: str
    secondary: str | None = None
    locked: bool = False

    def accepts(self, password: str) -> bool:
        """Whether a login succeeds."""
        return not self.locked and password in (self.primary, self.secondary)


class SessionId(NamedTuple):
    """A session, by the delivery that opened it and how many that had opened before."""

    delivery: str
    number: int


class World(NamedTuple):
    """The secret, the database and the time.

    `clock` counts how often more than FRESH_SECONDS have passed. `left_at` is what it was when AWSPENDING last left an
    unfinished rotation, `not_before` when, at the earliest, a rotation changes a password: see `clock.may_change`.
    `promoted_unlabelled` is whether AWSCURRENT was moved to where it is without AWSPENDING being there.
    """

    secret: Secret
    accounts: tuple[Account, ...]
    locks: tuple[tuple[str, SessionId], ...] = ()
    clock: int = 0
    left_at: int = -1
    not_before: tuple[tuple[str, int], ...] = ()
    promoted_unlabelled: bool = False

    def account(self, username: str) -> Account | None:
        """The account of that name."""
        return next((account for account in self.accounts if account.username == username), None)

    def with_account(self, account: Account) -> "World":
        """The same with this account added or changed."""
        others = (other for other in self.accounts if other.username != account.username)
        return self._replace(accounts=tuple(sorted((*others, account))))

    def holder_of(self, lock: str) -> SessionId | None:
        """The session that holds a lock."""
        return next((session for key, session in self.locks if key == lock), None)

    def without_locks(self, delivery: str, number: int | None = None) -> "World":
        """The same after a session of a delivery has ended, or all of them."""

        def has_ended(session: SessionId) -> bool:
            return session.delivery == delivery and number in (None, session.number)

        return self._replace(locks=tuple(lock for lock in self.locks if not has_ended(lock[1])))


class Operation(NamedTuple):
    """What a delivery does next: one atomic operation on the world. `arguments` are pairs of names and values."""

    name: str
    arguments: tuple[tuple[str, Hashable], ...] = ()

    def argument(self, name: str) -> Hashable:
        """An argument's value; None where it has none of that name."""
        return dict(self.arguments).get(name)


class Answer(NamedTuple):
    """What came back: a value, or the name of an error."""

    value: Hashable = None
    error: str | None = None
