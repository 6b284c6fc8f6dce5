"""moto's Secrets Manager with AWS's rules put back: the state, and every access to it."""

import copy
import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from moto.secretsmanager.exceptions import InvalidRequestException, ResourceExistsException, SecretNotFoundException
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

from lab.cloud import ACCOUNT, REGION, AwsError
from lab.secretsmanager import versions as rules_of
from lab.secretsmanager.errors import invalid_request, not_found, resource_exists
from lab.secretsmanager.rules import RotationRules
from lab.secretsmanager.store import IndexedSecrets
from lab.secretsmanager.versions import CURRENT, Version, Versions

HISTORY_LENGTH = 200  # states a secret's lagging reads can go back


@dataclass
class Rotation:
    """What is known of a secret's rotation, from its first RotateSecret on.

    Attributes:
        pending_token: the client request token of the rotation that is not complete.
        token: this rotation's RotationToken.
    """

    function_arn: str
    enabled: bool = True
    rules: RotationRules | None = None
    last_rotated: datetime | None = None
    next_rotation: datetime | None = None
    pending_token: str | None = None
    token: str = field(default_factory=lambda: str(uuid.uuid4()), repr=False)

    def description(self) -> dict[str, object]:
        """DescribeSecret's members about rotation."""
        dates = {"LastRotatedDate": self.last_rotated, "NextRotationDate": self.next_rotation}
        return {
            "RotationEnabled": self.enabled,
            "RotationLambdaARN": self.function_arn,
            **({"RotationRules": dict(self.rules.given)} if self.rules else {}),
            **{name: moment.timestamp() for name, moment in dates.items() if moment},
        }


class StrictBackend(SecretsManagerBackend):
    """One account and region. Take `lock` around whatever reads and then writes."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(REGION, ACCOUNT)
        self.secrets = IndexedSecrets()
        self.now = now
        self.lock = threading.RLock()
        self.settled = threading.Condition(self.lock)  # told whenever a rotation has ended
        self.rotations: dict[str, Rotation] = {}
        self._history: dict[str, deque[tuple[float, Versions]]] = defaultdict(lambda: deque(maxlen=HISTORY_LENGTH))

    def find(self, secret_id: str, *, or_deleted: bool = False) -> FakeSecret:
        """The secret of that name or ARN.

        Raises:
            AwsError: ResourceNotFoundException; InvalidRequestException when it is marked for deletion, which
                `or_deleted` allows.
        """
        secret = self.secrets.get(secret_id)
        if not isinstance(secret, FakeSecret):
            raise not_found("secret.")
        if secret.is_deleted() and not or_deleted:
            raise invalid_request("You can't perform this operation on the secret because it was marked for deletion.")
        return secret

    def arn_of(self, secret_id: object) -> str | None:
        secret = self.secrets.get(secret_id) if isinstance(secret_id, str) else None
        return secret.arn if secret else None

    def versions(self, secret: FakeSecret, lag_seconds: float = 0.0) -> Versions:
        """The secret's versions: the live ones, or a copy as they were so many seconds ago."""
        if lag_seconds:
            before = time.monotonic() - lag_seconds
            states = [state for moment, state in self._history[secret.arn] if moment <= before]
            return states[-1] if states else {}
        return cast("Versions", secret.versions)

    def labels(self, secret: FakeSecret) -> dict[str, set[str]]:
        """The staging labels of every labelled version, by version id."""
        with self.lock:
            return {version_id: set(labels) for version_id, labels in rules_of.labelled(self.versions(secret)).items()}

    def _check_with_existing_secrets_and_versions(
        self,
        secret_name: str,
        client_request_token: str | None,
        secret_string: str | None,
        secret_binary: str | None,
        on_create: bool = False,  # noqa: FBT001, FBT002, ARG002 - moto's signature
    ) -> FakeSecret | None:
        """CreateSecret under a name that is taken: the same request again, or an error."""
        existing = self.secrets.get(secret_name)
        if not isinstance(existing, FakeSecret):
            return None
        if existing.is_deleted():
            raise InvalidRequestException(
                "You can't create this secret because a secret with this name is already scheduled for deletion."
            )
        version = self.versions(existing).get(client_request_token or "")
        if version is None:
            raise ResourceExistsException(f"The operation failed because the secret {secret_name} already exists.")
        asked = {"secret_string": secret_string, "secret_binary": secret_binary}
        self._require_same_value(existing, version, cast("Version", asked))
        return existing

    def get_secret_value(self, secret_id: str, version_id: str, version_stage: str) -> dict[str, object]:
        """What moto's BatchGetSecretValue asks for one secret."""
        try:
            secret = self.find(secret_id)
            return self.value_answer(secret, self.versions(secret), version_id or None, version_stage or None)
        except AwsError as error:  # moto lists its own errors in the answer
            if error.code == "ResourceNotFoundException":
                raise SecretNotFoundException from error
            raise InvalidRequestException(error.message) from error

    def changed(self, secret: FakeSecret) -> None:
        """Note a change of the versions: reads that lag will see it later."""
        secret.last_changed_date = int(self.now().timestamp())
        self._history[secret.arn].append((time.monotonic(), copy.deepcopy(self.versions(secret))))

    def value(self, versions: Versions, version_id: str | None, stage: str | None) -> Version:
        """The version that GetSecretValue means.

        Raises:
            AwsError: ResourceNotFoundException for an unknown version, label or a version without a value;
                InvalidRequestException for a version that does not carry the label.
        """
        wanted = version_id or rules_of.holder(versions, stage or CURRENT)
        named = f"VersionId: {version_id}" if version_id else f"staging label: {stage or CURRENT}"
        if wanted is None or wanted not in versions:
            raise not_found(f"secret value for {named}")
        version = versions[wanted]
        if stage and stage not in version["version_stages"]:
            raise invalid_request("You provided a VersionStage that is not associated to the provided VersionId.")
        if not rules_of.has_value(version):
            raise not_found(f"secret value for {named}")
        return version

    def value_answer(
        self, secret: FakeSecret, versions: Versions, version_id: str | None, stage: str | None
    ) -> dict[str, object]:
        """GetSecretValue's answer; see `value`."""
        version = self.value(versions, version_id, stage)
        text = {"SecretString": version["secret_string"]} if "secret_string" in version else {}
        binary = {"SecretBinary": version["secret_binary"]} if "secret_binary" in version else {}
        return {
            "ARN": secret.arn,
            "Name": secret.name,
            "VersionId": version["version_id"],
            "VersionStages": version["version_stages"],
            "CreatedDate": version["createdate"],
            **text,
            **binary,
        }

    def put(self, secret: FakeSecret, version_id: str, value: Version, stages: list[str]) -> bool:
        """Store a value under a version id and attach the labels; False when the same value was there already.

        Raises:
            AwsError: ResourceExistsException when the version holds another value; LimitExceededException.
        """
        versions = self.versions(secret)
        existing = versions.get(version_id)
        if existing and rules_of.has_value(existing):
            return self._require_same_value(secret, existing, value)
        is_first = not any(rules_of.has_value(version) for version in versions.values())
        labels = dict.fromkeys([*stages, *([CURRENT] if is_first else [])])
        rules_of.require_free_labels(versions, labels)
        if existing is None:
            self.add_empty_version(secret, version_id)
        versions[version_id].update(value)
        for label in labels:
            rules_of.attach(versions, label, version_id)
        self.changed(secret)
        return True

    def add_empty_version(self, secret: FakeSecret, version_id: str) -> None:
        """Make a version that has no value and no label yet."""
        versions = self.versions(secret)
        rules_of.require_room(versions, self.now().timestamp())
        versions[version_id] = Version(version_id=version_id, createdate=self.now().timestamp(), version_stages=[])

    def _require_same_value(self, secret: FakeSecret, existing: Version, value: Version) -> bool:
        same = all(existing.get(key) == value.get(key) for key in ("secret_string", "secret_binary"))
        if not same:
            raise resource_exists(
                f"You can't use ClientRequestToken {existing['version_id']} because that value is already in use for a "
                f"version of secret {secret.arn}."
            )
        return False
