"""How measured parts come into documents: one writer of tables, and one way to put text between a document's marks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MARKED = re.compile(r"(<!-- written by (?:[^:>]+): (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class TextTable:
    """A table of text.

    Attributes:
        titles: of the columns.
        rows: each with a cell for each column.
        words: how many columns, from the left, hold words; the others hold numbers, which are aligned to the right.
    """

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1

    def markdown(self) -> str:
        """The table as Markdown, without an end of line after its last row."""
        rule = "|" + "---|" * self.words + "---:|" * (len(self.titles) - self.words)
        head, *body = (f"| {' | '.join(cells)} |" for cells in (self.titles, *self.rows))
        return "\n".join([head, rule, *body])

    def plain(self) -> str:
        """The table for a terminal, without an end of line after its last row."""
        lines = (self.titles, *self.rows)
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join("  ".join(self._aligned(cells, widths)).rstrip() for cells in lines)

    def _aligned(self, cells: Sequence[str], widths: Sequence[int]) -> list[str]:
        return [
            cell.ljust(width) if number < self.words else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]


def replace_marked(text: str, parts: Mapping[str, str]) -> str:
    """Write the parts of a document that programs write.

    A part stands between `<!-- written by COMMAND: NAME -->` and `<!-- end -->`, each on a line of its own.

    Returns:
        The document with every part as it is now.

    Raises:
        ValueError: the document's marks are not those of the parts, each once.
    """
    marks = sorted(name for _, name, _ in MARKED.findall(text))
    if marks != sorted(parts):
        raise ValueError(f"The document has marks for {marks}, but the parts are {sorted(parts)}.")
    return MARKED.sub(lambda found: f"{found[1]}{parts[found[2]]}\n{found[3]}", text)
