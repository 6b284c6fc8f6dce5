"""Checks of whoever types the command."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rotationctl.aws_clock import date_of
from rotationctl.checks.case import Case
from rotationctl.checks.outcome import Outcome, ok, skipped, warning

TOLERATED = timedelta(minutes=1)
"""AWS refuses what was signed more than five minutes ago, and judging dates takes a clock that is right.

Source: IAM User Guide, "AWS Signature Version 4 for API requests".
"""


def _identity(case: Case) -> Outcome:
    answer, _ = _who(case)
    return ok(f"You are {answer['Arn']}, in {case.aws.client('secretsmanager').meta.region_name}.")


def _clock(case: Case) -> Outcome:
    answer, here = _who(case)
    said = date_of(answer)
    if said is None:
        return skipped("The answer has no date.")
    apart = here - said
    seconds = abs(round(apart.total_seconds()))
    if abs(apart) <= TOLERATED:
        return ok(f"The clock here and that of AWS are {seconds} s apart.")
    direction = "ahead" if apart > timedelta() else "behind"
    return warning(
        f"The clock here is {seconds} s {direction} of AWS's. AWS refuses requests that are five minutes off, and what "
        "is overdue is judged by this clock: have it set by NTP."
    )


def _who(case: Case) -> tuple[Mapping[str, Any], datetime]:
    """What STS answers, which takes no permission, and when that arrived."""
    return case.aws.once("identity", lambda: (case.aws.call("sts", "get_caller_identity"), datetime.now(UTC)))


CHECKS = {"caller.identity": _identity, "caller.clock": _clock}
