"""Statements, composed of text that is SQL already and of values that are not, and shown without their secrets.

Names and strings may hold anything: quotes, backticks, percent signs. So a value is quoted where it becomes SQL: by
`Sql.format`, `identifier`, `account_name` or `literal`. A password stays apart until the statement is sent: `str()` may
be logged, and is the whole statement where that holds neither a password nor anything abridged. What a person is to run
is shown by `typed()`.
Source: MySQL Reference Manual, "Schema Object Names" and "String Literals".
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from secret_rotation.password import Password

_READS_BACKSLASHES = "SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',NO_BACKSLASH_ESCAPES'); "


@dataclass(frozen=True, slots=True)
class Abridged:
    """SQL that is sent like any other, and is too long for an error or a log, which have its name instead."""

    sql: str
    name: str


@dataclass(frozen=True, slots=True, init=False)
class Sql:
    """A statement, or a part of one. What the constructor takes is sent as it is; two are equal if their parts are."""

    parts: tuple[str | Password | Abridged, ...]

    def __init__(self, *parts: str | Password | Abridged) -> None:
        object.__setattr__(self, "parts", parts)

    def format(self, *values: "Sql | str | int | Password | Abridged") -> "Sql":
        """The same with a value in the place of each `{}`: SQL as it is, any other text as a string literal.

        Raises:
            TypeError: this has values already, in which `{}` is no place for one.
            ValueError: there are more places than values, or fewer.
        """
        match self.parts:
            case (str() as template,):
                first, *others = template.split("{}")
            case _:
                raise TypeError("values go into a text that has none yet")
        parts: list[str | Password | Abridged] = [first]
        for value, text in zip(values, others, strict=True):
            parts += [*_as_sql(value).parts, text]
        return Sql(*parts)

    def join(self, pieces: Iterable["Sql"]) -> "Sql":
        """All pieces, with this between any two of them."""
        parts: list[str | Password | Abridged] = []
        for number, piece in enumerate(pieces):
            parts += [*(self.parts if number else ()), *piece.parts]
        return Sql(*parts)

    def __add__(self, other: "Sql") -> "Sql":
        return Sql(*self.parts, *other.parts)

    def __str__(self) -> str:
        """What may be shown: without passwords."""
        return "".join(map(_shown, self.parts))

    def typed(self) -> str:
        """What a person may type in whatever sql_mode, where this holds no password and nothing abridged.

        By default a server reads a backslash in a string as the beginning of an escape, and the client `mysql` also one
        at the end of a name. Sessions of the functions do not, and no other way to write a string is accepted in all
        places, so the session of whoever types it is made to read as they do.
        """
        text = str(self)
        is_read_otherwise = "\\`" in text or ("\\" in text and "'" in text)
        return f"{_READS_BACKSLASHES}{text}" if is_read_otherwise else text

    def render(self, quote: Callable[[str], str]) -> str:
        """What is sent. `quote` makes a string literal of a password, as the session reads one."""
        return "".join(_sent(part, quote) for part in self.parts)


def identifier(name: str) -> Sql:
    """A name in backticks: right in every sql_mode."""
    return Sql("`" + name.replace("`", "``") + "`")


def account_name(user: str, host: str) -> Sql:
    """An account or a role, as the server prints it."""
    return Sql("{}@{}").format(identifier(user), identifier(host))


def literal(text: str) -> Sql:
    """A string literal, for sessions whose sql_mode has NO_BACKSLASH_ESCAPES: all that are set up. See `Sql.typed`."""
    return Sql("'" + text.replace("'", "''") + "'")


def _as_sql(value: Sql | str | int | Password | Abridged) -> Sql:
    match value:
        case Sql():
            return value
        case str():
            return literal(value)
        case int():
            return Sql(str(value))
        case Password() | Abridged():
            return Sql(value)


def _shown(part: str | Password | Abridged) -> str:
    match part:
        case Password():
            return "<password>"
        case Abridged():
            return f"<{part.name}>"
        case _:
            return part


def _sent(part: str | Password | Abridged, quote: Callable[[str], str]) -> str:
    match part:
        case Password():
            return quote(part.reveal())
        case Abridged():
            return part.sql
        case _:
            return part
