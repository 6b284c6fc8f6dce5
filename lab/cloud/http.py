"""A request over HTTP as AWS reads it, and what goes back."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lab.cloud.account import REGION
from lab.cloud.errors import AwsError

JSON_TYPE, XML_TYPE = "application/x-amz-json-1.1", "text/xml"
_SCOPE = re.compile(r"Credential=([^/]+)/[^/]*/([^/]*)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Reply:
    """What goes back over HTTP."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HttpRequest:
    """What came over HTTP.

    Attributes:
        url: the path, with the query that may follow it.
        headers: asked for in upper or lower case.
    """

    method: str
    url: str
    headers: Message
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def query(self) -> Mapping[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query))

    @property
    def caller(self) -> str:
        """The access key id that signed the request."""
        return self._scope[0] or "unsigned"

    @property
    def region(self) -> str:
        return self._scope[1] or REGION

    @property
    def service(self) -> str:
        """The service that it is signed for, as signatures call it; empty where it is not signed in its headers.

        Source: IAM User Guide, "Elements of an AWS API request signature": the credential scope.
        """
        return self._scope[2]

    @property
    def operation(self) -> str:
        """What is asked for, wherever the service's protocol puts its name; method and path where none is named."""
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        in_path = re.search(r"/operation/(\w+)$", self.path)  # of RPC v2, in CBOR
        action = dict(parse_qsl(self.body.decode(errors="replace"))).get("Action") if not target else None
        return target or (in_path and in_path[1]) or action or f"{self.method} {self.path}"

    def json(self) -> dict[str, Any]:
        """The body's members.

        Raises:
            AwsError: SerializationException, where the body is no JSON object.
        """
        try:
            parameters = json.loads(self.body or b"{}")
        except ValueError:
            raise AwsError("SerializationException", "The request's body is not JSON.") from None
        if not isinstance(parameters, dict):
            raise AwsError("SerializationException", "The request's body is not a JSON object.")
        return {key: value for key, value in parameters.items() if value is not None}

    @cached_property
    def _scope(self) -> tuple[str, str, str]:
        found = _SCOPE.search(self.headers.get("Authorization", ""))
        return (found[1], found[2], found[3].lower()) if found else ("", "", "")


def json_reply(answer: Mapping[str, object], status: int = HTTPStatus.OK) -> Reply:
    """An answer in the JSON protocol."""
    return Reply(status, JSON_TYPE, json.dumps(answer).encode())


def json_error(error: AwsError) -> Reply:
    """An error in the JSON protocol, and in REST with JSON, which names it in a header."""
    document = {"__type": error.code, "message": error.message, "Message": error.message}
    body = json.dumps(document).encode()
    return Reply(error.status, JSON_TYPE, body, {"x-amzn-ErrorType": error.code})


def xml_error(error: AwsError, *, of_ec2: bool = False) -> Reply:
    """An error in the query protocol, in which EC2 has a form of its own."""
    told = f"<Type>Sender</Type><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
    document = f"<ErrorResponse><Error>{told}</Error><RequestId>lab</RequestId></ErrorResponse>"
    if of_ec2:
        document = f"<Response><Errors><Error>{told}</Error></Errors><RequestID>lab</RequestID></Response>"
    return Reply(error.status, XML_TYPE, document.encode())
