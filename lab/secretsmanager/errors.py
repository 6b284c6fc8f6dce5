"""The errors that Secrets Manager answers with, under AWS's own codes."""

from functools import partial

from moto.core.exceptions import JsonRESTError

from lab.cloud import AwsError

access_denied = partial(AwsError, "AccessDeniedException")
invalid_parameter = partial(AwsError, "InvalidParameterException")
invalid_request = partial(AwsError, "InvalidRequestException")
"""The request does not fit the secret's state."""
limit_exceeded = partial(AwsError, "LimitExceededException")
resource_exists = partial(AwsError, "ResourceExistsException")
validation = partial(AwsError, "ValidationException")
"""The request breaks the service model: a missing, malformed or overlong parameter."""


def not_found(what: str) -> AwsError:
    """The secret, its version or its value is not there."""
    return AwsError("ResourceNotFoundException", f"Secrets Manager can't find the specified {what}")


def from_moto(error: JsonRESTError) -> AwsError:
    """The same error with the HTTP status that AWS gives it (moto answers 404 to some)."""
    return AwsError(error.error_type, error.message)
