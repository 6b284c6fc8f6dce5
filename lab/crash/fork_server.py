"""Runs one function in an environment that can be killed as often as one likes: the next one costs a millisecond.

The environment is a child of this process, in which all is loaded already, as in one that Lambda has just started. Like
Lambda's it takes one event after the other until it is killed; then this process forks another. Both talk to
`ForkedFunction`, over a connection whose file descriptor they inherit:

    -> pid               of a new environment
    <- (event, seconds)  an invocation, and how long it may take
    -> [type, message]   its error, or two None
    -> None              the environment is dead
"""

import importlib
import os
import sys
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from lab.lambda_environment.in_process import InProcessFunction
from secret_rotation.patience import Patience

SLOW_MACHINE = Patience(fresh_seconds=60.0)
"""A slow machine would have some rotations read the labels again and others not: the moments would not be the same."""


def main(descriptor: int, handler: str) -> None:
    """Serve until whoever started this process is gone."""
    module, _, name = handler.partition(".")
    deployed = getattr(importlib.import_module(module), name)
    function = InProcessFunction(replace(deployed, parts=replace(deployed.parts, patience=SLOW_MACHINE)))
    control: Connection[Any, Any] = Connection(descriptor)
    while _dies(control, function):
        control.send(None)


def _dies(control: "Connection[Any, Any]", function: InProcessFunction) -> bool:
    """Run an environment; whether it was killed."""
    child = os.fork()
    if child == 0:
        _serve(control, function)
        os._exit(0)  # runs nothing of what is registered for the end of the parent
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _serve(control: "Connection[Any, Any]", function: InProcessFunction) -> None:
    control.send(os.getpid())
    while True:
        try:
            event, function.timeout_seconds = control.recv()
        except EOFError:
            return
        outcome = function.invoke(event)
        sys.stdout.flush()
        control.send([outcome.error_type, outcome.error_message])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
