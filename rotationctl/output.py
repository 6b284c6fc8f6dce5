"""What commands print: data on standard output, talk on standard error, and JSON."""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import click

from rotationctl.exits import ReaderGoneError

STDOUT = 1
"""The number that standard output has, also where it is closed, and Python has no file for it."""


def say(sentence: str) -> None:
    """Talk: on standard error, so that it is in nobody's data. Where nobody listens, it is left unsaid."""
    with suppress(BrokenPipeError):
        click.echo(sentence, err=True, color=_colour())


def write(lines: Iterable[str]) -> None:
    """Data, line by line; in colour on a terminal only.

    Raises:
        ReaderGoneError: nobody reads it any more.
    """
    try:
        for line in lines:
            click.echo(line, color=_colour())
    except BrokenPipeError:
        raise ReaderGoneError from None


def write_json(value: Mapping[str, object], *, indent: int | None = 2) -> None:
    """Data as one JSON object; without `indent` on one line, for objects that come one after the other."""
    write([json.dumps(value, indent=indent)])


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --json, which it takes as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, whose keys docs/rotationctl.md lists.")(
        command
    )


def columns() -> int | None:
    """How wide the terminal is; None where standard output is none."""
    return shutil.get_terminal_size().columns if os.isatty(STDOUT) else None


def moment(at: datetime | None) -> str | None:
    """A moment as ISO 8601 has it, in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def _colour() -> bool | None:
    """None lets click find out whether it writes to a terminal."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None
