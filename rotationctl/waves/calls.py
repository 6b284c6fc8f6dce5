"""What a run asks of Secrets Manager about one secret: how it is, and that it rotates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rotationctl.aws_clock import date_of
from rotationctl.beginning import begin
from rotationctl.causes import Cause, cause_of
from rotationctl.secret import Secret

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls, by a client, with the options that reach the same AWS."""

    client: "SecretsManagerClient"
    options: Sequence[str]

    def read(self, secret: Secret) -> Secret:
        """The secret as it is now; boto3's exceptions pass."""
        return Secret.from_answer(self.client.describe_secret(SecretId=secret.arn))

    def date(self, secret: Secret, otherwise: datetime) -> datetime:
        """What time it is to AWS, or another moment where it does not say; boto3's exceptions pass."""
        return date_of(self.client.describe_secret(SecretId=secret.arn)) or otherwise

    def rotate(self, secret: Secret) -> str:
        """Begin a rotation, or have one that is not complete attempted again; boto3's exceptions pass.

        Returns:
            The version that it rotates to.
        """
        return begin(self.client, secret)[0]

    def cause(self, error: Exception) -> Cause:
        """What an exception of boto3 means.

        Raises:
            Exception: it is none of boto3's.
        """
        return cause_of(error, self.options)
