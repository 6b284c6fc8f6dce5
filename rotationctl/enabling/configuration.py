"""How a secret rotates: its function, its schedule, and whether rotation is on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import click

from rotationctl.secret import Secret
from rotationctl.text import plural

SUGGESTED = "cron(0 3 ? * SUN *)"
"""A schedule that says when, and not how long after the last time."""
_RATE = re.compile(r"rate\(([1-9][0-9]{0,3}) (hours?|days?)\)")
_CRON = re.compile(r"cron\(0 \S+ \S+ \S+ \S+ \*\)")
_WINDOW = re.compile(r"([1-9]|1[0-9]|2[0-4])h")
_SHORTEST_HOURS = 4


@dataclass(frozen=True, slots=True)
class Configuration:
    """The function and the rules, as RotateSecret takes them.

    Attributes:
        rules: empty where there is no schedule.
    """

    function_arn: str | None
    rules: Mapping[str, Any]
    is_on: bool

    @classmethod
    def of(cls, secret: Secret) -> Self:
        """How a secret rotates."""
        return cls(secret.function_arn, secret.rules_to_set, secret.rotation_enabled)

    @property
    def schedule(self) -> str | None:
        """The schedule in words that --schedule takes, and the window; None where there is none."""
        days = self.rules.get("AutomaticallyAfterDays")
        expression = self.rules.get("ScheduleExpression") or (days and f"rate({plural(days, 'day')})")
        window = self.rules.get("Duration")
        return f"{expression}, {window}" if expression and window else expression


class Schedule(click.ParamType):  # type: ignore[type-arg] # generic in click 8.4, and not yet in 8.1
    """A schedule as Secrets Manager takes it: rate(30 days), from rate(4 hours) on, or cron(0 3 ? * SUN *) in UTC.

    Source: Secrets Manager User Guide, "Rotation schedules": a cron() begins at minute 0 of a year `*`.
    """

    name = "schedule"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what Secrets Manager would refuse."""
        rate = _RATE.fullmatch(value)
        if rate and int(rate[1]) * (24 if rate[2].startswith("day") else 1) < _SHORTEST_HOURS:
            self.fail(f"{value!r} is less than the four hours that are the least.", param, ctx)
        if not rate and not _CRON.fullmatch(value):
            self.fail(f"{value!r} is neither as 'rate(30 days)' nor as '{SUGGESTED}'.", param, ctx)
        return value


class Window(click.ParamType):  # type: ignore[type-arg] # as above
    """How long the window is in which a rotation may begin: 1h to 24h."""

    name = "window"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what Secrets Manager would refuse."""
        return value if _WINDOW.fullmatch(value) else self.fail(f"{value!r} is not as 2h, from 1h to 24h.", param, ctx)


def rules_of(schedule: str | None, window: str | None, former: Configuration) -> Mapping[str, Any] | None:
    """The rules that are wanted; None where nothing says when.

    Args:
        schedule: what was asked for; the former schedule stays where there is nothing.
        window: in the same way.
        former: how the secret rotates now.
    """
    rules = {"ScheduleExpression": schedule} if schedule else dict(former.rules)
    if window and rules:
        rules["Duration"] = window
    return rules or None
