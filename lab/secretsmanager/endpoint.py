"""One request from its parameters to its answer: validation, faults, the operation, the call log."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from moto.core.exceptions import JsonRESTError

from lab.secretsmanager import moto_operations, rds
from lab.secretsmanager.backend import StrictBackend
from lab.secretsmanager.calls import OK, Call, CallLog, redacted
from lab.secretsmanager.errors import AwsError, ConnectionDroppedError
from lab.secretsmanager.faults import Faults
from lab.secretsmanager.operations import SecretOperations
from lab.secretsmanager.rotation_operations import RotationOperations
from lab.secretsmanager.validation import validate

JSON_TYPE, XML_TYPE = "application/x-amz-json-1.1", "text/xml"
Answer = dict[str, Any]
AnswerType = TypeVar("AnswerType")


@dataclass(frozen=True)
class Request:
    """What is asked, by whom."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    caller: str


Observer = Callable[["Request", bool], None]
"""Told of each request twice: before it takes effect (False), and after, before it is answered (True)."""


@dataclass(frozen=True)
class Reply:
    """What goes back over HTTP."""

    status: int
    content_type: str
    body: bytes


class Endpoint:
    """The services that the server answers for: Secrets Manager, and what a rotation asks of RDS."""

    def __init__(
        self,
        backend: StrictBackend,
        secrets: SecretOperations,
        rotations: RotationOperations,
        databases: rds.Databases,
    ) -> None:
        self.calls = CallLog()
        self.faults = Faults()
        self.observer: Observer = lambda request, done: None  # noqa: ARG005 - nobody watches
        self._backend = backend
        self._databases = databases
        self._reads: Mapping[str, Callable[[Mapping[str, Any], float], Answer]] = {
            "DescribeSecret": secrets.describe_secret,
            "GetSecretValue": secrets.get_secret_value,
            "ListSecretVersionIds": secrets.list_secret_version_ids,
        }
        self._operations: Mapping[str, Callable[[Mapping[str, Any]], Answer]] = {
            "CancelRotateSecret": rotations.cancel_rotate_secret,
            "CreateSecret": secrets.create_secret,
            "ListSecrets": secrets.list_secrets,
            "PutSecretValue": secrets.put_secret_value,
            "RotateSecret": rotations.rotate_secret,
            "UpdateSecret": secrets.update_secret,
            "UpdateSecretVersionStage": secrets.update_secret_version_stage,
        }

    def secrets_manager(self, operation: str, body: bytes, caller: str) -> Reply:
        """Answer a request in the JSON protocol."""
        try:
            answer = self._logged(
                Request("secretsmanager", operation, _parameters(body), caller), self._secrets_manager
            )
        except AwsError as error:
            document = {"__type": error.code, "message": error.message, "Message": error.message}
            return Reply(error.status, JSON_TYPE, json.dumps(document).encode())
        return Reply(HTTPStatus.OK, JSON_TYPE, json.dumps(answer).encode())

    def rds(self, body: bytes, caller: str) -> Reply:
        """Answer a request in the query protocol."""
        parameters = dict(parse_qsl(body.decode()))
        operation = parameters.pop("Action", "")
        try:
            answer = self._logged(Request("rds", operation, parameters, caller), self._rds)
        except AwsError as error:
            return Reply(error.status, XML_TYPE, rds.error_document(error).encode())
        return Reply(HTTPStatus.OK, XML_TYPE, answer.encode())

    def _logged(self, request: Request, act: Callable[[Request, float], AnswerType]) -> AnswerType:
        number, started_at, started = self.calls.next_number(), time.time(), time.perf_counter()
        secret_arn = self._backend.arn_of(request.parameters.get("SecretId"))
        result = OK
        try:
            return self._struck(request, secret_arn, act)
        except AwsError as error:
            result = error.code
            raise
        except ConnectionDroppedError:
            result = "ConnectionDropped"
            raise
        finally:
            self.calls.add(
                Call(
                    number=number,
                    service=request.service,
                    operation=request.operation,
                    parameters=redacted(request.parameters),
                    result=result,
                    caller=request.caller,
                    secret_arn=secret_arn or self._backend.arn_of(request.parameters.get("Name")),
                    started_at=started_at,
                    duration_ms=(time.perf_counter() - started) * 1000,
                )
            )

    def _struck(
        self, request: Request, secret_arn: str | None, act: Callable[[Request, float], AnswerType]
    ) -> AnswerType:
        strike = self.faults.strike(request.operation, secret_arn)
        self.observer(request, False)  # noqa: FBT003 - the meaning is the observer's
        strike.act(after_effect=False)
        with self._backend.lock:
            answer = act(request, strike.lag_seconds)
        strike.act(after_effect=True)
        self.observer(request, True)  # noqa: FBT003 - as above
        return answer

    def _secrets_manager(self, request: Request, lag_seconds: float) -> Answer:
        operation, parameters = request.operation, request.parameters
        validate(operation, parameters)
        try:
            if operation in self._reads:
                return self._reads[operation](parameters, lag_seconds)
            if operation in self._operations:
                return self._operations[operation](parameters)
            return moto_operations.call(self._backend, operation, parameters)
        except JsonRESTError as error:
            raise AwsError.from_moto(error) from error

    def _rds(self, request: Request, _lag_seconds: float) -> str:
        return self._databases.answer(request.operation, request.parameters)


def _parameters(body: bytes) -> dict[str, Any]:
    try:
        parameters = json.loads(body or b"{}")
    except ValueError:
        raise AwsError("SerializationException", "The request's body is not JSON.") from None
    if not isinstance(parameters, dict):
        raise AwsError("SerializationException", "The request's body is not a JSON object.")
    return {key: value for key, value in parameters.items() if value is not None}
