"""How the local AWS refuses: with an error, or with no answer at all."""


class AwsError(Exception):
    """An answer other than success: what boto3 turns into a ClientError.

    Args:
        code: AWS's error code, such as ``ResourceExistsException``.
        message: what the caller is told.
        status: the HTTP status; the JSON protocol answers client errors with 400.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class ConnectionDroppedError(Exception):
    """The connection ends without an answer, as after a network failure."""
