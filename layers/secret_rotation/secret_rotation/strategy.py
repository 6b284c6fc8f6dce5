"""What distinguishes one way of rotating from another, and the work that each is given."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from secret_rotation.deadline import Deadline
from secret_rotation.engine import Engine, Session, SuperuserSession
from secret_rotation.errors import LoginRejectedError, SuperuserRejectedError
from secret_rotation.labels import AWSCURRENT, AWSPENDING
from secret_rotation.login import Login, first_accepted
from secret_rotation.model import Credentials
from secret_rotation.settings import Settings
from secret_rotation.versions import OlderVersions, Version

FRESH_SECONDS = 1.0
"""How long labels count as read just now: to clear AWSPENDING and to rotate up to setSecret takes longer than that."""


def claim(session: Session, username: str, labels_read_at: float, confirm: Callable[[], bool]) -> bool:
    """Keep all other rotations away from a user until the session ends; whether the labels still allow a change.

    A step that was overtaken (it hung, its AWSPENDING was cleared, the next rotation came past it) would change a
    password on behalf of a label that has moved, and lock AWSCURRENT out. So the labels count only once the lock is
    held. `confirm` reads them again, but only where somebody may have come past: most steps never wait, and are faster
    than that. `labels_read_at` is of time.monotonic().

    Raises:
        LabelConflictError: by `confirm`; nothing was changed.
        StatementFailedError: another rotation of this user holds the lock.
    """
    had_to_wait = session.lock(username)
    is_fresh = time.monotonic() - labels_read_at < FRESH_SECONDS
    return (is_fresh and not had_to_wait) or confirm()


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """The work of setSecret: make the password of AWSPENDING the one that the database knows.

    `superuser` is None where the secret names none. `labels_read_at` (time.monotonic()) is when the token was seen to
    be AWSPENDING. `is_still_pending` reads the labels anew; it is False where the token has become AWSCURRENT, and
    raises LabelConflictError where it is neither.
    """

    current: Credentials
    pending: Credentials
    superuser: Credentials | None
    older: OlderVersions
    engine: Engine
    deadline: Deadline
    labels_read_at: float
    is_still_pending: Callable[[], bool]

    def own_versions(self) -> list[Version]:
        """AWSCURRENT, then AWSPENDING: the order of the first two logins."""
        return [Version(AWSCURRENT, self.current), Version(AWSPENDING, self.pending)]

    def claim(self, session: Session, username: str) -> bool:
        """Keep all other rotations away from a user; False where nothing is left to be set. See `claim`."""
        return claim(session, username, self.labels_read_at, self.is_still_pending)

    @contextmanager
    def log_in(self, versions: Iterator[Version]) -> Iterator[Login]:
        """Log in with the first of the versions that the server accepts. See `first_accepted` for what it raises."""
        with first_accepted(versions, self._connect) as login:
            yield login

    @contextmanager
    def log_in_as_superuser(self, superuser: Credentials) -> Iterator[SuperuserSession]:
        """Log in as the superuser, at the address that its own secret names.

        Raises:
            SuperuserRejectedError: the password in the superuser's own secret is not the superuser's.
        """
        with ExitStack() as stack:
            try:
                session = stack.enter_context(self.engine.connect_superuser(superuser, self.deadline))
            except LoginRejectedError:
                raise SuperuserRejectedError(
                    f"The database rejected the superuser {superuser.username} with the password in "
                    f"{superuser.secret}. "
                    "If that secret is being rotated right now, the next attempt succeeds; else put the right "
                    "password into it."
                ) from None
            yield session

    def _connect(self, credentials: Credentials, stack: ExitStack) -> Session:
        return stack.enter_context(self.engine.connect(credentials, self.deadline))


class Strategy(Protocol):
    """Whose password a rotation changes, and by whom."""

    name: ClassVar[str]
    """For logs and metrics: "single_user", "alternating_users"."""
    superuser_required: ClassVar[bool]
    """Whether a secret without `masterarn` is an error."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The strategy as the deployer set it up."""

    def pending_username(self, current: Credentials) -> str:
        """The user whose password the next version holds."""

    def set_password(self, change: PasswordChange) -> None:
        """Set the pending user's password in the database.

        Idempotent: does nothing if AWSPENDING already logs in and is the password that a change would set.

        Raises:
            LoginRejectedError: no version of the secret can log in.
            UnsafeRotationError: the user is not one that this secret has shown to be its own.
        Source: Secrets Manager User Guide, "Lambda rotation functions", setSecret.
        """

    def discards_old_password(self, engine: Engine) -> bool:
        """Whether finishSecret ends the validity of the password that setSecret kept."""
