"""What distinguishes one way of rotating from another: the contract of a strategy, and the work that each is given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from secret_rotation.claim import Claim
from secret_rotation.credentials import Credentials
from secret_rotation.engine import Engine
from secret_rotation.errors import InvalidSecretError
from secret_rotation.labels import AWSCURRENT, AWSPENDING
from secret_rotation.login_order import Logins
from secret_rotation.older_versions import OlderVersions, Version
from secret_rotation.settings import Settings
from secret_rotation.superuser import Superuser


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """The work of setSecret: make the password of AWSPENDING the one that the database knows.

    Attributes:
        older: the other versions of the secret, read only as far as somebody asks.
        logins: all logins as a user of the secret, which share one limit.
        claim: to be taken before a password is changed.
        superuser: None where the secret names none.
        promote: moves AWSCURRENT to AWSPENDING, and never fails. It is called once nothing of setSecret is left to do,
            while the claim still keeps other rotations away. None where finishSecret moves it.
    """

    current: Credentials
    pending: Credentials
    older: OlderVersions
    logins: Logins
    claim: Claim
    superuser: Superuser | None
    promote: Callable[[], None] | None = None

    @property
    def current_version(self) -> Version:
        """AWSCURRENT, to log in with."""
        return Version(AWSCURRENT, self.current)

    @property
    def pending_version(self) -> Version:
        """AWSPENDING, to log in with."""
        return Version(AWSPENDING, self.pending)


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
        """The user whose password the next version holds.

        Raises:
            InvalidSecretError: no rotation of this strategy can follow on this user name.
        """

    def set_password(self, change: PasswordChange) -> None:
        """Set the pending user's password in the database.

        Idempotent: changes nothing if AWSPENDING already logs in and is the password that a change would set.

        Raises:
            LoginRejectedError: no version of the secret can log in.
            UnsafeRotationError: the user is not one that this secret has shown to be its own.
            InvalidSecretError: the secret names no superuser, or no user that this strategy could rotate.
            SuperuserRejectedError: the superuser's own secret is out of date.
            LabelConflictError: the labels have moved meanwhile; nothing was changed.
            SecretStoreError: labels or older versions cannot be read.
            StatementFailedError: the server refused a statement, or another rotation of the user is under way;
                PermissionDeniedError, which is one, where the user may not change its own password.
            DatabaseError: a login failed in another way, as `Engine.connect`.
            RotationError: the invocation's time is used up.
        Source: Secrets Manager User Guide, "Lambda rotation functions", setSecret.
        """

    def check(self, change: PasswordChange) -> bool:
        """Do what `set_password` does before its first change, and find out what would keep the server from that one.

        This is for a dry run: nothing is changed, and no version has the password that `change` holds for AWSPENDING.

        Returns:
            Whether all of it was done. False where nothing is left to do any more, as `Claim.take` says.

        Raises:
            RotationError: what `set_password` would raise.
        """

    def keeps_old_password(self, engine: Engine) -> bool:
        """Whether AWSPREVIOUS may go on logging in until the next rotation, unless finishSecret ends that."""

    def promotes_early(self, engine: Engine) -> bool:
        """Whether setSecret moves AWSCURRENT itself, because the password that it holds ends with the change."""

    def discards_old_password(self, engine: Engine) -> bool:
        """Whether finishSecret ends the validity of the password that setSecret kept."""


def next_username(strategy: Strategy, engine: Engine, limit: int | None, current: Credentials) -> str:
    """The user of the version that follows on AWSCURRENT; `limit` is that of the deployer on the length of its name.

    Raises:
        InvalidSecretError: the server could have no such user, or no rotation of this strategy could follow.
    """
    username = strategy.pending_username(current)
    longest = min(engine.max_username_length, limit or engine.max_username_length)
    if engine.username_length(username) > longest:
        raise InvalidSecretError(
            f"Key 'username' of {current.secret} is too long: "
            f"the next version's user would have a name of {engine.username_length(username)}, "
            f"and {longest} is the most. Use a shorter user name."
        )
    fault = engine.secret_format.username_fault(username)
    if fault is not None:
        raise InvalidSecretError(
            f"Key 'username' of {current.secret} cannot be rotated: "
            f"the next version's user would be {username!r}, which {fault}. Use another user name."
        )
    return username
