"""What a failed call to AWS means, in words that say what to do. The service's own message is never quoted."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NetworkError

from secret_rotation.errors import SecretStoreError, VersionUnavailableError

# Secrets Manager says the first where the version lacks the label, the second where it has the label but no value.
_UNAVAILABLE = frozenset({"InvalidRequestException", "ResourceNotFoundException"})

_PASSES = "Secrets Manager will try the rotation again"
_PASSING = {
    "ThrottlingException": _PASSES + "; spread rotations by their windows",
    "Throttling": _PASSES + "; spread rotations by their windows",
    "InternalServiceError": _PASSES,
    "InternalFailure": _PASSES,
    "ServiceUnavailable": _PASSES,
}
_KEY_DENIED = (
    "grant the function's role kms:Decrypt and kms:GenerateDataKey on the secret's key, in the key's own policy too "
    "(see the README, Permissions)"
)
_REMEDIES = {
    **_PASSING,
    "AccessDeniedException": "grant the function's role {permission} on it (and, for a key of your own, "
    "kms:Decrypt and kms:GenerateDataKey; see the README, Permissions)",
    "AccessDenied": "grant the function's role {permission}",
    "DecryptionFailure": "grant the function's role kms:Decrypt on the secret's key, and check that the key is enabled",
    "EncryptionFailure": "grant the function's role kms:GenerateDataKey on the secret's key, and check that "
    "the key is enabled",
    "ResourceNotFoundException": "check that the secret exists in this account and region",
    "InvalidRequestException": "check that the secret is not scheduled for deletion",
    "LimitExceededException": "remove staging labels or versions that nobody needs",
    "ExpiredTokenException": "the function's credentials ran out; Secrets Manager will try again",
    "UnrecognizedClientException": "check the function's credentials and region",
}


@contextmanager
def explained(operation: str, subject: str, service: str = "secretsmanager") -> Iterator[None]:
    """Turn a failure of the SDK into an error that names the operation, its subject and the remedy.

    Raises:
        VersionUnavailableError: the version of a secret lacks the label asked for, or holds no value.
        SecretStoreError: every other failure, with the code of AWS or the class of the network failure.
    """
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        code = str(details.get("Code", "Unknown"))
        remedy = _remedy(code, str(details.get("Message", "")), service, operation)
        kind = VersionUnavailableError if operation == "GetSecretValue" and code in _UNAVAILABLE else SecretStoreError
        raise kind(
            f"{operation} of {subject} failed with {code}: {remedy}.", code=code, passes=code in _PASSING
        ) from None
    except (NetworkError, HTTPClientError) as error:
        code = type(error).__name__
        raise SecretStoreError(
            f"{operation} of {subject} got no answer ({code}): a function in a VPC needs an interface endpoint for "
            f"{service}, or a NAT gateway, and security groups that let it through.",
            code=code,
            passes=True,
        ) from None
    except BotoCoreError as error:
        code = type(error).__name__
        raise SecretStoreError(f"{operation} of {subject} could not be sent ({code}).", code=code) from None


def _remedy(code: str, message: str, service: str, operation: str) -> str:
    # Secrets Manager reports what KMS denies it under the code with which it denies something itself.
    if code == "AccessDeniedException" and "kms" in message.lower():
        return _KEY_DENIED
    remedy = _REMEDIES.get(code, "see the code in the API reference of " + operation)
    return remedy.format(permission=f"{service}:{operation}")
