"""Alternating users: two users that are one principal take turns, so that AWSCURRENT logs in at every moment.

The superuser sets the password of the user that is not in use. It touches the pair only after some version of this
secret has logged in as one of the two, and the other only where the database's record of the pair, which neither of the
two can write, names this secret, or where a version of this secret logs in as that one as well.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Self

from secret_rotation.credentials import Credentials, superuser_missing
from secret_rotation.engine import Engine, SuperuserSession
from secret_rotation.errors import LoginRejectedError, UnsafeRotationError
from secret_rotation.older_versions import Version
from secret_rotation.pairs import Pair
from secret_rotation.settings import Settings
from secret_rotation.strategy import PasswordChange
from secret_rotation.superuser import Superuser


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
        return Pair.of_secret(current).other(current.username)

    def keeps_old_password(self, engine: Engine) -> bool:  # noqa: ARG002 - the same for every engine
        """Always: it is the other user's."""
        return True

    def promotes_early(self, engine: Engine) -> bool:  # noqa: ARG002 - the same for every engine
        """Never: AWSCURRENT logs in all the while."""
        return False

    def discards_old_password(self, engine: Engine) -> bool:  # noqa: ARG002 - the same for every engine
        """Never: AWSPREVIOUS is another user."""
        return False

    def set_password(self, change: PasswordChange) -> None:
        """Prove that the pair is this secret's, then let the superuser make the two equal and set the password."""
        turn = _turn(change)
        if turn.log_in().credentials is change.pending:
            return
        with turn.superuser_session() as session:
            if session is not None:
                session.mirror(turn.pair, change.pending.username, change.pending.password, turn.superuser.acts_for)

    def check(self, change: PasswordChange) -> bool:
        """The same proofs, then ask the server whether the superuser could make the two equal."""
        turn = _turn(change)
        turn.log_in()
        with turn.superuser_session() as session:
            if session is not None:
                session.check_mirror(turn.pair, change.pending.username, turn.superuser.acts_for)
            return session is not None


def _turn(change: PasswordChange) -> "_Turn":
    pair = Pair.of(change.current.username)
    return _Turn(change, _superuser(change, pair), pair)


def _superuser(change: PasswordChange, pair: Pair) -> Superuser:
    superuser = change.superuser
    if superuser is None:
        raise superuser_missing(change.current)
    if superuser.credentials.username in pair:
        raise UnsafeRotationError(
            f"{superuser.credentials.secret} is the secret of {superuser.credentials.username}, which is one of the "
            f"pair {pair.original} and {pair.clone} that it would have to rotate. "
            "Name another superuser in masterarn."
        )
    return superuser


@dataclass(frozen=True, slots=True)
class _Turn:
    """A rotation in which it is the pending user's turn, and what must be proven before the superuser may act."""

    change: PasswordChange
    superuser: Superuser
    pair: Pair

    def log_in(self) -> Version:
        """Log in as one of the pair, which proves that it is this secret's.

        Returns:
            The version that logged in. Where it is AWSPENDING, its password is set already.
        """
        for user in (self.change.current, self.change.pending):
            self.superuser.require_proof(user)
        with self.change.logins.first_accepted(self._versions()) as login:
            if login.version.credentials is not self.change.pending:
                # It does not matter as whom it acts: the mirror sees to that, and no password in use is touched.
                login.session.verify_account()
            return login.version

    @contextmanager
    def superuser_session(self) -> Iterator[SuperuserSession | None]:
        """The superuser's session, once this rotation has the pair to itself and the pair is known to be its own.

        It is None where nothing is left to do.
        """
        with self.superuser.log_in() as session:
            is_allowed = self.change.claim.take(session, self.pair.original)
            if is_allowed:
                self._require_own_pair(session)
            yield session if is_allowed else None

    def _require_own_pair(self, session: SuperuserSession) -> None:
        """Stop unless this rotation will create the pending user, or it is known to be the other one's twin."""
        holding = self.superuser.require_holder(session, self.pair)
        if holding is not None and holding.is_intact:
            return
        exists = session.exists(self.change.pending.username)
        if exists or self.change.pending.username != self.pair.clone:
            self._require_login(exists=exists)

    def _versions(self) -> Iterator[Version]:
        """The versions for either of the pair, in the order in which they are tried."""
        yield from (self.change.current_version, self.change.pending_version)
        for version in self._older_versions():
            if version.credentials.username in self.pair:
                yield version

    def _older_versions(self) -> Iterator[Version]:
        """Those whose login would prove something to the superuser."""
        return (version for version in self.change.older.all() if self.superuser.trusts(version.credentials))

    def _require_login(self, *, exists: bool) -> None:
        """Adopt the pending user by the login of a version of this secret, or stop."""
        username = self.change.pending.username
        twins = (version for version in self._older_versions() if version.credentials.username == username)
        try:
            with self.change.logins.first_accepted(twins) as login:
                login.session.verify_account()
        except LoginRejectedError:
            raise (self._somebody_elses() if exists else self._original_missing()) from None

    def _somebody_elses(self) -> UnsafeRotationError:
        username, pair = self.change.pending.username, self.pair
        return UnsafeRotationError(
            f"User {username} is not on record as one of a pair of {self.superuser.acts_for}, and no version of this "
            "secret logs in as it, so it may be somebody else's. "
            f"Rename one of {pair.original} and {pair.clone}, or drop {username} if nobody needs it. "
            "If it is this secret's after all, put its password into the secret, with its user name, and rotate again."
        )

    def _original_missing(self) -> UnsafeRotationError:
        return UnsafeRotationError(
            f"There is no user {self.change.pending.username}, of which {self.pair.clone} is to be the clone. "
            "If it was renamed, give it its old name; else create it, with the password that the last version of this "
            "secret for it holds."
        )
