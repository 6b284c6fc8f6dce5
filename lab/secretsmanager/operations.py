"""The operations on secrets and their versions, by AWS's rules; what moto does right is left to moto."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.secretsmanager.models import FakeSecret

from lab.secretsmanager import moto_operations
from lab.secretsmanager import versions as rules_of
from lab.secretsmanager.backend import StrictBackend
from lab.secretsmanager.errors import access_denied, invalid_parameter, invalid_request, validation
from lab.secretsmanager.rotation_service import RotationService
from lab.secretsmanager.versions import CURRENT, PENDING, Version

Parameters = Mapping[str, Any]
Answer = dict[str, Any]
MAX_VALUE_BYTES = 65_536
MAX_RESULTS = 100


@dataclass
class Variations:
    """Where AWS was seen, or documents itself, to behave in either way: a test may choose.

    Attributes:
        pending_leaves_with_current: moving AWSCURRENT to the version that carries AWSPENDING takes AWSPENDING off it.
        list_omits_pending: ListSecretVersionIds leaves out the AWSPENDING version.
    """

    pending_leaves_with_current: bool = False
    list_omits_pending: bool = False

    def clear(self) -> None:
        self.pending_leaves_with_current = self.list_omits_pending = False


class SecretOperations:
    """One method an operation: it takes the request's parameters and gives the answer's members."""

    def __init__(
        self, backend: StrictBackend, service: RotationService, variations: Variations, needs_rotation_token: set[str]
    ) -> None:
        self._backend = backend
        self._service = service
        self._variations = variations
        self._needs_rotation_token = needs_rotation_token

    def create_secret(self, parameters: Parameters) -> Answer:
        """CreateSecret: moto's, with the quota on the value's size, and by our clock."""
        if "SecretString" in parameters or "SecretBinary" in parameters:
            _value(parameters)
        answer = moto_operations.call(self._backend, "CreateSecret", parameters)
        secret = self._backend.find(answer["ARN"])
        for version in self._backend.versions(secret).values():
            version["createdate"] = self._backend.now().timestamp()
        self._backend.changed(secret)
        return answer

    def describe_secret(self, parameters: Parameters, lag_seconds: float = 0.0) -> Answer:
        """DescribeSecret: the labelled versions only, and of rotation only what was configured."""
        secret = self._backend.find(parameters["SecretId"], or_deleted=True)
        return self._description(secret, "VersionIdsToStages", lag_seconds)

    def list_secrets(self, parameters: Parameters) -> Answer:
        """ListSecrets: moto's filters and pages, each entry as `describe_secret` has it."""
        answer = moto_operations.call(self._backend, "ListSecrets", parameters)
        entries = (self._backend.find(entry["ARN"], or_deleted=True) for entry in answer["SecretList"])
        answer["SecretList"] = [self._description(secret, "SecretVersionsToStages") for secret in entries]
        return {key: value for key, value in answer.items() if value is not None}

    def get_secret_value(self, parameters: Parameters, lag_seconds: float = 0.0) -> Answer:
        """GetSecretValue: by version id, by label, or both, which must then belong together."""
        secret = self._backend.find(parameters["SecretId"])
        versions = self._backend.versions(secret, lag_seconds)
        return self._backend.value_answer(secret, versions, parameters.get("VersionId"), parameters.get("VersionStage"))

    def list_secret_version_ids(self, parameters: Parameters, lag_seconds: float = 0.0) -> Answer:
        """ListSecretVersionIds: versions with a value, newest first; those without a label with IncludeDeprecated."""
        secret = self._backend.find(parameters["SecretId"])
        versions = self._backend.versions(secret, lag_seconds).values()
        shown = [v for v in versions if self._is_listed(v, deprecated=bool(parameters.get("IncludeDeprecated")))]
        shown.sort(key=lambda version: version["createdate"], reverse=True)
        start = int(parameters.get("NextToken") or 0)
        end = start + int(parameters.get("MaxResults") or MAX_RESULTS)
        page = [_listed(version) for version in shown[start:end]]
        more = {"NextToken": str(end)} if end < len(shown) else {}
        return {"ARN": secret.arn, "Name": secret.name, "Versions": page, **more}

    def put_secret_value(self, parameters: Parameters) -> Answer:
        """PutSecretValue: a new version, or the value of the one that RotateSecret made."""
        secret = self._backend.find(parameters["SecretId"])
        stages = parameters.get("VersionStages") or [CURRENT]
        version_id = self._put(secret, parameters, stages)
        labels = self._backend.versions(secret)[version_id]["version_stages"]
        return {"ARN": secret.arn, "Name": secret.name, "VersionId": version_id, "VersionStages": labels}

    def update_secret(self, parameters: Parameters) -> Answer:
        """UpdateSecret: the description and key, and a new AWSCURRENT version where a value is given."""
        secret = self._backend.find(parameters["SecretId"])
        answer = {"ARN": secret.arn, "Name": secret.name}
        if "SecretString" in parameters or "SecretBinary" in parameters:
            answer["VersionId"] = self._put(secret, parameters, [CURRENT])
        secret.description = parameters.get("Description", secret.description)
        secret.kms_key_id = parameters.get("KmsKeyId", secret.kms_key_id)
        return answer

    def update_secret_version_stage(self, parameters: Parameters) -> Answer:
        """UpdateSecretVersionStage: move, attach or remove one label."""
        secret = self._backend.find(parameters["SecretId"])
        versions = self._backend.versions(secret)
        label, to = parameters["VersionStage"], parameters.get("MoveToVersionId")
        rules_of.move(versions, label, to, parameters.get("RemoveFromVersionId"))
        if (
            label == CURRENT
            and self._variations.pending_leaves_with_current
            and rules_of.holder(versions, PENDING) == to
        ):
            rules_of.detach(versions, PENDING)
        self._backend.changed(secret)
        self._service.abandon_if_pending_is_gone(secret)
        return {"ARN": secret.arn, "Name": secret.name}

    def _put(self, secret: FakeSecret, parameters: Parameters, stages: list[str]) -> str:
        version_id = parameters.get("ClientRequestToken") or str(uuid.uuid4())
        rotation = self._backend.rotations.get(secret.arn)
        by_rotation = rotation is not None and rotation.pending_token == version_id
        if rotation and by_rotation and secret.arn in self._needs_rotation_token:
            _require_rotation_token(rotation.token, parameters.get("RotationToken"))
        is_new = self._backend.put(secret, version_id, _value(parameters), stages)
        if is_new and rotation and not by_rotation:
            self._end_rotation(secret, rotation.pending_token)
        return version_id

    def _end_rotation(self, secret: FakeSecret, pending_token: str | None) -> None:
        versions = self._backend.versions(secret)
        if pending_token and rules_of.holder(versions, PENDING) == pending_token:
            rules_of.detach(versions, PENDING)
            self._backend.changed(secret)
        self._service.abandon_if_pending_is_gone(secret)

    def _is_listed(self, version: Version, *, deprecated: bool) -> bool:
        labels = version["version_stages"]
        hidden = self._variations.list_omits_pending and PENDING in labels and CURRENT not in labels
        return rules_of.has_value(version) and (bool(labels) or deprecated) and not hidden

    def _description(self, secret: FakeSecret, versions_key: str, lag_seconds: float = 0.0) -> Answer:
        known = secret.to_dict()
        versions = self._backend.versions(secret, lag_seconds)
        members = ("ARN", "Name", "Description", "KmsKeyId", "Tags", "OwningService", "LastChangedDate", "CreatedDate")
        answer = {key: known[key] for key in (*members, "DeletedDate") if known.get(key) is not None}
        if labels := rules_of.labelled(versions):
            answer[versions_key] = labels
        rotation = self._backend.rotations.get(secret.arn)
        return answer | (rotation.description() if rotation else {})


def _value(parameters: Parameters) -> Version:
    text, binary = parameters.get("SecretString"), parameters.get("SecretBinary")
    if text is not None and binary is not None:
        raise invalid_parameter("You can't specify both a binary secret value and a string secret value.")
    if text is not None:
        _require_size(len(text.encode()))
        return Version(secret_string=text)
    if binary is None:
        raise invalid_request("You must provide either SecretString or SecretBinary.")
    _require_size(len(base64.b64decode(binary)))
    return Version(secret_binary=binary)


def _require_size(size_bytes: int) -> None:
    if size_bytes > MAX_VALUE_BYTES:
        raise validation(f"The value has {size_bytes} bytes; {MAX_VALUE_BYTES} is the most.")


def _require_rotation_token(expected: str, given: str | None) -> None:
    if given != expected:
        raise access_denied(f"The RotationToken is {'wrong' if given else 'missing'}: this rotation needs it.")


def _listed(version: Version) -> Answer:
    labels = {"VersionStages": version["version_stages"]} if version["version_stages"] else {}
    return {"VersionId": version["version_id"], "CreatedDate": version["createdate"], **labels}
