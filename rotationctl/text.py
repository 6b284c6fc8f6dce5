"""Text for a person: what comes from outside shown safely, and tables that fit."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import click

GAP = "  "
INDENT = "    "
_TOO_LONG, _LEFT_OVER = re.compile(r"\S{700,}"), 60
"""Names of secrets have 512 characters at most, and an ARN some 80 more. Source: API Reference, CreateSecret."""
NOTHING = "-"
"""What stands in a cell that has nothing to tell."""


def printable(text: str) -> str:
    r"""The text with what a terminal would obey, or would not show, as an escape: `\x1b`."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str) -> str:
    """The text with each word cut that is longer than any name or ARN of a secret can be."""
    return _TOO_LONG.sub(lambda word: f"{word[0][:_LEFT_OVER]}... ({len(word[0])} characters)", text)


def width_of(text: str) -> int:
    """How many columns of a terminal a printable text takes."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def plural(number: int, noun: str) -> str:
    """So many of something: `1 secret`, `2 secrets`."""
    return f"{number} {noun}{'s' * (number != 1)}"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, and the lines that stand below it, where there are some.

    Attributes:
        colour: of the first cell, on a terminal.
        note: what to type next.
        said: what stands before that.
    """

    cells: Sequence[str]
    colour: str | None = None
    note: str | None = None
    said: str | None = None


def table(titles: Sequence[str], rows: Sequence[Row], columns: int | None) -> list[str]:
    """The lines of a table; where it is wider than so many columns, a paragraph for each row.

    Nothing is ever cut off. `columns` is None where nobody looks: a pipe or a file. Without rows there are no lines.
    """
    shown = [[printable(cell) for cell in row.cells] for row in rows]
    if not rows:
        return []
    widths = [max(map(width_of, column)) for column in zip(titles, *shown, strict=True)]
    if columns is not None and sum(widths) + len(GAP) * (len(widths) - 1) > columns:
        return [line for row, cells in zip(rows, shown, strict=True) for line in _paragraph(titles, row, cells)]
    lines = [_line(titles, widths)]
    for row, cells in zip(rows, shown, strict=True):
        lines += [_line(cells, widths, row.colour), *_note(row)]
    return lines


def _line(cells: Sequence[str], widths: Sequence[int], colour: str | None = None) -> str:
    padded = [cell + " " * (width - width_of(cell)) for cell, width in zip(cells, widths, strict=True)]
    return GAP.join([click.style(padded[0], fg=colour), *padded[1:]]).rstrip()


def _paragraph(titles: Sequence[str], row: Row, cells: Sequence[str]) -> list[str]:
    head = click.style(cells[0], fg=row.colour) + GAP + cells[1]
    width = max(map(len, titles))
    rest = zip(titles[2:], cells[2:], strict=True)
    return [head, *(f"{INDENT}{title.lower():{width}}{GAP}{cell}" for title, cell in rest), *_note(row)]


def _note(row: Row) -> list[str]:
    return [INDENT + printable(text) for text in (row.said, row.note) if text]
