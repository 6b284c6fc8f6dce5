"""The lab's own paths on the server, for when it runs in another process.

``POST /_lab/<method>`` with the method's arguments as a JSON object calls that method of `LocalSecretsManager`; what it
returns is the JSON answer.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from lab.lambda_environment.http_function import HttpFunction
from lab.secretsmanager import faults
from lab.secretsmanager.endpoint import Reply
from lab.secretsmanager.errors import AwsError

if TYPE_CHECKING:
    from lab.secretsmanager.server import LocalSecretsManager

FAULTS: Mapping[str, Callable[..., faults.Fault]] = {
    "error": faults.error,
    "drop": faults.drop,
    "delay": faults.delay,
    "lag": faults.lag,
}


class Control:
    """Answers the lab's own requests."""

    PREFIX: ClassVar[str] = "/_lab/"

    def __init__(self, cloud: "LocalSecretsManager") -> None:
        self._cloud = cloud
        self._methods: Mapping[str, Callable[..., object]] = {
            "begin_rotation": cloud.begin_rotation,
            "calls": self._calls,
            "enable_rotation": cloud.enable_rotation,
            "fault": self._fault,
            "labels": cloud.labels,
            "register": self._register,
            "require_rotation_token": cloud.require_rotation_token,
            "reset": cloud.reset,
            "rotation_event": cloud.rotation_event,
        }

    def post(self, path: str, body: bytes) -> Reply:
        """Call the method that the path names."""
        method = self._methods.get(path.removeprefix(self.PREFIX))
        if method is None:
            return _json({"error": f"no such method; there are {', '.join(self._methods)}"}, HTTPStatus.NOT_FOUND)
        try:
            return _json(method(**json.loads(body or b"{}")))
        except (AwsError, TypeError, ValueError, KeyError) as error:
            return _json({"error": str(error)}, HTTPStatus.BAD_REQUEST)

    def _calls(self) -> list[dict[str, Any]]:
        return [dataclasses.asdict(call) for call in self._cloud.calls.all()]

    def _register(self, arn: str, url: str) -> None:
        self._cloud.register(arn, HttpFunction(url))

    def _fault(self, kind: str, **arguments: object) -> None:
        self._cloud.faults.add(FAULTS[kind](**arguments))


def _json(value: object, status: int = HTTPStatus.OK) -> Reply:
    return Reply(status, "application/json", json.dumps(value, default=sorted).encode())
