"""The four steps of a rotation.

    createSecret  DescribeSecret -> judge -> AWSCURRENT -> checks -> new password -> PutSecretValue AWSPENDING
    setSecret     AWSPENDING, AWSCURRENT (, superuser's secret) -> checks -> strategy -> database
    testSecret    AWSPENDING -> database
    finishSecret  DescribeSecret -> judge -> UpdateSecretVersionStage

Every step may run any number of times, in any state that an earlier, partial run left.
Source: Secrets Manager User Guide, "Lambda rotation functions".
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from secret_rotation.deadline import Deadline
from secret_rotation.engine import Engine
from secret_rotation.errors import InvalidSecretError, LabelConflictError, UnsafeRotationError, VersionUnavailableError
from secret_rotation.labels import AWSCURRENT, AWSPENDING, Labels, Verdict, judge
from secret_rotation.model import Credentials, RotationRequest, Step, refuse_proxy, require_superuser_arn
from secret_rotation.secret import SecretStore, StoredVersion
from secret_rotation.settings import Settings
from secret_rotation.strategy import PasswordChange, Strategy, claim
from secret_rotation.superuser import SuperuserFinder
from secret_rotation.versions import OlderVersions

_log = logging.getLogger(__name__)

Found = TypeVar("Found")

SETTLE_DELAYS_SECONDS = (0.2, 0.4, 0.8, 1.6)
"""Waits before a read that contradicts what was written is believed: reads may lag a write by a second or two."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What all rotations of one Lambda environment share."""

    store: SecretStore
    superusers: SuperuserFinder
    engine: Engine
    strategy: Strategy
    settings: Settings


@dataclass(frozen=True, slots=True)
class Rotation:
    """One invocation: one step of the rotation of one secret."""

    parts: Parts
    request: RotationRequest
    deadline: Deadline

    def run(self) -> Verdict:
        """Do the step that was asked for, or find it done.

        Raises:
            RotationError: the step stopped; the message says what happened and what to do.
        """
        steps: dict[Step, Callable[[], Verdict]] = {
            Step.CREATE_SECRET: self._create_secret,
            Step.SET_SECRET: self._set_secret,
            Step.TEST_SECRET: self._test_secret,
            Step.FINISH_SECRET: self._finish_secret,
        }
        return steps[self.request.step]()

    def _create_secret(self) -> Verdict:
        """Store a new password as AWSPENDING, once everything is checked that the secret alone can tell."""
        labels = self._labels_to_act_on()
        if labels is None:
            return Verdict.ALREADY_DONE
        current = self._settled(lambda: self._current(labels.current))
        self._check(current)
        pending = current.with_login(self._pending_username(current), self.parts.settings.password_policy.draw())
        if self.parts.store.put_pending(self.request, pending.to_json()):
            return Verdict.ACT
        _log.info("AWSPENDING has a value from an earlier delivery of createSecret; it stays.")
        return Verdict.ALREADY_DONE

    def _set_secret(self) -> Verdict:
        """Make the password of AWSPENDING the database's."""
        labels_read_at = time.monotonic()
        pending = self._pending()
        if pending is None:
            return Verdict.ALREADY_DONE
        current = self._current()
        if pending.username != self.parts.strategy.pending_username(current):
            # The labels may have moved between the two reads, or one of them was behind.
            labels = self._labels_to_act_on()
            if labels is None:
                return Verdict.ALREADY_DONE
            current = self._settled(lambda: self._current(labels.current))
        self._check(current)
        self._require_successor(pending, current)
        self.parts.strategy.set_password(
            PasswordChange(
                current=current,
                pending=pending,
                superuser=self._superuser(current),
                older=OlderVersions(
                    self.parts.store, self.request.secret_arn, self.parts.engine.secret_format, current
                ),
                engine=self.parts.engine,
                deadline=self.deadline,
                labels_read_at=labels_read_at,
                is_still_pending=lambda: self._is_still_pending(current),
            )
        )
        return Verdict.ACT

    def _test_secret(self) -> Verdict:
        """Log in with AWSPENDING, whatever its value: in a dry run it is a copy of AWSCURRENT."""
        pending = self._pending()
        if pending is None:
            return Verdict.ALREADY_DONE
        with self.parts.engine.connect(pending, self.deadline) as session:
            session.verify_identity()
        return Verdict.ACT

    def _finish_secret(self) -> Verdict:
        """Move AWSCURRENT to the token, then end the old password where the deployer wants it gone."""
        labels_read_at = time.monotonic()
        verdict, labels = self._settled(self._promote)
        if self.parts.strategy.discards_old_password(self.parts.engine) and self._is_last_rotation(labels):
            self._discard_old_password(labels_read_at)
        return verdict

    def _promote(self) -> tuple[Verdict, Labels]:
        """Read and decide anew each time: an overlapping delivery may have been faster."""
        labels = self._read_labels()
        verdict = judge(self.request.step, labels, self.request.token)
        if verdict is Verdict.ACT:
            self.parts.store.promote(self.request, labels.current)
        return verdict, labels

    def _discard_old_password(self, labels_read_at: float) -> None:
        stored = self.parts.store.read(self.request.secret_arn, version_id=self.request.token)
        credentials = self._credentials(stored, AWSCURRENT)
        with self.parts.engine.connect(credentials, self.deadline) as session:
            if claim(
                session, credentials.username, labels_read_at, lambda: self._is_last_rotation(self._read_labels())
            ):
                session.discard_old_password()

    def _is_last_rotation(self, labels: Labels) -> bool:
        """Whether no next rotation is under way: what that has set makes AWSCURRENT the old password."""
        return labels.holder(AWSPENDING) in (None, self.request.token)

    def _check(self, current: Credentials) -> None:
        """Everything about AWSCURRENT that is wrong whatever the database says."""
        refuse_proxy(current)
        if current.superuser_arn is not None or self.parts.strategy.superuser_required:
            require_superuser_arn(current, self.request.secret_arn)

    def _pending_username(self, current: Credentials) -> str:
        engine, limit = self.parts.engine, self.parts.settings.username_limit
        username = self.parts.strategy.pending_username(current)
        longest = min(engine.max_username_length, limit or engine.max_username_length)
        if engine.username_length(username) > longest:
            raise InvalidSecretError(
                f"Key 'username' of {current.secret} is too long: the next version's user would have a name of "
                f"{engine.username_length(username)}, and {longest} is the most. Use a shorter user name."
            )
        return username

    def _superuser(self, current: Credentials) -> Credentials | None:
        if current.superuser_arn is None:
            return None
        return self.parts.superusers.find(current, self.request.secret_arn)

    def _require_successor(self, pending: Credentials, current: Credentials) -> None:
        remedy = (
            "Remove the label AWSPENDING (aws secretsmanager update-secret-version-stage --version-stage AWSPENDING "
            f"--remove-from-version-id {self.request.token}) and rotate again."
        )
        if not pending.same_server(current):
            raise UnsafeRotationError(f"{pending.secret} names another host or port than {current.secret}. {remedy}")
        expected = self.parts.strategy.pending_username(current)
        if pending.username != expected:
            raise UnsafeRotationError(
                f"Key 'username' of {pending.secret} is not {expected}, which follows {current.username}. {remedy}"
            )

    def _is_still_pending(self, current: Credentials) -> bool:
        labels = self._labels_to_act_on()
        if labels is None:
            return False
        if self._settled(lambda: self._current(labels.current)).password != current.password:
            raise LabelConflictError(
                f"AWSCURRENT of {self.request.secret_arn} is another version than setSecret began with: Secrets "
                "Manager was behind, or somebody moved the label. Nothing was set; the next attempt reads it anew."
            )
        return True

    def _current(self, version_id: str | None = None) -> Credentials:
        """AWSCURRENT; given the version that DescribeSecret names, never as it was before the label moved."""
        try:
            stored = self.parts.store.read(self.request.secret_arn, stage=AWSCURRENT, version_id=version_id)
        except VersionUnavailableError:
            if version_id is None:
                raise
            raise LabelConflictError(
                f"Version {version_id} of {self.request.secret_arn} is AWSCURRENT, but cannot be read as that yet. "
                "Secrets Manager tries again by itself."
            ) from None
        return self._credentials(stored, AWSCURRENT)

    def _pending(self) -> Credentials | None:
        """AWSPENDING, which must be the token's; None where the token is AWSCURRENT, so that nothing is left to do."""
        stored = self._settled(self._read_pending)
        return None if stored is None else self._credentials(stored, AWSPENDING)

    def _read_pending(self) -> StoredVersion | None:
        request = self.request
        try:
            stored = self.parts.store.read(request.secret_arn, stage=AWSPENDING, version_id=request.token)
        except VersionUnavailableError:
            if judge(request.step, self._read_labels(), request.token) is Verdict.ALREADY_DONE:
                return None
            raise LabelConflictError(
                f"Version {request.token} of {request.secret_arn} is AWSPENDING but has no value: createSecret "
                "has not succeeded for it. "
                "Rotate again (aws secretsmanager rotate-secret)."
            ) from None
        return None if AWSCURRENT in stored.stages else stored

    def _credentials(self, stored: StoredVersion, stage: str) -> Credentials:
        return Credentials.parse(stored.text, f"{self.request.secret_arn} ({stage})", self.parts.engine.secret_format)

    def _labels_to_act_on(self) -> Labels | None:
        """The labels, or None where the token is AWSCURRENT already."""

        def read() -> Labels | None:
            labels = self._read_labels()
            return labels if judge(self.request.step, labels, self.request.token) is Verdict.ACT else None

        return self._settled(read)

    def _read_labels(self) -> Labels:
        description = self.parts.store.describe(self.request.secret_arn)
        if not description.rotation_enabled:
            raise InvalidSecretError(
                f"Rotation is not enabled for {self.request.secret_arn}. Enable it: "
                "aws secretsmanager rotate-secret --rotation-lambda-arn FUNCTION --rotation-rules "
                "AutomaticallyAfterDays=30"
            )
        return description.labels

    def _settled(self, read: Callable[[], Found]) -> Found:
        """What `read` finds, given a few seconds to agree with what was written."""
        for delay in SETTLE_DELAYS_SECONDS:
            try:
                return read()
            except LabelConflictError:
                time.sleep(delay)
        return read()
