"""A handler called in this process: no isolation, no start-up, every breakpoint works."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lab.lambda_environment.function import Invocation

Handler = Callable[[dict[str, object], "InProcessContext"], object]


@dataclass(frozen=True)
class InProcessContext:
    """The context object that Lambda hands to a Python handler.

    Source: Lambda Developer Guide, "Using the Lambda context object to retrieve Python function information".
    """

    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    deadline: float = field(repr=False)
    function_version: str = "$LATEST"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    log_group_name: str = "/aws/lambda/lab"
    log_stream_name: str = "lab"
    identity: None = None
    client_context: None = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end the invocation."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


@dataclass
class InProcessFunction:
    """A `LambdaFunction` around a handler.

    The timeout is told to the handler but cannot be enforced here, and what the handler writes goes to this process's
    own output: `LambdaEnvironment` enforces the one and collects the other.
    """

    handler: Handler
    name: str = "lab-function"
    arn: str = "arn:aws:lambda:us-east-1:123456789012:function:lab-function"
    timeout_seconds: float = 30.0
    memory_mb: int = 256

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        """Call the handler with the event as JSON would carry it, and a context of its own."""
        context = InProcessContext(
            self.name, self.arn, str(self.memory_mb), deadline=time.monotonic() + self.timeout_seconds
        )
        started = time.perf_counter()
        error: Exception | None = None
        payload: object = None
        try:
            payload = self.handler(json.loads(json.dumps(dict(event))), context)
        except Exception as raised:  # noqa: BLE001 - whatever a handler raises is its FunctionError
            error = raised
        return Invocation(
            error_type=type(error).__name__ if error else None,
            error_message=str(error) if error else None,
            payload=payload,
            duration_ms=(time.perf_counter() - started) * 1000,
        )
