"""The errors that the local AWS answers with, under AWS's own codes."""

from moto.core.exceptions import JsonRESTError
from moto.secretsmanager.exceptions import SecretsManagerClientError


class AwsError(Exception):
    """An answer other than success: what boto3 turns into a ClientError.

    Args:
        code: AWS's error code, such as ``ResourceExistsException``.
        message: what the caller is told.
        status: the HTTP status; Secrets Manager's JSON protocol answers client errors with 400.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    @classmethod
    def from_moto(cls, error: SecretsManagerClientError | JsonRESTError) -> "AwsError":
        """The same error with the HTTP status that AWS gives it (moto answers 404 to some)."""
        return cls(error.error_type, error.message)


class ConnectionDroppedError(Exception):
    """The connection ends without an answer, as after a network failure."""


def access_denied(message: str) -> AwsError:
    """The caller, or Secrets Manager itself, may not do this."""
    return AwsError("AccessDeniedException", message)


def invalid_parameter(message: str) -> AwsError:
    """A parameter's value cannot be right."""
    return AwsError("InvalidParameterException", message)


def invalid_request(message: str) -> AwsError:
    """The request does not fit the secret's state."""
    return AwsError("InvalidRequestException", message)


def limit_exceeded(message: str) -> AwsError:
    """A quota is used up."""
    return AwsError("LimitExceededException", message)


def not_found(what: str) -> AwsError:
    """The secret, its version or its value is not there."""
    return AwsError("ResourceNotFoundException", f"Secrets Manager can't find the specified {what}")


def resource_exists(message: str) -> AwsError:
    """The name or the token is taken."""
    return AwsError("ResourceExistsException", message)


def validation(message: str) -> AwsError:
    """The request breaks the service model: a missing, malformed or overlong parameter."""
    return AwsError("ValidationException", message)
