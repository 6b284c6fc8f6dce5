"""What became of several secrets, each a row of a table or a line of JSON."""

from collections.abc import Sequence
from typing import Protocol

from rotationctl.output import columns, write, write_json
from rotationctl.text import Row, table


class Result(Protocol):
    """What became of one secret."""

    def row(self) -> Row:
        """As a row."""
        ...

    def json(self) -> dict[str, object]:
        """As JSON."""
        ...


def as_table(titles: Sequence[str], results: Sequence[Result]) -> list[str]:
    """The lines of a table that fits the terminal; none where there is no secret."""
    return table(titles, [result.row() for result in results], columns())


def show(titles: Sequence[str], results: Sequence[Result], *, as_json: bool) -> None:
    """Print them on standard output: as a table, or an object a line."""
    if as_json:
        for result in results:
            write_json(result.json(), indent=None)
    else:
        write(as_table(titles, results))
