"""What the four steps stand on: what they read and check, and the change of a password that a strategy is to make."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from secret_rotation.begun import BegunRotations
from secret_rotation.claim import Claim
from secret_rotation.credentials import Credentials, refuse_proxy
from secret_rotation.deadline import Deadline
from secret_rotation.engine import Engine, Session
from secret_rotation.errors import LabelConflictError, UnsafeRotationError
from secret_rotation.labels import clear_pending
from secret_rotation.login_order import Logins
from secret_rotation.older_versions import OlderVersions
from secret_rotation.patience import PATIENCE, Patience
from secret_rotation.reader import SecretReader
from secret_rotation.request import RotationRequest
from secret_rotation.settings import Settings
from secret_rotation.store import SecretStore
from secret_rotation.strategy import PasswordChange, Strategy, next_username
from secret_rotation.superuser import Superuser
from secret_rotation.superuser_secret import SuperuserFinder


@dataclass(frozen=True, slots=True)
class Parts:
    """What all rotations of one Lambda environment share."""

    store: SecretStore
    superusers: SuperuserFinder
    engine: Engine
    strategy: Strategy
    settings: Settings
    patience: Patience = PATIENCE
    begun: BegunRotations = field(default_factory=BegunRotations)


@dataclass(frozen=True, slots=True)
class Groundwork:
    """What one invocation stands on. It decides nothing by its step, and changes nothing in the database."""

    parts: Parts
    request: RotationRequest
    deadline: Deadline

    @property
    def strategy(self) -> Strategy:
        """The one that the function was deployed with."""
        return self.parts.strategy

    @property
    def patience(self) -> Patience:
        """How long is waited, and by which clock."""
        return self.parts.patience

    @property
    def promotes_early(self) -> bool:
        """Whether setSecret may move AWSCURRENT."""
        return self.strategy.promotes_early(self.parts.engine)

    def anew(self) -> str:
        """The commands that give this rotation up and begin another one."""
        return clear_pending(self.request.secret_arn, self.request.token)

    @property
    def reader(self) -> SecretReader:
        """Reads the secret that is being rotated."""
        parts = self.parts
        return SecretReader(parts.store, self.request, parts.engine.secret_format, parts.patience)

    def put_pending(self, credentials: Credentials) -> bool:
        """Store AWSPENDING; see `SecretStore.put_pending`."""
        return self.parts.store.put_pending(self.request, credentials.to_json())

    def promote(self, current: str) -> None:
        """Move AWSCURRENT off the version that it is on; see `SecretStore.promote`."""
        self.parts.store.promote(self.request, current)

    def connect(self, user: Credentials) -> AbstractContextManager[Session]:
        """Log in; see `Engine.connect`."""
        return self.parts.engine.connect(user, self.deadline)

    def check(self, current: Credentials) -> None:
        """Find everything about AWSCURRENT that is wrong whatever the database says.

        Raises:
            RotationError: there is something; the message says what to do.
        """
        refuse_proxy(current)
        if current.superuser_arn is not None or self.strategy.superuser_required:
            self.parts.superusers.require_listed(current, self.request.secret_arn)

    def successor(self, current: Credentials) -> Credentials:
        """A value for AWSPENDING that follows on AWSCURRENT, with a new password."""
        return current.with_login(self._pending_username(current), self.parts.settings.password_policy.draw())

    def require_successor(self, pending: Credentials, current: Credentials) -> None:
        """Stop where AWSPENDING is not what createSecret would have made of AWSCURRENT, but for the password.

        Raises:
            LabelConflictError: it is a copy.
            UnsafeRotationError: it is for another server or user.
        """
        self.refuse_copy(pending, current)
        remedy = f"Remove the label AWSPENDING: {self.anew()}"
        if not (pending.same_server(current) and pending.same_certified_name(current)):
            raise UnsafeRotationError(
                f"{pending.secret} names another host, port or tlsname than {current.secret}. {remedy}"
            )
        expected = self.strategy.pending_username(current)
        if pending.username != expected:
            raise UnsafeRotationError(
                f"Key 'username' of {pending.secret} is not {expected}, which follows {current.username}. {remedy}"
            )

    def refuse_copy(self, pending: Credentials, current: Credentials) -> None:
        """Stop where a rotation would end with the password that it began with.

        Raises:
            LabelConflictError: it would; the message has the commands that begin anew.
        """
        if pending.same_login(current):
            raise LabelConflictError(
                f"{pending.secret} has the user name and the password of {current.secret}: nothing would be rotated. "
                "A test of the rotation that was cut off leaves that, or somebody put the one where the other is. "
                f"Begin anew: {self.anew()}"
            )

    def change(self, current: Credentials, pending: Credentials, secret: str, labels_read_at: float) -> PasswordChange:
        """What the strategy is to do, with everything that it may need for that.

        Args:
            current: AWSCURRENT.
            pending: what is to follow on it.
            secret: the name of the secret that is being rotated.
            labels_read_at: when its labels were read, by the clock of `Patience`.

        Raises:
            RotationError: the superuser's secret cannot be read, or is not for this server.
        """
        superuser = self._superuser(current, secret)
        return PasswordChange(
            current=current,
            pending=pending,
            older=self._older_versions(current),
            logins=self._logins(superuser),
            claim=Claim(labels_read_at, lambda: self._is_still_pending(current), self.patience),
            superuser=superuser,
        )

    def _pending_username(self, current: Credentials) -> str:
        parts = self.parts
        return next_username(parts.strategy, parts.engine, parts.settings.username_limit, current)

    def _superuser(self, current: Credentials, secret: str) -> Superuser | None:
        if current.superuser_arn is None:
            return None
        credentials = self.parts.superusers.find(current, self.request.secret_arn)
        return Superuser(secret, credentials, self.parts.engine, self.deadline)

    def _older_versions(self, current: Credentials) -> OlderVersions:
        parts = self.parts
        return OlderVersions(parts.store, self.request.secret_arn, parts.engine.secret_format, current, self.deadline)

    def _logins(self, superuser: Superuser | None) -> Logins:
        """Logins as the user; where a superuser takes part, at its host, since that is where it acts.

        The secret's own host may be a replica of it, which may be behind, or have accounts that its source has not.
        """

        def connect(user: Credentials) -> AbstractContextManager[Session]:
            if superuser is not None and not user.same_server(superuser.credentials):
                place = superuser.credentials
                user = replace(user, host=place.host, port=place.port, tlsname=place.tlsname)
            return self.connect(user)

        return Logins(connect)

    def _is_still_pending(self, current: Credentials) -> bool:
        """Make sure that the token is still AWSPENDING, and AWSCURRENT what it was when setSecret began.

        Returns:
            False where the token has become AWSCURRENT meanwhile, so that nothing is left to do.

        Raises:
            LabelConflictError: the token is neither, or AWSCURRENT is another login.
        """
        now = self.reader.current_to_act_on()
        if now is not None and not now.credentials.same_login(current):
            raise LabelConflictError(
                f"AWSCURRENT of {self.request.secret_arn} is another version than setSecret began with: "
                "Secrets Manager was behind, or somebody moved the label. "
                "Nothing was set; the next attempt reads it anew."
            )
        return now is not None
