"""Why something failed, as AWS answered or a function logged it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rotationctl.failures import code_of, explain


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a rotation failed: its kind, the step, and what was said."""

    error: str
    message: str
    step: str | None = None

    @property
    def short(self) -> str:
        """What is told at once: a table that comes later has the whole message."""
        return " ".join(filter(None, [self.step, self.error])) or self.message.rstrip(".")


def cause_of(error: Exception, options: Sequence[str]) -> Cause:
    """What an exception of boto3 means, given the options with which AWS was reached.

    Raises:
        Exception: it is none of boto3's.
    """
    failure = explain(error, options)
    if failure is None:
        raise error
    return Cause(code_of(error), str(failure))


def cause_in(line: Mapping[str, Any]) -> Cause:
    """The cause that an error in the log of a function is."""
    return Cause(str(line.get("error") or "error"), str(line.get("message") or ""), line.get("step"))
