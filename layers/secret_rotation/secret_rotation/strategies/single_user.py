"""Single user: the user changes its own password.

On MySQL the old password stays valid beside the new one, so there is no moment in which AWSCURRENT does not log in. On
PostgreSQL a role has one password, so between setSecret and finishSecret AWSCURRENT does not log in.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from secret_rotation.engine import Engine, Session
from secret_rotation.errors import (
    LoginRejectedError,
    NotPrimaryPasswordError,
    PermissionDeniedError,
    UnsafeRotationError,
)
from secret_rotation.login import Login
from secret_rotation.model import Credentials
from secret_rotation.settings import Settings
from secret_rotation.strategy import PasswordChange
from secret_rotation.versions import Version


@dataclass(frozen=True, slots=True)
class SingleUser:
    """Rotate the one user of a secret.

    `reset_with_superuser`: may the superuser set the password although no version of the secret logs in?
    """

    name: ClassVar[str] = "single_user"
    superuser_required: ClassVar[bool] = False

    reset_with_superuser: bool
    discard_old_password: bool

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The strategy as the deployer set it up."""
        return cls(settings.reset_with_superuser, settings.discard_old_password)

    def pending_username(self, current: Credentials) -> str:
        """The same user."""
        return current.username

    def discards_old_password(self, engine: Engine) -> bool:
        """Only where the deployer asked for it, and the engine kept one."""
        return self.discard_old_password and engine.keeps_old_password

    def set_password(self, change: PasswordChange) -> None:
        """Log in with the first version that works, and let that session change its own password."""
        _refuse_superuser_itself(change)
        if not self._changed_by_login(change) and change.superuser is not None:
            _reset(change, change.superuser)

    def _changed_by_login(self, change: PasswordChange) -> bool:
        """Whether a login of some version led to the new password; False leaves it to the superuser."""
        may_reset = self.reset_with_superuser and change.superuser is not None
        try:
            with change.log_in(_versions(change, with_older=not may_reset)) as login:
                return _change(change, login)
        except LoginRejectedError:
            if not may_reset:
                raise
            return False


def _versions(change: PasswordChange, *, with_older: bool) -> Iterator[Version]:
    yield from change.own_versions()
    if with_older:
        for version in change.older.all():
            if version.credentials.username == change.current.username:
                yield version


def _change(change: PasswordChange, login: Login) -> bool:
    old, new = login.version.credentials.password, change.pending.password
    if old == new or not change.claim(login.session, change.pending.username):
        return True
    try:
        login.session.set_own_password(old, new)
    except NotPrimaryPasswordError:
        _take_over_primary(change, login.session)
    except PermissionDeniedError:
        if change.superuser is None:
            raise
        with change.log_in_as_superuser(change.superuser) as superuser:
            superuser.set_password(change.pending.username, new)
    return True


def _take_over_primary(change: PasswordChange, session: Session) -> None:
    """The session's password is only the secondary one: the primary is AWSPENDING's, or what a cancelled rotation left.

    The orphan is replaced without RETAIN, because there is one secondary slot and AWSCURRENT is in it.
    """
    try:
        with change.log_in(iter([change.own_versions()[1]])):
            return
    except LoginRejectedError:
        if change.is_still_pending():
            orphans = (version.credentials.password for version in change.older.orphans())
            session.overwrite_own_password(change.pending.password, orphans)


def _reset(change: PasswordChange, superuser: Credentials) -> None:
    # In the user's own database, because that is where a rotation that still logs in as the user takes its lock.
    with change.log_in_as_superuser(replace(superuser, dbname=change.current.dbname)) as session:
        session.refuse_privileged(change.pending.username)
        if change.claim(session, change.pending.username):
            session.set_password(change.pending.username, change.pending.password)


def _refuse_superuser_itself(change: PasswordChange) -> None:
    if change.superuser is not None and change.superuser.username == change.current.username:
        raise UnsafeRotationError(
            f"{change.current.secret} names user {change.current.username}, who is the superuser of its own masterarn. "
            "Remove masterarn from the secret: a superuser changes its own password."
        )
