"""The values of a secret's versions: read one by one, kept in memory only, and shown to nobody."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotationctl.secret import Secret
from rotationctl.text import printable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class NoValueError(Exception):
    """The version holds no text, or is there no more."""


@dataclass(frozen=True, slots=True)
class Values:
    """Reads the versions of a secret. One GetSecretValue for each."""

    client: "SecretsManagerClient" = field(repr=False)
    secret: Secret

    def text(self, version_id: str) -> str:
        """What a version holds.

        Raises:
            NoValueError: nothing, as AWSPENDING before createSecret, or nothing but bytes.
        """
        try:
            answer = self.client.get_secret_value(SecretId=self.secret.arn, VersionId=version_id)
        except self.client.exceptions.ResourceNotFoundException:
            raise NoValueError(version_id) from None
        if "SecretString" not in answer:
            raise NoValueError(version_id)
        return answer["SecretString"]

    def name(self, version_id: str) -> str:
        """How messages call a version."""
        labels = sorted(self.secret.labels.stages_by_version.get(version_id, ()))
        return printable(f"{self.secret.name} ({', '.join([f'version {version_id}', *labels])})")
