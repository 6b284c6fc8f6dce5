"""The few elements of HTML that a report is made of. Whatever comes from outside goes through `text`."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from rotationctl.text import NOTHING, printable

Titles = Sequence[str]
LONG_WORD = 24
"""Letters of the longest word that a column is made wide enough for; longer ones may be broken anywhere."""


def text(value: object) -> str:
    """A value as HTML that holds nothing but text, and whose direction of writing turns nothing around it."""
    if value is None or value == "":
        return f'<span class="soft">{NOTHING}</span>'
    shown = printable(str(value))
    is_long = any(len(word) > LONG_WORD for word in shown.split())
    return f"<bdi{' class=long' * is_long}>{escape(shown)}</bdi>"


def prose(sentence: str) -> str:
    """A sentence in which commands stand between backticks."""
    parts = printable(sentence).split("`")
    return "".join(f"<code>{escape(p)}</code>" if number % 2 else escape(p) for number, p in enumerate(parts))


def name(value: str) -> str:
    """A secret's name, which may be broken where it has a slash."""
    return text(value).replace("/", "/<wbr>").replace("</<wbr>", "</")


def badge(kind: str, word: str) -> str:
    """A word that stands out."""
    return f'<span class="badge {kind}">{escape(word)}</span>'


def several(items: Iterable[str]) -> str:
    """Several pieces of HTML below each other, or a dash."""
    lines = "".join(f"<li>{item}</li>" for item in items)
    return f'<ul class="plain">{lines}</ul>' if lines else text(None)


def pairs(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Titles with their values."""
    yield "<dl>"
    yield from (f"<dt>{escape(title)}</dt><dd>{text(value)}</dd>" for title, value in rows)
    yield "</dl>"


def table(caption: str, titles: Titles, rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> Iterator[str]:
    """A table of cells that are HTML; the first names the row. Without rows there is a sentence in its place.

    Args:
        caption: what it shows.
        titles: of the columns.
        rows: the cells.
        numbers: which columns hold numbers.
    """
    kinds = [' class="number"' if number in numbers else "" for number in range(len(titles))]
    heads = "".join(f'<th scope="col"{kind}>{escape(title)}</th>' for title, kind in zip(titles, kinds, strict=True))
    yield f'<div class="wide" role="region" tabindex="0" aria-label="{escape(caption)}">'
    yield f"<table><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>"
    empty = True
    for name, *cells in rows:
        empty = False
        rest = "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(cells, kinds[1:], strict=True))
        yield f'<tr><th scope="row">{name}</th>{rest}</tr>'
    if empty:
        yield f'<tr><td colspan="{len(titles)}" class="soft">None.</td></tr>'
    yield "</tbody></table></div>"
