"""The cron expressions that Secrets Manager takes: six fields, minute 0, year ``*``, UTC.

Source: User Guide, "Schedule expressions in Secrets Manager rotation".
"""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

FIELDS = 6
DAYS_SEARCHED = 366 * 8  # 29 February is at most eight years away
MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), start=1)}
PART = re.compile(r"(?P<first>\w+|\*)(-(?P<last>\w+))?(/(?P<step>\d+))?")
NTH_WEEKDAY = re.compile(r"(?P<weekday>\w{1,3})#(?P<nth>[1-5])")
LAST_WEEKDAY = re.compile(r"(?P<weekday>\d|\w{3})L")
NEAREST_WORKDAY = re.compile(r"(?P<day>\d{1,2})W")
SATURDAY, SUNDAY = 5, 6  # of date.weekday()

DayTest = Callable[[date], bool]


@dataclass(frozen=True)
class Cron:
    """A parsed expression: the hours of the day, and which days."""

    hours: frozenset[int]
    months: frozenset[int]
    on_day: DayTest

    @classmethod
    def parse(cls, expression: str) -> "Cron":
        """Read ``cron(0 16 ? * SUN#1 *)``.

        Raises:
            ValueError: what is wrong with it.
        """
        if not (expression.startswith("cron(") and expression.endswith(")")):
            raise ValueError("it is neither rate(...) nor cron(...)")
        fields = expression[len("cron(") : -1].split()
        if len(fields) != FIELDS:
            raise ValueError(f"cron has {FIELDS} fields, not {len(fields)}")
        minutes, hours, day, month, weekday, year = fields
        if minutes != "0" or year != "*":
            raise ValueError("the minutes must be 0 and the year must be *")
        return cls(_numbers(hours, 0, 23), _numbers(month, 1, 12, MONTHS), _day_test(day, weekday))

    def next_after(self, moment: datetime) -> datetime:
        """The first window start after the moment.

        Raises:
            ValueError: no day matches, as on 30 February.
        """
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        for days in range(DAYS_SEARCHED):
            day = midnight + timedelta(days=days)
            starts = (day + timedelta(hours=hour) for hour in sorted(self.hours))
            if day.month in self.months and self.on_day(day.date()):
                later = next((start for start in starts if start > moment), None)
                if later:
                    return later
        raise ValueError("no day matches it")


def _numbers(field: str, lowest: int, highest: int, names: dict[str, int] | None = None) -> frozenset[int]:
    numbers: set[int] = set()
    for part in field.split(","):
        match = PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is not a value, range or step")
        first = lowest if match["first"] == "*" else _number(match["first"], names)
        open_ended = match["first"] == "*" or match["step"]
        last = _number(match["last"], names) if match["last"] else highest if open_ended else first
        if not lowest <= first <= last <= highest:
            raise ValueError(f"{part!r} is outside {lowest} to {highest}")
        numbers.update(range(first, last + 1, int(match["step"] or 1)))
    return frozenset(numbers)


def _number(text: str, names: dict[str, int] | None) -> int:
    if names and text.upper() in names:
        return names[text.upper()]
    if not text.isdigit():
        raise ValueError(f"{text!r} is not a number")
    return int(text)


def _day_test(day: str, weekday: str) -> DayTest:
    if (day == "?") == (weekday == "?"):
        raise ValueError("either the day of the month or the day of the week must be ?, and not both")
    return _weekday_test(weekday) if day == "?" else _month_day_test(day)


def _month_day_test(field: str) -> DayTest:
    if field == "L":
        return lambda day: (day + timedelta(days=1)).day == 1
    if match := NEAREST_WORKDAY.fullmatch(field):
        return lambda day: day == _nearest_workday(day, int(match["day"]))
    days = _numbers(field, 1, 31)
    return lambda day: day.day in days


def _weekday_test(field: str) -> DayTest:
    if match := NTH_WEEKDAY.fullmatch(field):
        wanted, nth = _number(match["weekday"], WEEKDAYS), int(match["nth"])
        return lambda day: _aws_weekday(day) == wanted and (day.day - 1) // 7 + 1 == nth
    if match := LAST_WEEKDAY.fullmatch(field):
        last = _number(match["weekday"], WEEKDAYS)
        return lambda day: _aws_weekday(day) == last and (day + timedelta(days=7)).month != day.month
    weekdays = _numbers(field, 1, 7, WEEKDAYS)
    return lambda day: _aws_weekday(day) in weekdays


def _aws_weekday(day: date) -> int:
    return day.isoweekday() % 7 + 1


def _nearest_workday(day: date, wanted: int) -> date | None:
    length = calendar.monthrange(day.year, day.month)[1]
    if wanted > length:
        return None
    target = day.replace(day=wanted)
    if target.weekday() == SATURDAY:
        return target - timedelta(days=1) if wanted > 1 else target + timedelta(days=2)
    if target.weekday() == SUNDAY:
        return target + timedelta(days=1) if wanted < length else target - timedelta(days=2)
    return target
