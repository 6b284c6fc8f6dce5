"""What NOTICE says of the libraries that the PostgreSQL driver brings."""

import re
from dataclasses import dataclass

_COLUMNS = re.compile(r" {2,}")
_VERSION = re.compile(r" (?P<version>\d[\w.]*)$")


@dataclass(frozen=True)
class Row:
    """One line of the list, or several where the libraries of a project need them."""

    libraries: frozenset[str]
    project: str
    version: str | None
    licence: str


def rows(notice: str) -> list[Row]:
    """The list, which is the only one in which libraries have names.

    Raises:
        ValueError: a line of it has other columns.
    """
    lines = [
        line.strip() for line in notice.partition("psycopg2_binary.libs:\n\n")[2].partition("\n\n")[0].splitlines()
    ]
    joined = "\n".join(lines).replace(",\n", ", ").splitlines()
    return [_row(*_COLUMNS.split(line)) for line in joined]


def _row(libraries: str, project: str, licence: str) -> Row:
    names = libraries.partition(" (")[0].split(", ")
    stated = _VERSION.search(project)
    return Row(frozenset(names), _VERSION.sub("", project), stated["version"] if stated else None, licence)
