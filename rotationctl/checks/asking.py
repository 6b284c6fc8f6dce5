"""Asking AWS something that the caller may not be allowed to ask.

A check that gets no answer has found nothing: neither that all is well, nor that anything is wrong.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from rotationctl.failures import code_of, explain, is_refused
from rotationctl.text import printable

Answer = TypeVar("Answer")

_ACTIONS = {"lambda:Invoke": "lambda:InvokeFunction"}
"""Where the action that IAM knows is not called as the operation is."""
_MISSING = frozenset({
    "ResourceNotFoundException", "NoSuchEntity", "NotFoundException", "DBInstanceNotFound", "DBClusterNotFoundFault",
})  # fmt: skip


class UnansweredError(Exception):
    """There is no answer; the message is a sentence that says why."""


class MissingError(Exception):
    """AWS has nothing of that name."""


def ask(service: str, call: Callable[[], Answer], options: Sequence[str]) -> Answer:
    """What a call answers.

    Raises:
        UnansweredError: no permission, no network, no room for more calls.
        MissingError: what was asked for does not exist.
    """
    try:
        return call()
    except Exception as error:
        if code_of(error) in _MISSING:
            raise MissingError(printable(str(error))) from None
        if is_refused(error):
            raise UnansweredError(f"You may not do {_action(service, error)}, which this takes.") from None
        failure = explain(error, options)
        if failure is None:
            raise
        raise UnansweredError(str(failure)) from None


def _action(service: str, error: Exception) -> str:
    action = f"{service}:{getattr(error, 'operation_name', '*')}"
    return _ACTIONS.get(action, action)
