"""The secret in Secrets Manager: the only caller of that service."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from secret_rotation.aws_errors import explained
from secret_rotation.errors import InvalidSecretError, LabelConflictError, SecretStoreError
from secret_rotation.labels import AWSCURRENT, AWSPENDING, Labels
from secret_rotation.model import RotationRequest

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import SecretVersionsListEntryTypeDef

# The answers where RemoveFromVersionId no longer carries the label.
_LABEL_MOVED = frozenset({"InvalidParameterException", "InvalidRequestException"})


@dataclass(frozen=True, slots=True)
class Description:
    """What DescribeSecret tells of a secret, no values among it."""

    rotation_enabled: bool
    labels: Labels
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version of a secret with its value."""

    text: str = field(repr=False)
    stages: frozenset[str]


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
        stages = {version: frozenset(labels) for version, labels in answer.get("VersionIdsToStages", {}).items()}
        tags = {tag.get("Key", ""): tag.get("Value", "") for tag in answer.get("Tags", [])}
        # RotationEnabled is absent where rotation was never configured.
        return Description(answer.get("RotationEnabled", False), Labels(stages), tags)

    def read(self, secret_id: str, *, stage: str | None = None, version_id: str | None = None) -> StoredVersion:
        """A version's value, by label, by version id, or by both, which must agree. One GetSecretValue.

        Raises:
            VersionUnavailableError: the version has not that label, or no value.
            InvalidSecretError: the value is binary.
        """
        which: dict[str, Any] = {}
        if stage is not None:
            which["VersionStage"] = stage
        if version_id is not None:
            which["VersionId"] = version_id
        with explained("GetSecretValue", f"{secret_id} ({' '.join(which.values())})"):
            answer = self._client.get_secret_value(SecretId=secret_id, **which)
        text = answer.get("SecretString")
        if text is None:
            raise InvalidSecretError(
                f"{secret_id} ({' '.join(which.values())}) is binary. Store it as text: a JSON object."
            )
        return StoredVersion(text, frozenset(answer.get("VersionStages", [])))

    def put_pending(self, request: RotationRequest, text: str) -> bool:
        """Store the value of AWSPENDING under the token; False where the token has another value already.

        A value that is there was put by an earlier delivery of the same step, and stays. One PutSecretValue.
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
                    f"AWSCURRENT of {request.secret_arn} left version {from_version} while finishSecret ran, so "
                    "nothing was moved."
                ) from None
            raise

    def unlabelled_versions(self, secret_id: str) -> tuple[list[str], list[str]]:
        """Versions that carry no label any more, newest first: those made since AWSCURRENT, and those from before it.

        One ListSecretVersionIds for every 100 versions.
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
