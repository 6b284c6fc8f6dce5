"""The cron expressions that Secrets Manager takes: six fields, minute 0, year ``*``, UTC.

Source: User Guide, "Schedule expressions in Secrets Manager rotation". L, W and # are not modelled: they are refused,
although AWS takes them.
"""

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

EXPRESSION = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
PART = re.compile(r"(?P<first>\w+|\*)(-(?P<last>\w+))?(/(?P<step>\d+))?")
MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), start=1)}
DAYS_SEARCHED = 366 * 8
"""29 February is at most eight years away."""


@dataclass(frozen=True)
class Cron:
    """A parsed expression: the numbers that each of its fields stands for."""

    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    @classmethod
    def parse(cls, expression: str) -> "Cron":
        """Read ``cron(0 16 ? * SUN *)``.

        Raises:
            ValueError: what is wrong with it.
        """
        match = EXPRESSION.fullmatch(expression)
        if match is None:
            raise ValueError("it is neither rate(...) nor cron(...) of six fields")
        minutes, hours, day, month, weekday, year = match.groups()
        if minutes != "0" or year != "*":
            raise ValueError("the minutes must be 0 and the year must be *")
        if (day == "?") == (weekday == "?"):
            raise ValueError("either the day of the month or the day of the week must be ?, and not both")
        return cls(
            _numbers(hours, 0, 23),
            _numbers(day.replace("?", "*"), 1, 31),
            _numbers(month, 1, 12, MONTHS),
            _numbers(weekday.replace("?", "*"), 1, 7, WEEKDAYS),
        )

    def next_after(self, moment: datetime) -> datetime:
        """The first window start after the moment.

        Raises:
            ValueError: no day matches, as on 30 February.
        """
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        for day in (midnight + timedelta(days=days) for days in range(DAYS_SEARCHED)):
            if self._has(day):
                for start in (day + timedelta(hours=hour) for hour in sorted(self.hours)):
                    if start > moment:
                        return start
        raise ValueError("no day matches it")

    def _has(self, day: datetime) -> bool:
        return day.day in self.days and day.month in self.months and day.isoweekday() % 7 + 1 in self.weekdays


def _numbers(field: str, lowest: int, highest: int, names: Mapping[str, int] | None = None) -> frozenset[int]:
    numbers: set[int] = set()
    for part in field.split(","):
        match = PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is not a value, range or step")
        first = lowest if match["first"] == "*" else _number(match["first"], names or {})
        open_ended = match["first"] == "*" or match["step"]
        last = _number(match["last"], names or {}) if match["last"] else highest if open_ended else first
        if not lowest <= first <= last <= highest:
            raise ValueError(f"{part!r} is outside {lowest} to {highest}")
        numbers.update(range(first, last + 1, int(match["step"] or 1)))
    return frozenset(numbers)


def _number(text: str, names: Mapping[str, int]) -> int:
    if not text.isdigit() and text.upper() not in names:
        raise ValueError(f"{text!r} is not a number")
    return int(text) if text.isdigit() else names[text.upper()]
