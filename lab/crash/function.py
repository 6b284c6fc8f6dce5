"""A function whose environment can be killed at a moment of one's choice."""

import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection, Pipe
from typing import Any, Self

from lab.lambda_environment.code import REPOSITORY, FunctionCode
from lab.lambda_environment.function import Invocation

KILLED = Invocation("Runtime.ExitError", "RequestId: lab Error: Runtime exited with error: signal: killed")
"""What Lambda answers where the function's process was killed."""
TIMEOUT_SECONDS = 30.0


class ForkedFunction:
    """A `LambdaFunction` behind a fork server; use it as a context manager.

    Args:
        code: what to run.
        variables: all of the function's environment.

    Attributes:
        pid: the environment's process.
    """

    def __init__(self, code: FunctionCode, variables: Mapping[str, str]) -> None:
        self._code = code
        self._variables = variables
        self.pid = 0
        self._is_busy = threading.Event()

    def __enter__(self) -> Self:
        self._log = tempfile.TemporaryFile()
        self._control: Connection[Any, Any]
        self._control, theirs = Pipe()
        python_path = (self._code.task_root, *self._code.python_path, REPOSITORY)
        self._server = subprocess.Popen(
            [sys.executable, "-m", "lab.crash.fork_server", str(theirs.fileno()), self._code.handler],
            env={**self._variables, "PYTHONPATH": os.pathsep.join(map(str, python_path))},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        theirs.close()
        try:
            self.pid = self._control.recv()
        except EOFError:
            raise RuntimeError(f"The function cannot be loaded:\n{self.log()}") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()
        self._server.wait()
        self._log.close()

    def log(self) -> str:
        """All that the function's processes wrote so far."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        """Run the handler in the environment that is there, and wait for its answer or its death."""
        self._is_busy.set()
        self._control.send((dict(event), TIMEOUT_SECONDS))
        answer = self._control.recv()
        if answer is None:
            self.pid = self._control.recv()
        self._is_busy.clear()
        return KILLED if answer is None else Invocation(*answer)

    def kill(self) -> None:
        """SIGKILL the environment, in the middle of an invocation or between two, and return once it is gone."""
        is_idle = not self._is_busy.is_set()
        descriptor = os.pidfd_open(self.pid)
        try:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            poller = select.poll()  # select() fails where the process has more than 1,024 files open
            poller.register(descriptor, select.POLLIN)
            poller.poll()
        finally:
            os.close(descriptor)
        if is_idle:
            self._control.recv()
            self.pid = self._control.recv()
