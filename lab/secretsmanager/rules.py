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

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SHORTEST_INTERVAL_HOURS = 4
RATE = re.compile(r"rate\((\d+) (hour|day)s?\)")


@dataclass(frozen=True)
class RotationRules:
    """A valid schedule.

    Attributes:
        given: the parameter as the caller sent it, which is how DescribeSecret shows it.
        schedule: the time between rotations, or a cron expression.
    """

    given: Mapping[str, object]
    schedule: timedelta | Cron

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
        rules = cls(given, _schedule(str(expression)) if days is None else int(str(days)) * DAY)
        if not 1 <= rules.window_hours <= rules._longest_window_hours:
            raise invalid_parameter(
                f"Duration {given['Duration']} is not valid: the window must not extend into the next window or "
                f"the next UTC day; {rules._longest_window_hours}h is the longest."
            )
        return rules

    def next_rotation(self, last: datetime) -> datetime:
        """The end of the window in which the next rotation begins: "on or before this date"."""
        if isinstance(self.schedule, Cron):
            start = self.schedule.next_after(last)
        else:
            start = (last + self.schedule).replace(minute=0, second=0, microsecond=0)
            start = start if self._has_windows_within_a_day else start.replace(hour=0)
        return start + self.window_hours * HOUR - timedelta(seconds=1)

    @property
    def window_hours(self) -> int:
        """How long after its start the rotation may begin."""
        duration = self.given.get("Duration")
        if duration is None:
            return 1 if self._has_windows_within_a_day else self._longest_window_hours
        return int(str(duration).removesuffix("h"))

    @property
    def _has_windows_within_a_day(self) -> bool:
        return len(self.schedule.hours) > 1 if isinstance(self.schedule, Cron) else self.schedule % DAY != timedelta()

    @property
    def _longest_window_hours(self) -> int:
        if isinstance(self.schedule, Cron):
            starts = [*sorted(self.schedule.hours), DAY // HOUR]
            return min(later - earlier for earlier, later in itertools.pairwise(starts))
        return min(DAY, self.schedule) // HOUR


def _schedule(expression: str) -> timedelta | Cron:
    if match := RATE.fullmatch(expression):
        interval = int(match[1]) * (HOUR if match[2] == "hour" else DAY)
        if interval < SHORTEST_INTERVAL_HOURS * HOUR:
            raise invalid_parameter(f"{expression}: a secret rotates every {SHORTEST_INTERVAL_HOURS} hours at most.")
        return interval
    try:
        return Cron.parse(expression)
    except ValueError as error:
        raise invalid_parameter(f"ScheduleExpression {expression!r} is not valid: {error}") from error
