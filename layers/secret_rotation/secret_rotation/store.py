"""The secret in Secrets Manager: the only caller of that service."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from secret_rotation.aws_errors import deleted, explained
from secret_rotation.commands import secrets_manager
from secret_rotation.errors import InvalidSecretError, LabelConflictError, SecretStoreError
from secret_rotation.labels import AWSCURRENT, AWSPENDING, Labels
from secret_rotation.request import RotationRequest

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import SecretListEntryTypeDef, SecretVersionsListEntryTypeDef

_PAGE_SIZE = 100

# The answers where RemoveFromVersionId no longer carries the label.
_LABEL_MOVED = frozenset({"InvalidParameterException", "InvalidRequestException"})


@dataclass(frozen=True, slots=True)
class Description:
    """What DescribeSecret tells of a secret: no value.

    Attributes:
        function_arn: of the function that rotates it; None where there never was one.
    """

    rotation_enabled: bool
    labels: Labels
    tags: Mapping[str, str]
    function_arn: str | None


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version of a secret with its value.

    Attributes:
        arn: the complete ARN of the secret, however the secret was asked for.
        text: the value.
        stages: the labels of the version.
        created: when the version was made.
    """

    arn: str
    text: str = field(repr=False)
    stages: frozenset[str]
    version_id: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """What ListSecrets tells of a secret, up to five minutes late.

    Source: Secrets Manager API Reference, ListSecrets, SecretListEntry.
    """

    arn: str
    labels: Labels
    rotation_enabled: bool
    function_arn: str | None
    last_changed: datetime | None
    last_rotated: datetime | None
    next_rotation: datetime | None


class SecretStore:
    """Reads and writes secrets, with every failure turned into an error that says what to do.

    Every method raises SecretStoreError where the call fails.
    """

    def __init__(self, client: "SecretsManagerClient") -> None:
        self._client = client

    def describe(self, secret_id: str) -> Description:
        """Labels and rotation settings of a secret. One DescribeSecret."""
        with explained("DescribeSecret", secret_id):
            answer = self._client.describe_secret(SecretId=secret_id)
        is_deleted = bool(answer.get("DeletedDate"))
        if is_deleted:
            raise deleted(f"The rotation of {secret_id}", secret_id)
        stages = {version: frozenset(labels) for version, labels in answer.get("VersionIdsToStages", {}).items()}
        tags = {tag.get("Key", ""): tag.get("Value", "") for tag in answer.get("Tags", [])}
        # RotationEnabled is absent where rotation was never configured.
        is_enabled = answer.get("RotationEnabled", False)
        return Description(is_enabled, Labels(secret_id, stages), tags, answer.get("RotationLambdaARN"))

    def read(self, secret_id: str, *, stage: str | None = None, version_id: str | None = None) -> StoredVersion:
        """A version's value, by label, by version id, or by both, which must agree. One GetSecretValue.

        Raises:
            VersionUnavailableError: the version does not have that label, or has no value.
            InvalidSecretError: the value is binary.
        """
        which: dict[str, Any] = {}
        if stage is not None:
            which["VersionStage"] = stage
        if version_id is not None:
            which["VersionId"] = version_id
        with explained("GetSecretValue", secret_id, version=" ".join(which.values())):
            answer = self._client.get_secret_value(SecretId=secret_id, **which)
        text = answer.get("SecretString")
        if text is None:
            raise InvalidSecretError(
                f"{secret_id} ({' '.join(which.values())}) is binary. Store it as text: a JSON object."
            )
        stages = frozenset(answer.get("VersionStages", []))
        return StoredVersion(answer["ARN"], text, stages, answer["VersionId"], answer["CreatedDate"])

    def all_secrets(self) -> Iterator[Listed]:
        """All secrets of the account and region that are not to be deleted. One ListSecrets for every 100."""
        page: dict[str, Any] = {}
        while True:
            with explained("ListSecrets", "all secrets"):
                answer = self._client.list_secrets(MaxResults=_PAGE_SIZE, **page)
            yield from map(_listed, answer["SecretList"])
            if not answer.get("NextToken"):
                return
            page = {"NextToken": answer["NextToken"]}

    def put_pending(self, request: RotationRequest, text: str) -> bool:
        """Store the value of AWSPENDING under the token. One PutSecretValue.

        Returns:
            False where the token has another value already: an earlier delivery of the step put it there, and it stays.
        """
        proof = {"RotationToken": request.rotation_token} if request.rotation_token is not None else {}
        try:
            with explained("PutSecretValue", request.secret_arn):
                self._client.put_secret_value(
                    SecretId=request.secret_arn,
                    ClientRequestToken=request.token,
                    SecretString=text,
                    VersionStages=[AWSPENDING],
                    **proof,
                )
        except SecretStoreError as error:
            if error.code == "ResourceExistsException":
                return False
            raise
        return True

    def promote(self, request: RotationRequest, from_version: str) -> None:
        """Move AWSCURRENT to the token; AWSPREVIOUS follows by itself. One UpdateSecretVersionStage.

        AWSPENDING is left alone: Secrets Manager removes it, or leaves it on what is now AWSCURRENT; both are success.

        Raises:
            LabelConflictError: AWSCURRENT is no longer on `from_version`.
        """
        try:
            with explained("UpdateSecretVersionStage", request.secret_arn):
                self._client.update_secret_version_stage(
                    SecretId=request.secret_arn,
                    VersionStage=AWSCURRENT,
                    MoveToVersionId=request.token,
                    RemoveFromVersionId=from_version,
                )
        except SecretStoreError as error:
            if error.code in _LABEL_MOVED:
                raise LabelConflictError(
                    f"AWSCURRENT of {request.secret_arn} left version {from_version} while {request.step} ran, "
                    "so nothing was moved. "
                    f"Rotate again: {secrets_manager('RotateSecret', request.secret_arn)}"
                ) from None
            raise

    def unlabelled_versions(self, secret_id: str) -> tuple[list[str], list[str]]:
        """The versions that carry no label any more. One ListSecretVersionIds for every 100 versions.

        Returns:
            Those made since AWSCURRENT and those from before it, each newest first.
        """
        versions = sorted(self._versions(secret_id), key=lambda v: v["CreatedDate"], reverse=True)
        since = min((v["CreatedDate"] for v in versions if AWSCURRENT in v.get("VersionStages", [])), default=None)
        unlabelled = [v for v in versions if not v.get("VersionStages")]
        newer = [v["VersionId"] for v in unlabelled if since is None or v["CreatedDate"] >= since]
        return newer, [v["VersionId"] for v in unlabelled[len(newer) :]]

    def _versions(self, secret_id: str) -> Iterator["SecretVersionsListEntryTypeDef"]:
        page: dict[str, Any] = {}
        while True:
            with explained("ListSecretVersionIds", secret_id):
                answer = self._client.list_secret_version_ids(SecretId=secret_id, IncludeDeprecated=True, **page)
            yield from answer["Versions"]
            if not answer.get("NextToken"):
                return
            page = {"NextToken": answer["NextToken"]}


def _listed(entry: "SecretListEntryTypeDef") -> Listed:
    stages = {version: frozenset(labels) for version, labels in entry.get("SecretVersionsToStages", {}).items()}
    return Listed(
        arn=entry["ARN"],
        labels=Labels(entry["ARN"], stages),
        rotation_enabled=entry.get("RotationEnabled", False),
        function_arn=entry.get("RotationLambdaARN"),
        last_changed=entry.get("LastChangedDate"),
        last_rotated=entry.get("LastRotatedDate"),
        next_rotation=entry.get("NextRotationDate"),
    )
