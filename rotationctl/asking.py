"""Whether to go ahead: asked on a terminal only, and not where --yes was given."""

import os
import sys
from collections.abc import Callable
from typing import Any

import click

STDIN = 0


def yes_option(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command --yes, which it takes as `yes`."""
    return click.option(
        "--yes", is_flag=True, help=f"{what} Without it, a terminal is asked, and nothing else is done."
    )


def is_agreed(question: str, *, yes: bool) -> bool:
    """Whether to go ahead.

    Raises:
        Abort: Ctrl-C, or Ctrl-D, in place of an answer.
    """
    if yes:
        return True
    if not (os.isatty(STDIN) and sys.stderr.isatty()):
        return False
    return click.confirm(question, err=True)
