"""Options that several commands share, and how their values are read."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from rotationctl.since import read_moment

_OF_THE_CONNECTION = ("profile", "region", "endpoint_url")


def tag_option(help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command --tag, which it takes as `tags`: values by their keys."""
    return click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", callback=_tags, help=help_text)


class Moment(click.ParamType):  # type: ignore[type-arg] # generic in click 8.4, and not yet in 8.1
    """A moment as `since` reads it, or `now`."""

    name = "moment"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:  # fmt: skip
        """Read it."""
        if isinstance(value, datetime):
            return value
        found = datetime.now(UTC) if value == "now" else read_moment(value)
        return found or self.fail(f"{value!r} is no moment such as 2h, now or 2026-11-26T09:00:00Z.", param, ctx)


def given(context: click.Context, without: Collection[str]) -> list[str]:
    """The options of a command line as they can be typed again: without some, and without those of the connection."""
    words = []
    for option in context.command.params:
        value = context.params.get(option.name or "")
        if isinstance(option, click.Option) and option.name not in {*without, *_OF_THE_CONNECTION}:
            words += _typed(option.opts[-1], value) if value != option.get_default(context) else []
    return words


def _typed(name: str, value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [word for key, text in value.items() for word in (name, f"{key}={text}")]
    if isinstance(value, (list, tuple)):
        return [word for text in value for word in (name, text)]
    if isinstance(value, bool) or value is None:
        return [name] if value else []
    return [name, f"{value:g}" if isinstance(value, float) else str(value)]


def _tags(_context: click.Context, _parameter: click.Parameter, texts: Sequence[str]) -> dict[str, str]:
    """The tags that were asked for, by their keys."""
    tags = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise click.BadParameter(f"{text!r} is not KEY=VALUE.")
        tags[key] = value
    return tags
