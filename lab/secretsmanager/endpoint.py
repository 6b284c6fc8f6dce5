"""One request from its parameters to its answer: validation, faults, the operation, the call log."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from moto.core.exceptions import JsonRESTError

from lab.cloud import AwsError, Cloud, ConnectionDroppedError, HttpRequest, Reply
from lab.cloud.http import XML_TYPE, json_error, json_reply, xml_error
from lab.secretsmanager import moto_operations, rds
from lab.secretsmanager.backend import StrictBackend
from lab.secretsmanager.calls import OK, Call, CallLog, redacted
from lab.secretsmanager.errors import from_moto
from lab.secretsmanager.faults import Faults, Strike
from lab.secretsmanager.operations import SecretOperations
from lab.secretsmanager.recorder import Recorder
from lab.secretsmanager.rotation_operations import RotationOperations
from lab.secretsmanager.validation import validate

SECRETS_MANAGER, RDS = "secretsmanager", "rds"
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


class Endpoint:
    """The services that the server answers for: Secrets Manager, what a rotation asks of RDS, and those of `Cloud`."""

    def __init__(
        self,
        backend: StrictBackend,
        secrets: SecretOperations,
        rotations: RotationOperations,
        databases: rds.Databases,
        cloud: Cloud,
        recorder: Recorder,
    ) -> None:
        self.calls = CallLog()
        self.faults = Faults()
        self.observer: Observer = lambda request, done: None  # noqa: ARG005 - nobody watches
        self._backend = backend
        self._databases = databases
        self._cloud = cloud
        self._recorder = recorder
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

    def answer(self, request: HttpRequest) -> Reply:
        """Answer a request to any service; one that is not signed is for Secrets Manager, or else for RDS."""
        is_json = "X-Amz-Target" in request.headers
        service = request.service or (SECRETS_MANAGER if is_json else RDS)
        try:
            if service == SECRETS_MANAGER:
                asked = Request(service, request.operation, request.json(), request.caller)
                return json_reply(self._logged(asked, self._secrets_manager))
            if service == RDS:
                return self._rds(request)
            return self._of_cloud(request)
        except AwsError as error:
            if is_json or service == "lambda":
                return json_error(error)
            return xml_error(error, of_ec2=service == "ec2")

    def _rds(self, request: HttpRequest) -> Reply:
        parameters = dict(parse_qsl(request.body.decode()))
        asked = Request(RDS, parameters.pop("Action", ""), parameters, request.caller)
        answer = self._logged(asked, lambda asked, _: self._databases.answer(asked.operation, asked.parameters))
        return Reply(HTTPStatus.OK, XML_TYPE, answer.encode())

    def _of_cloud(self, request: HttpRequest) -> Reply:
        asked = Request(request.service, self._cloud.operation(request), {}, request.caller)
        with self._in_log(asked, None):
            strike = self._begin(asked, None)
            reply = self._cloud.answer(request)  # without the lock: a function that is invoked calls Secrets Manager
            self._end(asked, strike)
        return reply

    def _logged(self, request: Request, act: Callable[[Request, float], AnswerType]) -> AnswerType:
        secret_arn = self._backend.arn_of(request.parameters.get("SecretId"))
        with self._in_log(request, secret_arn):
            strike = self._begin(request, secret_arn)
            with self._backend.lock:
                answer = act(request, strike.lag_seconds)
            self._end(request, strike)
        return answer

    @contextmanager
    def _in_log(self, request: Request, secret_arn: str | None) -> Iterator[None]:
        number, started = self.calls.next_number(), time.perf_counter()
        result = OK
        try:
            yield
        except AwsError as error:
            result = error.code
            raise
        except ConnectionDroppedError:
            result = "ConnectionDropped"
            raise
        finally:
            call = Call(
                number=number,
                service=request.service,
                operation=request.operation,
                parameters=redacted(request.parameters),
                result=result,
                caller=request.caller,
                secret_arn=secret_arn or self._backend.arn_of(request.parameters.get("Name")),
                duration_ms=(time.perf_counter() - started) * 1000,
            )
            self.calls.add(call)
            self._recorder.call(call)

    def _begin(self, request: Request, secret_arn: str | None) -> Strike:
        strike = self.faults.strike(request.operation, secret_arn)
        self.observer(request, False)  # noqa: FBT003 - the meaning is the observer's
        strike.act(after_effect=False)
        return strike

    def _end(self, request: Request, strike: Strike) -> None:
        strike.act(after_effect=True)
        self.observer(request, True)  # noqa: FBT003 - as above

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
            raise from_moto(error) from error
