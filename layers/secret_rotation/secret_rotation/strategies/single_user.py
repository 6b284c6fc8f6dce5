"""Single user: the user changes its own password.

On MySQL the old password stays valid beside the new one, so there is no moment in which AWSCURRENT does not log in. On
PostgreSQL a role has one password, so between setSecret and finishSecret AWSCURRENT does not log in; unless setSecret
moves that label, too (docs/decisions/0034-promote-early.md).

Where one name may be several accounts, a user changes but the one that it logs in as, and a superuser, if the secret
names one, those of the others that are the secret's too (docs/decisions/0022-the-superuser-looks-first.md).
"""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Self

from secret_rotation.credentials import Credentials
from secret_rotation.engine import Engine, KnownPasswords, OtherAccounts, Session, SuperuserSession
from secret_rotation.errors import (
    DatabaseError,
    LoginRejectedError,
    NotPrimaryPasswordError,
    PermissionDeniedError,
    UnsafeRotationError,
)
from secret_rotation.login_order import Login
from secret_rotation.older_versions import Version
from secret_rotation.pairs import Pair
from secret_rotation.settings import Settings
from secret_rotation.strategy import PasswordChange
from secret_rotation.superuser import Superuser

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SingleUser:
    """Rotate the one user of a secret.

    Attributes:
        reset_with_superuser: whether the superuser may set the password although no version of the secret logs in.
        promote_early: whether setSecret moves AWSCURRENT, where the engine keeps no old password.
        discard_old_password: whether finishSecret ends the old password, where the engine keeps one.
    """

    name: ClassVar[str] = "single_user"
    superuser_required: ClassVar[bool] = False

    reset_with_superuser: bool
    promote_early: bool
    discard_old_password: bool

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The strategy as the deployer set it up."""
        return cls(settings.reset_with_superuser, settings.promote_early, settings.discard_old_password)

    def pending_username(self, current: Credentials) -> str:
        """The same user."""
        return current.username

    def keeps_old_password(self, engine: Engine) -> bool:
        """Where the engine keeps one."""
        return engine.keeps_old_password

    def promotes_early(self, engine: Engine) -> bool:
        """Only where the deployer asked for it, and the engine keeps none: else AWSCURRENT logs in all the while."""
        return self.promote_early and not self.keeps_old_password(engine)

    def discards_old_password(self, engine: Engine) -> bool:
        """Only where the deployer asked for it, and the engine kept one."""
        return self.discard_old_password and engine.keeps_old_password

    def set_password(self, change: PasswordChange) -> None:
        """Log in with the first version that works, and let that session change its own password."""
        _refuse_superuser_itself(change)
        if not self._changed_by_login(change) and change.superuser is not None:
            _reset(change, change.superuser)

    def check(self, change: PasswordChange) -> bool:
        """Log in as for the change, ask what would stop it, and try the superuser's part in it."""
        _refuse_superuser_itself(change)
        with change.logins.first_accepted([change.current_version]) as login, ExitStack() as stack:
            login.session.check_own_change()
            superuser = _superuser_of_others(change, login, stack)
            if superuser is not None:
                _other_accounts(change, login, superuser)
        if self.reset_with_superuser and change.superuser is not None:
            _check_reset(change, change.superuser)
        return True

    def _changed_by_login(self, change: PasswordChange) -> bool:
        """Change the password by the first version that logs in.

        Returns:
            False where no version logs in and the superuser may reset the password.
        """
        may_reset = self.reset_with_superuser and change.superuser is not None
        try:
            with change.logins.first_accepted(_versions(change, with_older=not may_reset)) as login:
                _change(change, login)
        except LoginRejectedError:
            if not may_reset:
                raise
            return False
        return True


def _versions(change: PasswordChange, *, with_older: bool) -> Iterator[Version]:
    yield from (change.current_version, change.pending_version)
    if with_older:
        for version in change.older.all():
            if version.credentials.username == change.current.username:
                yield version


def _change(change: PasswordChange, login: Login) -> None:
    """Change the password in the session that logged in, and then those of the user's other accounts."""
    used, username, new = login.version.credentials.password, change.pending.username, change.pending.password
    with ExitStack() as stack:
        # Before anything is changed: where this login fails, nothing is.
        superuser = _superuser_of_others(change, login, stack)
        is_done = used == new and superuser is None and change.promote is None
        # The superuser's session is never in the sandbox of an expired password, which can lock nothing.
        if is_done or not change.claim.take(superuser or login.session, username):
            return
        # Looked for before anything is changed: what stops this stops it with AWSCURRENT as it was.
        others = superuser and _other_accounts(change, login, superuser)
        if used != new:
            _change_own(change, login)
        if others:
            others.set_password()
        _promote(change)


def _superuser_of_others(change: PasswordChange, login: Login, stack: ExitStack) -> SuperuserSession | None:
    """The superuser's session for the user's other accounts.

    Returns:
        None where there are no others, or nobody to set their passwords.
    """
    superuser = change.superuser
    if superuser is None or not superuser.engine.has_accounts_by_host:
        return None
    if not superuser.trusts(login.version.credentials):
        _log.warning(
            'The secret says "ssl": false, and that of its superuser does not, so accounts of %s for other hosts, if '
            'there are any, keep their passwords. Remove "ssl": false from the secret.',
            change.pending.username,
        )
        return None
    session = stack.enter_context(superuser.in_database_of(change.current).log_in())
    superuser.require_holder(session, Pair.of(change.pending.username))
    return session


def _other_accounts(change: PasswordChange, login: Login, superuser: SuperuserSession) -> OtherAccounts | None:
    used = login.version.credentials.password
    orphans = cache(lambda: [version.credentials.password for version in change.older.orphans()])
    known = KnownPasswords(change.pending.password, [change.current.password, used], orphans)
    return superuser.other_accounts(change.pending.username, login.session.told_account(), known)


def _change_own(change: PasswordChange, login: Login) -> None:
    """Change the password by the user itself, or, where the user may not do that, by the superuser."""
    old, new = login.version.credentials.password, change.pending.password
    try:
        login.session.set_own_password(old, new)
    except NotPrimaryPasswordError:
        _take_over_primary(change, login.session)
    except PermissionDeniedError:
        if change.superuser is None:
            raise
        change.superuser.require_proof(login.version.credentials)
        with change.superuser.log_in() as session:
            change.superuser.require_holder(session, Pair.of(change.pending.username))
            session.set_password(change.pending.username, new)


def _take_over_primary(change: PasswordChange, session: Session) -> None:
    """Set the primary password in a session that logged in with the secondary one.

    The primary one is AWSPENDING's already, or an orphan: what a cancelled rotation left. The orphan is replaced
    without RETAIN, because there is one secondary slot and AWSCURRENT is in it.
    """
    try:
        with change.logins.first_accepted([change.pending_version]):
            return
    except LoginRejectedError:
        if change.claim.confirm():  # whatever their age: a login came between
            orphans = (version.credentials.password for version in change.older.orphans())
            session.overwrite_own_password(change.pending.password, orphans)


def _reset(change: PasswordChange, superuser: Superuser) -> None:
    """Let the superuser set the password of a user as which nobody logs in any more."""
    with _ready_to_reset(change, superuser) as session:
        session.refuse_unusable(change.current)
        if change.claim.take(session, change.pending.username):
            session.set_password(change.pending.username, change.pending.password)
            _promote(change)


def _promote(change: PasswordChange) -> None:
    if change.promote is not None:
        change.promote()


def _check_reset(change: PasswordChange, superuser: Superuser) -> None:
    """Warn where a reset would be refused: no rotation needs one as long as a version of the secret logs in."""
    try:
        with _ready_to_reset(change, superuser):
            pass
    except (DatabaseError, UnsafeRotationError) as error:
        _log.warning("RESET_WITH_SUPERUSER could not help this secret, if ever no version of it logs in: %s", error)


@contextmanager
def _ready_to_reset(change: PasswordChange, superuser: Superuser) -> Iterator[SuperuserSession]:
    """The superuser's session, once it is known that the user is one whose password it may reset."""
    # In the user's own database, because that is where a rotation that still logs in as the user takes its lock.
    with superuser.in_database_of(change.current).log_in() as session:
        session.refuse_privileged(change.pending.username)
        superuser.require_holder(session, Pair.of(change.pending.username))
        yield session


def _refuse_superuser_itself(change: PasswordChange) -> None:
    if change.superuser is not None and change.superuser.credentials.username == change.current.username:
        raise UnsafeRotationError(
            f"{change.current.secret} names user {change.current.username}, who is the superuser of its own masterarn. "
            "Remove masterarn from the secret: a superuser changes its own password."
        )
