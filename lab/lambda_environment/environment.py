"""A function run as Lambda runs it: its own process, Lambda's variables, the runtime interface emulator."""

import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from lab.lambda_environment.code import FunctionCode
from lab.lambda_environment.emulator import Emulator, start_emulator
from lab.lambda_environment.function import Invocation
from lab.lambda_environment.http_function import PATH, HttpFunction

LOG_TIMEOUT_SECONDS = 30.0  # for the last lines of an invocation, which come within milliseconds
MARGIN_SECONDS = 10.0  # the emulator's own time, on top of the function's


@dataclass
class LambdaEnvironment:
    """A `LambdaFunction` in one Lambda execution environment; use it as a context manager.

    Args:
        code: what to run.
        variables: the function's own environment variables, such as `LocalSecretsManager.environment`.
        name: AWS_LAMBDA_FUNCTION_NAME.
        timeout_seconds: whole seconds; Lambda ends an invocation that takes longer, and its process.
        memory_mb: told to the function, not enforced.

    Raises:
        EmulatorMissingError: when entered; the runtime interface emulator is not on this machine.
        EmulatorStartError: when entered; it does not run.
    """

    code: FunctionCode
    variables: Mapping[str, str] = field(default_factory=dict)
    name: str = "lab-function"
    timeout_seconds: int = 60
    memory_mb: int = 512
    _emulator: Emulator | None = field(default=None, init=False, repr=False)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __enter__(self) -> Self:
        self._emulator = start_emulator(self.code.handler, self.code.task_root, self.process_environment)
        return self

    def __exit__(self, *_: object) -> None:
        self._running.stop()

    @property
    def url(self) -> str:
        """Where to POST an event to, as `sam local invoke` would."""
        return f"http://127.0.0.1:{self._running.port}{PATH}"

    @property
    def log_lines(self) -> list[str]:
        """All that the function wrote so far, without the emulator's own lines."""
        return list(self._running.lines)

    def follow(self, listener: Callable[[str], object]) -> None:
        """Tell the listener of each line of `log_lines` that is still to come."""
        self._running.listener = listener

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        """Invoke the function and wait; as in Lambda, one environment takes one event at a time."""
        with self._one_at_a_time:
            emulator = self._running
            first_line, ended = len(emulator.lines), emulator.ended_invocations
            invocation = HttpFunction(self.url, self.timeout_seconds + MARGIN_SECONDS).invoke(event)
            emulator.wait_for_end(ended + 1, LOG_TIMEOUT_SECONDS)
            log = "\n".join(emulator.lines[first_line:])
        return replace(invocation, log=log)

    def kill(self) -> None:
        """SIGKILL the function's process; a running invocation fails, the next one starts cold."""
        self._running.kill_function()

    @property
    def process_ids(self) -> list[int]:
        """The function's process: none before the first invocation, and another one after a kill."""
        return self._running.function_process_ids()

    @property
    def process_environment(self) -> dict[str, str]:
        """All environment variables of the function's process, but for the address of its runtime interface."""
        return {
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(self.timeout_seconds),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "lab",
            "HOME": "/tmp",  # noqa: S108 - the only place to which a function may write
            "LAMBDA_TASK_ROOT": str(self.code.task_root),
            "LANG": "en_US.UTF-8",
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join(map(str, self.code.python_path)),
            "TZ": ":UTC",
            "_HANDLER": self.code.handler,
            **self.variables,
        }

    @property
    def _running(self) -> Emulator:
        if self._emulator is None:
            raise RuntimeError("The Lambda environment is not started: use it in a with statement.")
        return self._emulator
