"""Lambda, for the functions that are deployed here: to invoke them, and to see how they are configured.

Source: Lambda API Reference, Invoke, GetFunction, GetFunctionConfiguration, GetPolicy, ListFunctions,
AddPermission, RemovePermission, UpdateFunctionConfiguration.
"""

import base64
import json
import re
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from lab.cloud.errors import AwsError
from lab.cloud.functions import Functions
from lab.cloud.http import HttpRequest, Reply
from lab.lambda_environment.function import Invocation

JSON_TYPE = "application/json"
PAGE_SIZE = 50
TAIL_BYTES = 4096
"""Of the log, where an invocation asks for it."""
_ROUTES = (
    ("POST", r"/2015-03-31/functions/([^/]+)/invocations", "Invoke"),
    ("GET", r"/2015-03-31/functions/([^/]+)/configuration", "GetFunctionConfiguration"),
    ("PUT", r"/2015-03-31/functions/([^/]+)/configuration", "UpdateFunctionConfiguration"),
    ("GET", r"/2015-03-31/functions/([^/]+)/policy", "GetPolicy"),
    ("POST", r"/2015-03-31/functions/([^/]+)/policy", "AddPermission"),
    ("DELETE", r"/2015-03-31/functions/([^/]+)/policy/[^/]+", "RemovePermission"),
    ("GET", r"/2015-03-31/functions/([^/]+)", "GetFunction"),
    ("GET", r"/2015-03-31/functions/?", "ListFunctions"),
)


class LambdaService:
    """Answers requests in Lambda's protocol."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions
        self._operations: Mapping[str, Callable[[HttpRequest, str], Reply]] = {
            "Invoke": self._invoke,
            "GetFunction": self._function,
            "GetFunctionConfiguration": lambda _, name: _json(functions.find(name).describe()),
            "GetPolicy": self._policy,
            "AddPermission": self._add_permission,
            "RemovePermission": self._remove_permission,
            "UpdateFunctionConfiguration": self._update,
            "ListFunctions": self._list,
        }

    @staticmethod
    def operation(request: HttpRequest) -> str:
        """The operation's name; method and path where there is none here."""
        return _route(request)[0] or request.operation

    def answer(self, request: HttpRequest) -> Reply:
        """Answer a request.

        Raises:
            AwsError: there is no such function, or the lab has no such operation.
        """
        operation, name = _route(request)
        if operation is None:
            raise AwsError("NotImplementedException", f"The lab's Lambda does not do {request.operation}.", 501)
        return self._operations[operation](request, unquote(name))

    def _invoke(self, request: HttpRequest, name: str) -> Reply:
        function = self._functions.find(name)
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return Reply(HTTPStatus.NO_CONTENT, JSON_TYPE, b"")
        try:
            event = json.loads(request.body or b"{}")
        except ValueError:
            raise AwsError("InvalidRequestContentException", "Could not parse request body into json") from None
        invocation = function.invoke(event)
        if kind == "Event":
            return Reply(HTTPStatus.ACCEPTED, JSON_TYPE, b"")
        headers = {"X-Amz-Executed-Version": "$LATEST", "x-amzn-RequestId": str(uuid.uuid4())}
        if invocation.failed:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if request.headers.get("X-Amz-Log-Type") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(invocation.log.encode()[-TAIL_BYTES:]).decode()
        return Reply(HTTPStatus.OK, JSON_TYPE, json.dumps(_payload(invocation)).encode(), headers)

    def _function(self, _request: HttpRequest, name: str) -> Reply:
        return _json({"Configuration": self._functions.find(name).describe(), "Tags": {}})

    def _policy(self, _request: HttpRequest, name: str) -> Reply:
        function = self._functions.find(name)
        if not function.statements:
            raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        policy = {"Version": "2012-10-17", "Id": "default", "Statement": function.statements}
        return _json({"Policy": json.dumps(policy), "RevisionId": "lab"})

    def _add_permission(self, request: HttpRequest, name: str) -> Reply:
        function, asked = self._functions.find(name), request.json()
        if any(statement["Sid"] == asked["StatementId"] for statement in function.statements):
            raise AwsError("ResourceConflictException", f"The statement id ({asked['StatementId']}) exists.", 409)
        account = asked.get("SourceAccount")
        statement = {
            "Sid": asked["StatementId"],
            "Effect": "Allow",
            "Principal": {"Service": asked["Principal"]},
            "Action": asked["Action"],
            "Resource": function.arn,
            **({"Condition": {"StringEquals": {"AWS:SourceAccount": account}}} if account else {}),
        }
        function.statements.append(statement)
        return Reply(HTTPStatus.CREATED, JSON_TYPE, json.dumps({"Statement": json.dumps(statement)}).encode())

    def _remove_permission(self, request: HttpRequest, name: str) -> Reply:
        function, sid = self._functions.find(name), unquote(request.path.rpartition("/")[2])
        kept = [statement for statement in function.statements if statement["Sid"] != sid]
        if len(kept) == len(function.statements):
            raise AwsError("ResourceNotFoundException", f"Statement {sid} is not found in resource policy.", 404)
        function.statements[:] = kept
        return Reply(HTTPStatus.NO_CONTENT, JSON_TYPE, b"")

    def _update(self, request: HttpRequest, name: str) -> Reply:
        function = self._functions.find(name)
        function.configuration.update(request.json())
        return _json(function.describe())

    def _list(self, request: HttpRequest, _name: str) -> Reply:
        found = [deployed.describe() for deployed in self._functions]
        start, size = int(request.query.get("Marker", 0)), int(request.query.get("MaxItems", PAGE_SIZE))
        more = {"NextMarker": str(start + size)} if start + size < len(found) else {}
        return _json({"Functions": found[start : start + size], **more})


def _route(request: HttpRequest) -> tuple[str | None, str]:
    for method, pattern, operation in _ROUTES:
        found = re.fullmatch(pattern, request.path)
        if found and request.method == method:
            return operation, found[1] if found.groups() else ""
    return None, ""


def _payload(invocation: Invocation) -> object:
    """What a function returned, or Lambda's document of the error that it ended with."""
    if not invocation.failed or invocation.payload is not None:
        return invocation.payload
    return {"errorMessage": invocation.error_message, "errorType": invocation.error_type}


def _json(answer: Mapping[str, Any]) -> Reply:
    return Reply(HTTPStatus.OK, JSON_TYPE, json.dumps(answer).encode())
