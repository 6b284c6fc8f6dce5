"""What all processes share, as one immutable value: a state can be remembered, compared, and gone on from."""

from collections.abc import Hashable
from typing import NamedTuple

from secret_rotation.labels import AWSCURRENT, AWSPENDING


class SecretVersion(NamedTuple):
    """A version of the secret. `created` counts up; `text` is None before createSecret."""

    version_id: str
    created: float
    labels: tuple[str, ...]
    text: str | None


class SecretState(NamedTuple):
    """The secret in Secrets Manager. `rotating` is the token that the service is rotating to."""

    versions: tuple[SecretVersion, ...]
    rotating: str | None = None
    enabled: bool = True

    def holder(self, label: str) -> SecretVersion | None:
        return next((version for version in self.versions if label in version.labels), None)

    @property
    def current(self) -> SecretVersion:
        [current] = (version for version in self.versions if AWSCURRENT in version.labels)
        return current

    @property
    def unfinished(self) -> SecretVersion | None:
        """AWSPENDING, where it is not what AWSCURRENT is: a rotation that is not complete."""
        pending = self.holder(AWSPENDING)
        return None if pending is None or AWSCURRENT in pending.labels else pending


class DatabaseUser(NamedTuple):
    """A user of the database. Only an engine that keeps old passwords has a second one, and users that are locked."""

    username: str
    primary: str
    secondary: str | None = None
    locked: bool = False

    def accepts(self, password: str) -> bool:
        return not self.locked and password in (self.primary, self.secondary)


class SessionId(NamedTuple):
    """A session, by the process that opened it and how many that had opened before."""

    process: str
    number: int


class SharedState(NamedTuple):
    """The secret, the database and the time.

    An assumption is made here, and nowhere else, of how fast the world outside is. From the moment in which a version
    loses AWSPENDING, because its rotation is over or was cleared away, to the moment in which the next rotation changes
    a password, more time passes than labels count as read just now: in between lie RotateSecret, all of createSecret,
    and most of setSecret.

    Attributes:
        clock: how often that much time has passed.
        left_at: what the clock was when AWSPENDING last left an unfinished rotation.
        not_before: after which time, by the clock, the rotation to a token changes a password: the assumption.
        promoted_unlabelled: whether AWSCURRENT was moved to where it is without AWSPENDING being there.
    """

    secret: SecretState
    users: tuple[DatabaseUser, ...]
    locks: tuple[tuple[str, SessionId], ...] = ()
    clock: int = 0
    left_at: int = -1
    not_before: tuple[tuple[str, int], ...] = ()
    promoted_unlabelled: bool = False

    def may_change(self, token: str) -> bool:
        """Whether the rotation to this token has come far enough to change a password."""
        return self.clock > dict(self.not_before).get(token, -1)

    def with_secret(self, secret: SecretState, operation: "Operation") -> "SharedState":
        """The same after an operation changed the secret."""
        if secret == self.secret:
            return self
        after = self._replace(secret=secret)
        if self.secret.unfinished is not None and secret.unfinished is None:
            after = after._replace(left_at=self.clock)
        if operation.name == "RotateSecret":
            token = str(operation.argument("ClientRequestToken"))
            after = after._replace(not_before=(*after.not_before, (token, after.left_at)))
        if operation.argument("VersionStage") == AWSCURRENT:
            pending = self.secret.holder(AWSPENDING)
            is_pending = pending is not None and pending.version_id == operation.argument("MoveToVersionId")
            after = after._replace(promoted_unlabelled=not is_pending)
        return after

    def user(self, username: str) -> DatabaseUser | None:
        return next((user for user in self.users if user.username == username), None)

    def with_user(self, user: DatabaseUser) -> "SharedState":
        """The same with this user added or changed."""
        others = (other for other in self.users if other.username != user.username)
        return self._replace(users=tuple(sorted((*others, user))))

    def holder_of(self, lock: str) -> SessionId | None:
        return next((session for key, session in self.locks if key == lock), None)

    def without_locks(self, process: str, number: int | None = None) -> "SharedState":
        """The same after a session of a process has ended, or all of them."""
        ended = [one for _, one in self.locks if one.process == process and number in (None, one.number)]
        return self._replace(locks=tuple(lock for lock in self.locks if lock[1] not in ended))


class Operation(NamedTuple):
    """What a process does next: one atomic operation on the shared state. `arguments` are pairs of names and values."""

    name: str
    arguments: tuple[tuple[str, Hashable], ...] = ()

    def argument(self, name: str) -> Hashable:
        """An argument's value; None where it has none of that name."""
        return dict(self.arguments).get(name)


class Answer(NamedTuple):
    """What came back: a value, or the name of an error."""

    value: Hashable = None
    error: str | None = None
