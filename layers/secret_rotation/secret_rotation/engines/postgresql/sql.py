"""Beside psycopg's own `sql`: names in texts for people, and the shape that the rows of an answer must have."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, get_type_hints

from psycopg2.sql import Composable

Row = tuple[Any, ...]

Kind = type | UnionType
"""What a column of an answer has to be."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query, and what it answers.

    Attributes:
        doing: what it does, for the error that a failure becomes.
        kinds: what the columns of each row have to be.
    """

    statement: Composable
    doing: str
    kinds: Sequence[Kind]


def quoted(name: str) -> str:
    """A name as SQL quotes it, for statements that an operator is to run."""
    return '"' + name.replace('"', '""') + '"'


def as_literal(text: str) -> str:
    """A text as SQL quotes it, for the same."""
    return "'" + text.replace("'", "''") + "'"


def in_psql(username: str) -> str:
    """How psql sets a password, which then stands in no log; nothing for a name that would end the command."""
    return f" (in psql: \\password {quoted(username)})" if username.isprintable() else ""


def kinds_of(shape: type) -> list[Kind]:
    """What the fields of a dataclass have to be, for a query whose rows become such objects."""
    return list(get_type_hints(shape).values())


def is_of(row: Row, kinds: Sequence[Kind]) -> bool:
    """Whether a row has a column of each of these kinds."""
    return len(row) == len(kinds) and all(map(isinstance, row, kinds))
