"""--timeout, for every command that waits."""

import math
from collections.abc import Callable
from typing import Any

import click

LONGEST_SECONDS = 7 * 24 * 3600


class Seconds(click.FloatRange):
    """So many seconds, up to a week."""

    name = "seconds"

    def __init__(self) -> None:
        super().__init__(min=0, max=LONGEST_SECONDS)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 - as click's
        """Read the number; what is not a number compares with none, and so lies in every range."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a valid float.", param, ctx)
        return number


def timeout_option(seconds: float, text: str) -> Callable[..., Any]:
    """Give a command --timeout, which it takes as `timeout`.

    Args:
        seconds: what it is without the option.
        text: its help.
    """
    return click.option("--timeout", type=Seconds(), default=seconds, show_default=True, metavar="SECONDS", help=text)
