"""How often a secret shall rotate, as its RotationRules say."""

import math
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from rotationctl.secret import Secret
from rotationctl.text import plural

_RATE = re.compile(r"rate\((\d+) (hour|day)s?\)")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rotation schedule.

    Attributes:
        text: as it was set; None where there is none.
        window: how long after the hour a rotation may begin, as `3h`; None for the whole day.
        days: from one rotation to the next, in days, rounded up; None where that cannot be told.

    Source: Secrets Manager API Reference, RotationRulesType: after each rotation that succeeds, AWS computes
    AutomaticallyAfterDays from the schedule, of whatever kind. So a `cron()` expression need not be understood here.
    """

    text: str | None
    window: str | None
    days: int | None

    @classmethod
    def of(cls, secret: Secret) -> Self:
        """The schedule of a secret."""
        rules = secret.rules
        expression, days, window = (rules.get(k) for k in ("ScheduleExpression", "AutomaticallyAfterDays", "Duration"))
        if rate := _RATE.fullmatch(expression or ""):
            days = whole_days(timedelta(**{f"{rate[2]}s": int(rate[1])}))
        return cls(expression or (f"every {count(days)}" if days else None), window, days or None)


def count(days: int) -> str:
    """So many days: `1 day`, `30 days`."""
    return plural(days, "day")


def whole_days(time: timedelta) -> int:
    """A time in days, rounded up."""
    return math.ceil(time / timedelta(days=1))
