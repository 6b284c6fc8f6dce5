"""RotationRules: what AWS accepts as a rotation schedule, and when the next rotation is due.

Source: API reference, RotationRulesType; User Guide, "Rotation schedules".
"""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from lab.secretsmanager.cron import Cron
from lab.secretsmanager.errors import invalid_parameter

HOURS_A_DAY = 24
SHORTEST_INTERVAL_HOURS = 4
RATE = re.compile(r"rate\((\d+) (hours?|days?)\)")


@dataclass(frozen=True)
class RotationRules:
    """A valid schedule.

    Attributes:
        given: the parameter as the caller sent it, which is how DescribeSecret shows it.
        interval: between rotations; None for a cron expression.
        cron: the expression; None for an interval.
        window_hours: how long after its start the rotation may begin.
    """

    given: Mapping[str, object]
    interval: timedelta | None
    cron: Cron | None
    window_hours: int

    @classmethod
    def parse(cls, given: Mapping[str, object]) -> "RotationRules":
        """Read the RotationRules parameter of RotateSecret.

        Raises:
            AwsError: InvalidParameterException, saying which rule the schedule breaks.
        """
        days, expression = given.get("AutomaticallyAfterDays"), given.get("ScheduleExpression")
        if (days is None) == (expression is None):
            raise invalid_parameter(
                "RotationRules needs either AutomaticallyAfterDays or ScheduleExpression, not both."
            )
        interval = timedelta(days=int(str(days))) if days is not None else _interval(str(expression))
        cron = None if interval else _cron(str(expression))
        return cls(given, interval, cron, _window_hours(given.get("Duration"), interval, cron))

    def next_rotation(self, last: datetime) -> datetime:
        """The end of the window in which the next rotation begins: "on or before this date"."""
        if self.cron:
            start = self.cron.next_after(last)
        else:
            start = last + (self.interval or timedelta())
            hour = start.hour if self._is_hourly else 0
            start = start.replace(hour=hour, minute=0, second=0, microsecond=0)
        return start + timedelta(hours=self.window_hours) - timedelta(seconds=1)

    @property
    def _is_hourly(self) -> bool:
        return self.interval is not None and self.interval % timedelta(days=1) != timedelta()


def _interval(expression: str) -> timedelta | None:
    match = RATE.fullmatch(expression)
    if match is None:
        return None
    count, unit = int(match[1]), match[2]
    interval = timedelta(hours=count) if unit.startswith("hour") else timedelta(days=count)
    if interval < timedelta(hours=SHORTEST_INTERVAL_HOURS):
        raise invalid_parameter(f"{expression}: a secret rotates every {SHORTEST_INTERVAL_HOURS} hours at most.")
    return interval


def _cron(expression: str) -> Cron:
    try:
        return Cron.parse(expression)
    except ValueError as error:
        raise invalid_parameter(f"ScheduleExpression {expression!r} is not valid: {error}") from error


def _window_hours(duration: object, interval: timedelta | None, cron: Cron | None) -> int:
    hourly = (interval is not None and interval % timedelta(days=1) != timedelta()) or (cron and len(cron.hours) > 1)
    first_hour = min(cron.hours) if cron else 0
    if duration is None:
        return 1 if hourly else HOURS_A_DAY - first_hour
    hours = int(str(duration).removesuffix("h"))
    longest = _hours_to_next_window(interval, cron)
    if not 1 <= hours <= longest:
        raise invalid_parameter(
            f"Duration {duration} is not valid: the window must not extend into the next window or the next UTC day; "
            f"{longest}h is the longest."
        )
    return hours


def _hours_to_next_window(interval: timedelta | None, cron: Cron | None) -> int:
    if cron:
        starts = [*sorted(cron.hours), HOURS_A_DAY]
        return min(later - earlier for earlier, later in itertools.pairwise(starts))
    return min(HOURS_A_DAY, int((interval or timedelta(days=1)) / timedelta(hours=1)))
