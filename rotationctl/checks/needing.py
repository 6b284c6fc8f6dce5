"""Checks that are about the rotation function, where there is one."""

from collections.abc import Callable

from rotationctl.checks.case import Case
from rotationctl.checks.outcome import Outcome, skipped


def needing_function(check: Callable[[Case], Outcome]) -> Callable[[Case], Outcome]:
    """The check, which is skipped where no function is attached or chosen; `function.ours` says more of that."""
    return lambda case: check(case) if case.function_arn else skipped("No function is attached.")
