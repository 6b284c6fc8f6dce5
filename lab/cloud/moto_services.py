"""The services that moto answers, in this process: a request goes to moto as if it were sent to AWS's own address."""

import threading
from http import HTTPStatus

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.backends import get_backend
from moto.core.botocore_stubber import BotocoreStubber

from lab.cloud.errors import AwsError
from lab.cloud.http import HttpRequest, Reply

_GLOBAL = frozenset({"iam"})
_PACKAGES = {"monitoring": "cloudwatch", "states": "stepfunctions"}
"""moto's name of a service where it is not that of the signature."""
SERVICES = ("cloudtrail", "ec2", "events", "iam", "kms", "logs", "monitoring", "sns", "sqs", "states", "sts", "tagging")
"""The services that are moto's, as signatures call them."""


class MotoServices:
    """moto's services. Its state is one for the whole process, and not made for threads: one request at a time."""

    _lock = threading.Lock()

    def __init__(self) -> None:
        self._used: set[str] = set()

    def answer(self, request: HttpRequest) -> Reply:
        """Answer a request to one of `SERVICES`.

        Raises:
            AwsError: moto does not know the operation.
        """
        name = request.service
        host = f"{name}.amazonaws.com" if name in _GLOBAL else f"{name}.{request.region}.amazonaws.com"
        headers = HTTPHeaders()
        for key, value in request.headers.items():
            headers[key] = host if key.lower() == "host" else value
        url = f"https://{host}{request.url}"
        prepared = AWSPreparedRequest(request.method, url, headers, request.body, stream_output=False)
        with self._lock:
            self._used.add(name)
            try:
                answer = BotocoreStubber().process_request(prepared)
            except NotImplementedError as error:
                raise _unknown(request) from error
        if answer is None:
            raise _unknown(request)
        status, replied, body = answer
        named = {str(key).lower(): str(value) for key, value in replied.items()}
        kept = {key: value for key, value in named.items() if key.startswith("x-amz") or key == "smithy-protocol"}
        content = body.encode() if isinstance(body, str) else bytes(body)
        return Reply(int(status), named.get("content-type", "text/xml"), content, kept)

    def reset(self) -> None:
        """Forget all that was made in the services that were used."""
        with self._lock:
            for name in self._used:
                for account in get_backend(_PACKAGES.get(name, name)).values():  # type: ignore[call-overload]
                    for backend in list(account.values()):
                        backend.reset()
            self._used.clear()


def _unknown(request: HttpRequest) -> AwsError:
    message = f"The lab's {request.service} does not do {request.operation}."
    return AwsError("NotImplementedException", message, HTTPStatus.NOT_IMPLEMENTED)
