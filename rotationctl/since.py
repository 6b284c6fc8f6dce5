"""--since, for every command that looks back."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"(\d{1,5})([mhdw])")


def since_option(default: str, text: str) -> Callable[..., Any]:
    """Give a command --since, which it takes as `since`: how long ago, such as 12h or 90d, or a date of ISO 8601."""
    return click.option("--since", default=default, show_default=True, metavar="TIME", callback=_moment, help=text)


def _moment(_context: click.Context, _parameter: click.Parameter, text: str) -> datetime:
    moment = read_moment(text)
    if moment is None:
        raise click.BadParameter(f"{text!r} is no time, such as 12h, 90d or 2026-11-26.")
    if moment > datetime.now(UTC):
        raise click.BadParameter(f"{text!r} is in the future.")
    return moment


def read_moment(text: str) -> datetime | None:
    """The moment; a date without a time zone is one of UTC. None where it is none."""
    try:
        if span := _SPAN.fullmatch(text):
            return datetime.now(UTC) - timedelta(**{_UNITS[span[2]]: int(span[1])})
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
