"""A function behind the invocation URL of a runtime interface emulator."""

import http.client
import json
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from lab.lambda_environment.function import Invocation

PATH = "/2015-03-31/functions/function/invocations"
TIMED_OUT = "Task timed out after"


@dataclass(frozen=True)
class HttpFunction:
    """A `LambdaFunction` that runs elsewhere: what it wrote is not known here.

    Args:
        url: the whole invocation URL.
        timeout_seconds: how long to wait for its answer.
    """

    url: str
    timeout_seconds: float = 70.0

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        started = time.perf_counter()
        try:
            error_type, error_message, payload = _outcome(*self._post(json.dumps(dict(event)).encode()))
        except (OSError, http.client.HTTPException) as error:
            error_type, error_message, payload = "Sandbox.Failure", f"No answer from {self.url}: {error!r}", None
        duration_ms = (time.perf_counter() - started) * 1000
        return Invocation(error_type, error_message, payload, duration_ms=duration_ms)

    def _post(self, body: bytes) -> tuple[int, str]:
        address = urlsplit(self.url)
        with closing(http.client.HTTPConnection(address.netloc, timeout=self.timeout_seconds)) as connection:
            connection.request("POST", address.path, body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


def _outcome(status: int, body: str) -> tuple[str | None, str | None, object]:
    if body.startswith(TIMED_OUT):
        return "Sandbox.Timedout", body, None
    try:
        payload = json.loads(body) if body else None
    except ValueError:
        return "Sandbox.Failure", f"The emulator answered {status}: {body}", None
    if isinstance(payload, dict) and {"errorType", "errorMessage"} <= payload.keys():
        return str(payload["errorType"]), str(payload["errorMessage"]), payload
    if status != http.client.OK:
        return "Sandbox.Failure", f"The emulator answered {status}", payload
    return None, None, payload
