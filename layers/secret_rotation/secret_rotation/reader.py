"""Reads the secret that is being rotated: its labels, AWSCURRENT and AWSPENDING, as far as a step may act on them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from secret_rotation.commands import secrets_manager
from secret_rotation.credentials import Credentials, SecretFormat
from secret_rotation.errors import InvalidSecretError, LabelConflictError, VersionUnavailableError
from secret_rotation.labels import AWSCURRENT, AWSPENDING, AWSPREVIOUS, Labels, Verdict, clear_pending, judge
from secret_rotation.patience import Patience
from secret_rotation.request import RotationRequest
from secret_rotation.store import SecretStore, StoredVersion

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Current:
    """AWSCURRENT: which version it is, and what that holds."""

    version_id: str
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class SecretReader:
    """Reads the secret of one request.

    Reads may lag behind writes. What contradicts the request is therefore read again a few times before it is believed,
    but for `labels`, `current`, `previous` and `promoted`, which are for whoever settles more than one read.

    Every method raises SecretStoreError where a call fails, and InvalidSecretError where a value is wrong.
    """

    store: SecretStore
    request: RotationRequest
    expected: SecretFormat
    patience: Patience

    def labels(self) -> Labels:
        """The labels as they are said to be now. One DescribeSecret.

        Raises:
            InvalidSecretError: rotation is not enabled for the secret.
        """
        description = self.store.describe(self.request.secret_arn)
        if not description.rotation_enabled:
            enable = secrets_manager(
                "RotateSecret",
                self.request.secret_arn,
                RotationLambdaARN="FUNCTION",
                RotationRules={"AutomaticallyAfterDays": 30},
            )
            raise InvalidSecretError(
                f"Rotation is not enabled for {self.request.secret_arn}. "
                f"Enable it, with the ARN of the function for FUNCTION: {enable}"
            )
        return description.labels

    def current_to_act_on(self) -> Current | None:
        """AWSCURRENT by the version that DescribeSecret names, so never as it was before the label moved.

        Returns:
            None where the token is AWSCURRENT already, so that the step is done.

        Raises:
            LabelConflictError: the token is not AWSPENDING, or AWSCURRENT cannot be read yet.
        """
        labels = self._labels_to_act_on()
        return None if labels is None else self.settled(lambda: self._current_version(labels.current))

    def current(self) -> Current:
        """AWSCURRENT by its label, which may lag behind. One GetSecretValue."""
        return self._as_current(self.store.read(self.request.secret_arn, stage=AWSCURRENT))

    def previous(self) -> Credentials:
        """AWSPREVIOUS by its label. One GetSecretValue."""
        return self.credentials(self.store.read(self.request.secret_arn, stage=AWSPREVIOUS), AWSPREVIOUS)

    def promoted(self) -> Credentials | None:
        """The token's version where it is AWSCURRENT. One GetSecretValue.

        Returns:
            None where it is not, or has no value, or one that `pending` refuses.
        """
        try:
            stored = self.store.read(self.request.secret_arn, version_id=self.request.token)
        except (VersionUnavailableError, InvalidSecretError):
            return None
        return self._as_current(stored).credentials if AWSCURRENT in stored.stages else None

    def pending(self) -> StoredVersion | None:
        """AWSPENDING, which must be the token's. One GetSecretValue, where nothing lags.

        Returns:
            None where the token is AWSCURRENT already, so that the step is done.

        Raises:
            LabelConflictError: the token is not AWSPENDING, or has no value yet.
        """
        return self.settled(self._pending)

    def credentials(self, stored: StoredVersion, stage: str) -> Credentials:
        """What a version holds; `stage` is how messages call it."""
        try:
            return Credentials.parse(stored.text, f"{self.request.secret_arn} ({stage})", self.expected)
        except InvalidSecretError as error:
            raise self._with_remedy(error) if stage == AWSPENDING else error from None

    def settled(self, read: Callable[[], Found]) -> Found:
        """What `read` finds, given a few seconds to agree with what was written.

        Raises:
            LabelConflictError: by `read`, when even its last attempt contradicts what was written.
        """
        for delay in self.patience.settle_seconds:
            try:
                return read()
            except LabelConflictError:
                self.patience.sleep(delay)
        return read()

    def _labels_to_act_on(self) -> Labels | None:
        def read() -> Labels | None:
            labels = self.labels()
            return labels if judge(self.request.step, labels, self.request.token) is Verdict.ACT else None

        return self.settled(read)

    def _current_version(self, version_id: str) -> Current:
        try:
            stored = self.store.read(self.request.secret_arn, stage=AWSCURRENT, version_id=version_id)
        except VersionUnavailableError:
            raise LabelConflictError(
                f"Version {version_id} of {self.request.secret_arn} is AWSCURRENT, but cannot be read as that yet. "
                "Secrets Manager tries again by itself."
            ) from None
        return self._as_current(stored)

    def _as_current(self, stored: StoredVersion) -> Current:
        return Current(stored.version_id, self.credentials(stored, AWSCURRENT))

    def _pending(self) -> StoredVersion | None:
        request = self.request
        try:
            stored = self.store.read(request.secret_arn, stage=AWSPENDING, version_id=request.token)
        except VersionUnavailableError:
            if judge(request.step, self.labels(), request.token) is Verdict.ALREADY_DONE:
                return None
            raise LabelConflictError(
                f"Version {request.token} of {request.secret_arn} is AWSPENDING but has no value: "
                "createSecret has not succeeded for it. "
                f"Rotate again: {secrets_manager('RotateSecret', request.secret_arn)}"
            ) from None
        except InvalidSecretError as error:
            raise self._with_remedy(error) from None
        return None if AWSCURRENT in stored.stages else stored

    def _with_remedy(self, error: InvalidSecretError) -> InvalidSecretError:
        """What is wrong with AWSPENDING, with the way out: the value of a version cannot be mended."""
        return error.told(after=f" Begin anew: {clear_pending(self.request.secret_arn, self.request.token)}")
