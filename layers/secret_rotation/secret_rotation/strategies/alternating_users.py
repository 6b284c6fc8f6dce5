"""Alternating users: two users that are one principal take turns, so that AWSCURRENT logs in at every moment.

The superuser sets the password of the user that is not in use. It touches the pair only after some version of this
secret has logged in as one of the two, and the other only where it is known to be that one's twin.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

from secret_rotation.engine import Engine, Pair, SuperuserSession
from secret_rotation.errors import InvalidSecretError, LoginRejectedError, UnsafeRotationError
from secret_rotation.model import Credentials
from secret_rotation.settings import Settings
from secret_rotation.strategy import PasswordChange
from secret_rotation.versions import Version


@dataclass(frozen=True, slots=True)
class AlternatingUsers:
    """Rotate between `app` and `app_clone`."""

    name: ClassVar[str] = "alternating_users"
    superuser_required: ClassVar[bool] = True

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:  # noqa: ARG003 - nothing of this strategy can be set
        """The strategy as the deployer set it up."""
        return cls()

    def pending_username(self, current: Credentials) -> str:
        """The other user of the pair."""
        return Pair.of(current.username).other(current.username)

    def discards_old_password(self, engine: Engine) -> bool:  # noqa: ARG002 - the same for every engine
        """Never: AWSPREVIOUS is another user."""
        return False

    def set_password(self, change: PasswordChange) -> None:
        """Prove that the pair is this secret's, then let the superuser make the two equal and set the password."""
        pair = Pair.of(change.current.username)
        superuser = _superuser(change, pair)
        with change.log_in(_versions(change, pair)) as login:
            if login.version.credentials is change.pending:
                return
        with change.log_in_as_superuser(superuser) as session:
            if change.claim(session, pair.original):
                _require_twin(change, pair, session)
                session.mirror(pair, change.pending.username, change.pending.password)


def _superuser(change: PasswordChange, pair: Pair) -> Credentials:
    if change.superuser is None:
        raise InvalidSecretError(f"Key 'masterarn' of {change.current.secret} is missing.")
    if change.superuser.username in pair:
        raise UnsafeRotationError(
            f"{change.superuser.secret} is the secret of {change.superuser.username}, which is one of the pair "
            f"{pair.original} and {pair.clone} that it would have to rotate. Name another superuser in masterarn."
        )
    return change.superuser


def _versions(change: PasswordChange, pair: Pair) -> Iterator[Version]:
    yield from change.own_versions()
    for version in change.older.all():
        if version.credentials.username in pair:
            yield version


def _require_twin(change: PasswordChange, pair: Pair, session: SuperuserSession) -> None:
    """Stop unless the pending user is the clone that this rotation will create, or is known to be the other's twin."""
    username = change.pending.username
    if not session.exists(username) and username == pair.clone:
        return
    if session.exists(pair.clone) and session.is_pair(pair):
        return
    twins = (version for version in change.older.all() if version.credentials.username == username)
    try:
        with change.log_in(twins):
            return
    except LoginRejectedError:
        if not session.exists(username):
            raise UnsafeRotationError(
                f"There is no user {username}, of which {pair.clone} is to be the clone. If it was renamed, give it "
                f"its old name; else create it, and make {pair.clone} a member of it."
            ) from None
        raise UnsafeRotationError(
            f"User {username} was not made by a rotation of {change.current.secret}, and no version of this "
            "secret logs in as it, "
            f"so it may be somebody else's. Rename one of {pair.original} and {pair.clone}, or drop {username} "
            "if nobody needs it."
        ) from None
