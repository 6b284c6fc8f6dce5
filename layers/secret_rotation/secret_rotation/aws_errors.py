"""What a failed call to AWS means, in words that say what to do. The service's own message is never quoted."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NetworkError

from secret_rotation.commands import secrets_manager
from secret_rotation.deadline import NoTimeToCallError, deadline_of_calls
from secret_rotation.errors import SecretStoreError, VersionUnavailableError

# Secrets Manager says the first where the version lacks the label, the second where it has the label but no value.
_UNAVAILABLE = frozenset({"InvalidRequestException", "ResourceNotFoundException"})

_DENIED = frozenset({"AccessDeniedException", "AccessDenied"})

_MARKED_FOR_DELETION = re.compile("marked for deletion|scheduled for deletion")

_PASSES = "Secrets Manager will try the rotation again"
_PASSING = {
    "ThrottlingException": _PASSES + "; spread rotations by their windows.",
    "Throttling": _PASSES + "; spread rotations by their windows.",
    "InternalServiceError": _PASSES + ".",
    "InternalFailure": _PASSES + ".",
    "ServiceUnavailable": _PASSES + ".",
}
_REMEDIES = {
    **_PASSING,
    "DecryptionFailure": "grant the function's role kms:Decrypt on the secret's key, and check that the key is "
    "enabled.",
    "EncryptionFailure": "grant the function's role kms:GenerateDataKey on the secret's key, and check that "
    "the key is enabled.",
    "ResourceNotFoundException": "check that the secret exists in this account and region.",
    "InvalidRequestException": "check that the secret is not scheduled for deletion.",
    "LimitExceededException": "remove staging labels or versions that nobody needs.",
    "ExpiredTokenException": "the function's credentials ran out; Secrets Manager will try again.",
    "UnrecognizedClientException": "check the function's credentials and region.",
}

_NOT_GRANTED = "grant the function's role {permission} on it{key}."
_OWN_KEY = {
    "secretsmanager": " (and, for a key of your own, kms:Decrypt and kms:GenerateDataKey; see docs/security.md)"
}
_KEY_NOT_GRANTED = (
    "grant the function's role kms:Decrypt and kms:GenerateDataKey on the secret's key, in the key's own policy too "
    "(see docs/security.md)."
)
_ORGANISATION = (
    "does not allow it, whatever the role may do. Whoever administers the organisation has to allow the function's "
    "role {permission}."
)
_DENIALS: Mapping[str, str] = {
    "VPC endpoint policy": "the policy of the VPC endpoint for {service} does not allow it, whatever the role may do. "
    "Let that policy allow the function's role {permission}.",
    "service control policy": "a service control policy (SCP) of the organisation " + _ORGANISATION,
    "resource control policy": "a resource control policy (RCP) of the organisation " + _ORGANISATION,
    "permissions boundary": "the permissions boundary of the function's role does not allow it, whatever the role's "
    "policies say. Let the boundary allow {permission}.",
    "explicit deny in an identity-based policy": "a policy of the function's role denies it, and no other one can "
    "allow it then. Take {permission} out of that Deny.",
}
_DENIALS_OF_SECRET: Mapping[str, str] = {
    "explicit deny in a resource-based policy": "the secret's own policy denies it to the function's role, whatever "
    "the role may do. Except the role there; this shows the policy: {show_policy}",
    "no resource-based policy": "the secret's own policy does not allow it. Let it allow the function's role "
    "{permission}; this shows the policy: {show_policy}",
}
_DENIALS_OF_KEY: Mapping[str, str] = {
    "explicit deny in a resource-based policy": "the policy of the secret's key denies {permission} to the function's "
    "role, whatever the role may do. Except the role there; this shows the key: {show_secret}",
}
"""What denies a call, by what AWS says of it: first what stands above the one who asks and what is asked for.

No name of a secret or a role has a blank in it, and so none of these.

Source: IAM User Guide, "Troubleshoot access denied error messages".
"""

# Secrets Manager reports what KMS denies it under the code with which it denies something itself.
_OF_KEY = re.compile("Access to KMS|to perform: kms:")
_KEY_ACTION = re.compile(r"to perform: (kms:[A-Za-z]+)")


@dataclass(frozen=True, slots=True)
class _Call:
    """A call to AWS, as messages tell of it."""

    operation: str
    subject: str
    service: str
    version: str

    def __str__(self) -> str:
        return f"{self.operation} of {self.subject}" + (f" ({self.version})" if self.version else "")

    def refused(self, error: ClientError) -> SecretStoreError:
        """The error for an answer of AWS that is one."""
        details = error.response.get("Error", {})
        code, text = str(details.get("Code", "Unknown")), str(details.get("Message", ""))
        if code == "InvalidRequestException" and _MARKED_FOR_DELETION.search(text):
            return deleted(str(self), self.subject)
        remedy = self._denial(text) if code in _DENIED else _REMEDIES.get(code, self._unknown())
        is_unavailable = self.operation == "GetSecretValue" and code in _UNAVAILABLE
        kind = VersionUnavailableError if is_unavailable else SecretStoreError
        return kind(f"{self} failed with {code}: {remedy}", code=code, passes=code in _PASSING)

    def unanswered(self, code: str) -> SecretStoreError:
        """The error where no answer came."""
        return SecretStoreError(
            f"{self} got no answer ({code}): a function in a VPC needs an interface endpoint for {self.service}, or a "
            "NAT gateway, and security groups that let it through.",
            code=code,
            passes=True,
        )

    def late(self) -> SecretStoreError:
        """The error where no time is left for an answer. What the time went into is known: this call too."""
        deadline = deadline_of_calls()
        return SecretStoreError(
            f"{self} got no answer in time. {deadline.used_up if deadline else ''}".rstrip(),
            code="NoTimeLeft",
            passes=True,
        )

    def _denial(self, text: str) -> str:
        of_key = _OF_KEY.search(text)
        denials = {**_DENIALS, **(_DENIALS_OF_KEY if of_key else _DENIALS_OF_SECRET)}
        not_granted = _KEY_NOT_GRANTED if of_key else _NOT_GRANTED
        remedy = next((remedy for words, remedy in denials.items() if words in text), not_granted)
        action = _KEY_ACTION.search(text)
        return remedy.format(
            permission=action[1] if action else f"{self.service}:{self.operation}",
            service="kms" if of_key else self.service,
            key=_OWN_KEY.get(self.service, ""),
            show_policy=secrets_manager("GetResourcePolicy", self.subject),
            show_secret=secrets_manager("DescribeSecret", self.subject),
        )

    def _unknown(self) -> str:
        return f"see the code in the API reference of {self.operation}."


def deleted(doing: str, secret_arn: str) -> SecretStoreError:
    """The error where a secret is only there to be restored, or not."""
    return SecretStoreError(
        f"{doing} failed: the secret is scheduled for deletion. If it is still needed, restore it: "
        + secrets_manager("RestoreSecret", secret_arn),
        code="InvalidRequestException",
    )


@contextmanager
def explained(operation: str, subject: str, service: str = "secretsmanager", *, version: str = "") -> Iterator[None]:
    """Turn a failure of the SDK into an error that names the operation, its subject and the remedy.

    `subject` is a secret, or what RDS is asked about; `version` says which version of the secret.

    Raises:
        VersionUnavailableError: the version of a secret lacks the label asked for, or holds no value.
        SecretStoreError: every other failure, with the code of AWS or the class of the network failure.
    """
    call = _Call(operation, subject, service, version)
    try:
        with _timed(operation):
            yield
    except NoTimeToCallError:
        raise call.late() from None
    except ClientError as error:
        raise call.refused(error) from None
    except (NetworkError, HTTPClientError) as error:
        raise call.unanswered(type(error).__name__) from None
    except BotoCoreError as error:
        code = type(error).__name__
        raise SecretStoreError(f"{call} could not be sent ({code}).", code=code) from None


@contextmanager
def _timed(operation: str) -> Iterator[None]:
    """Note how long a call takes, all attempts together, for a message that time has run out."""
    started, deadline = time.monotonic(), deadline_of_calls()
    try:
        yield
    finally:
        if deadline is not None:
            deadline.took(operation, time.monotonic() - started)
