"""A handler called in this process: no isolation, no start-up, every breakpoint works."""

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

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
        return max(0, int((self.deadline - time.monotonic()) * 1000))


@dataclass
class InProcessFunction:
    """A `LambdaFunction` around a handler.

    The timeout is told to the handler but cannot be enforced here: `LambdaEnvironment` enforces it. What the handler
    writes goes to this process's own output; of that, the lines of Powertools' loggers are in the outcome's log.
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
        with _logged() as lines:
            try:
                outcome = Invocation(payload=self.handler(json.loads(json.dumps(dict(event))), context))
            except Exception as error:  # noqa: BLE001 - whatever a handler raises is its FunctionError
                outcome = Invocation(type(error).__name__, str(error))
        return replace(outcome, log="\n".join(lines), duration_ms=(time.perf_counter() - started) * 1000)


class _Collector(logging.Handler):
    """Collects what one thread logs: others invoke functions meanwhile."""

    def __init__(self, lines: list[str], formatter: logging.Formatter) -> None:
        super().__init__()
        self.lines = lines
        self.setFormatter(formatter)
        thread = threading.get_ident()
        self.addFilter(lambda record: record.thread == thread)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def _logged() -> Iterator[list[str]]:
    """The lines that loggers of Powertools write within the block, in this thread, as they write them."""
    lines: list[str] = []
    collectors = []
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger) and (formatter := _powertools_formatter(logger)):
            collector = _Collector(lines, formatter)
            logger.addHandler(collector)
            collectors.append((logger, collector))
    try:
        yield lines
    finally:
        for logger, collector in collectors:
            logger.removeHandler(collector)


def _powertools_formatter(logger: logging.Logger) -> logging.Formatter | None:
    formatters = (handler.formatter for handler in logger.handlers if not isinstance(handler, _Collector))
    return next((known for known in formatters if isinstance(known, LambdaPowertoolsFormatter)), None)
