"""Asking Secrets Manager to rotate a secret, once, whoever asks and however often.

Source: Secrets Manager API Reference, RotateSecret.
"""

import uuid
from typing import TYPE_CHECKING

from rotationctl.secret import Secret

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_NAMESPACE = uuid.UUID("3d0f6a5e-6f0b-5d0c-9a53-2f1c5d7b8e11")
_INCOMPLETE = "previous rotation"
"""In the message with which RotateSecret says that it repeats a rotation."""


def begin(client: "SecretsManagerClient", secret: Secret) -> tuple[str, bool]:
    """Begin a rotation, or have one that is not complete attempted again; boto3's exceptions pass.

    InvalidRequestException "A previous rotation isn't complete. That rotation will be reattempted" is what is wanted of
    one that is stuck; by now it may even be done.

    Returns:
        The version that it rotates to, and whether that rotation had begun before.
    """
    token = token_for(secret)
    try:
        answer = client.rotate_secret(SecretId=secret.arn, ClientRequestToken=token)
    except client.exceptions.InvalidRequestException as error:
        repeated = _incomplete(client, secret) if _INCOMPLETE in str(error) else None
        if repeated is None:
            raise
        return repeated, True
    return answer.get("VersionId") or token, False


def token_for(secret: Secret) -> str:
    """The ClientRequestToken for a secret as it is: whoever saw the same asks for the same rotation, which is one.

    Two people who begin a rotation at the same moment, or one call that is repeated because its answer was lost, make
    one version: "Secrets Manager uses this value to prevent the accidental creation of duplicate versions". As soon as
    a label has moved, or anything else about the secret has changed, the token is another one.
    """
    labels = sorted((version, sorted(stages)) for version, stages in secret.labels.stages_by_version.items())
    return str(uuid.uuid5(_NAMESPACE, f"{secret.arn} {labels} {secret.last_changed}"))


def _incomplete(client: "SecretsManagerClient", secret: Secret) -> str | None:
    """The version of the rotation that is not complete, or was not a moment ago."""
    seen = Secret.from_answer(client.describe_secret(SecretId=secret.arn))
    return seen.pending or secret.pending or (seen.current if seen.current != secret.current else None)
