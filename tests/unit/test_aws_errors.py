"""What a failed call to AWS is turned into."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError

from secret_rotation.aws_errors import explained
from secret_rotation.errors import SecretStoreError, VersionUnavailableError

DENIED = "User: arn:role is not authorized to perform: secretsmanager:PutSecretValue on resource: arn:secret {}"
SHOW_POLICY = "aws secretsmanager get-resource-policy --secret-id arn:secret"


def failed(error: Exception, operation: str = "PutSecretValue", service: str = "secretsmanager") -> SecretStoreError:
    """What becomes of an error of the SDK."""
    with pytest.raises(SecretStoreError) as raised, explained(operation, "arn:secret", service):
        raise error
    assert "whatever the service says" not in str(raised.value)
    return raised.value


def refused(code: str, message: str = "whatever the service says") -> ClientError:
    """The SDK's error for an answer of AWS with this code."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "PutSecretValue")


@pytest.mark.parametrize(
    ("code", "message", "remedy"),
    [
        ("AccessDeniedException", "", "grant the function's role secretsmanager:PutSecretValue on it"),
        (
            "AccessDeniedException",
            "Access to KMS is not allowed",
            "kms:Decrypt and kms:GenerateDataKey on the secret's",
        ),
        ("AccessDeniedException", DENIED.format("because no identity-based policy allows the action"), "grant the"),
        ("ThrottlingException", "", "will try the rotation again"),
        ("NeverHeardOfException", "", "see the code in the API reference of PutSecretValue"),
    ],
)
def test_an_error_of_aws_says_what_to_do(code: str, message: str, remedy: str) -> None:
    """The remedy is that of the code; a key that KMS denies is told from a secret."""
    error = failed(refused(code, message))
    assert f"PutSecretValue of arn:secret failed with {code}: " in str(error)
    assert remedy in str(error)
    assert error.passes == (code == "ThrottlingException")


@pytest.mark.parametrize(
    ("reason", "remedies"),
    [
        ("because no VPC endpoint policy allows the {} action", ["policy of the VPC endpoint for secretsmanager"]),
        ("with an explicit deny in a VPC endpoint policy", ["policy of the VPC endpoint for secretsmanager"]),
        ("because no service control policy allows the {} action", ["(SCP)", "administers the organisation"]),
        ("with an explicit deny in a service control policy", ["(SCP)", "administers the organisation"]),
        ("with an explicit deny in a resource control policy", ["(RCP)", "administers the organisation"]),
        ("because no permissions boundary allows the {} action", ["permissions boundary of the function's role"]),
        ("with an explicit deny in a permissions boundary", ["permissions boundary of the function's role"]),
        ("because no resource-based policy allows the {} action", ["own policy does not allow it", SHOW_POLICY]),
        ("with an explicit deny in a resource-based policy", ["own policy denies it", "Except the role", SHOW_POLICY]),
        ("with an explicit deny in an identity-based policy", ["policy of the function's role denies it", "that Deny"]),
    ],
)
def test_what_denies_a_call_is_told_apart(reason: str, remedies: list[str]) -> None:
    """Where the role has the permission, nobody is told to grant it once more: the kind of policy is named instead."""
    error = str(failed(refused("AccessDeniedException", DENIED.format(reason))))
    assert not [remedy for remedy in remedies if remedy not in error], error
    assert "grant the function's role" not in error
    assert ("secretsmanager:PutSecretValue" in error) == (SHOW_POLICY not in error or "Let it allow" in error)


DENIED_KEY = (
    "User: arn:role is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext {}"
)
GRANT_KEY = "grant the function's role kms:Decrypt and kms:GenerateDataKey on the secret's key"


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("because no VPC endpoint policy allows the kms:Decrypt action", "policy of the VPC endpoint for kms"),
        ("with an explicit deny in a service control policy", "(SCP)"),
        ("because no service control policy allows the kms:Decrypt action", "(SCP)"),
        ("with an explicit deny in a resource control policy", "(RCP)"),
        ("because no permissions boundary allows the kms:Decrypt action", "permissions boundary"),
        ("with an explicit deny in an identity-based policy", "Take kms:Decrypt out of that Deny"),
        ("with an explicit deny in a resource-based policy", "policy of the secret's key denies kms:Decrypt"),
        ("because no resource-based policy allows the kms:Decrypt action", GRANT_KEY),
        ("because no identity-based policy allows the kms:Decrypt action", GRANT_KEY),
        ("", GRANT_KEY),
    ],
)
def test_what_denies_the_key_is_told_apart(reason: str, remedy: str) -> None:
    """The kind of policy comes first for a key, too: what it forbids, no grant to the role allows."""
    error = str(failed(refused("AccessDeniedException", DENIED_KEY.format(reason))))
    assert remedy in error
    assert (GRANT_KEY in error) == (remedy == GRANT_KEY)
    assert "secretsmanager:PutSecretValue" not in error
    assert "kms:Decrypt" in error


def test_a_denial_of_rds_names_the_action_of_rds() -> None:
    """The permission is that of the service which was called."""
    error = failed(refused("AccessDenied", ""), "DescribeDBInstances", "rds")
    assert str(error).endswith("grant the function's role rds:DescribeDBInstances on it.")


def test_a_secret_that_is_called_after_a_key_is_no_key() -> None:
    """Names in the service's message are not taken for what it says."""
    message = "User: arn:role/kms is not authorized on resource: kms-secret because no identity-based policy allows it"
    assert "grant the function's role secretsmanager:PutSecretValue" in str(
        failed(refused("AccessDeniedException", message))
    )


@pytest.mark.parametrize("operation", ["GetSecretValue", "PutSecretValue"])
def test_a_secret_that_is_scheduled_for_deletion_can_be_restored(operation: str) -> None:
    """The error is about the secret, not about one of its versions, and ends with the command."""
    message = "You can't perform this operation on the secret because it was marked for deletion."
    error = failed(refused("InvalidRequestException", message), operation)
    assert not isinstance(error, VersionUnavailableError)
    assert str(error).endswith("restore it: aws secretsmanager restore-secret --secret-id arn:secret")


def test_a_version_that_is_not_there_is_an_error_of_its_own() -> None:
    """Only a read tells so: of another call, the same code is about the secret."""
    assert isinstance(failed(refused("ResourceNotFoundException"), "GetSecretValue"), VersionUnavailableError)
    assert not isinstance(failed(refused("ResourceNotFoundException")), VersionUnavailableError)


def test_no_answer_may_pass_and_a_call_that_cannot_be_sent_does_not() -> None:
    """A network that fails may be mended by itself, a wrong call not."""
    assert failed(EndpointConnectionError(endpoint_url="https://nowhere")).passes
    unsent = failed(ParamValidationError(report="whatever the service says"))
    assert "could not be sent (ParamValidationError)" in str(unsent)
    assert not unsent.passes
