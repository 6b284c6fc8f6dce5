"""What the level of a right is about. Pure: no connection in here.

Source: MySQL Reference Manual, "GRANT Statement": % and _ in the name of a database are wildcards.
"""

from secret_rotation.engines.mysql.patterns import is_like
from secret_rotation.engines.mysql.rights import GLOBAL, Kind, TokenReader


def database_of(level: str) -> str | None:
    """The name or pattern of the database that a level is about or in; None where it names none."""
    reader = TokenReader.of(level)
    while reader.at(Kind.WORD):
        reader.take(Kind.WORD)
    return reader.take(Kind.NAME) if reader.at(Kind.NAME) else None


def covers(outer: str, inner: str) -> bool:
    """Whether a right on one level is one on the other too; also where two patterns do not tell for sure."""
    if outer in (GLOBAL, inner):
        return True
    one, other = database_of(outer), database_of(inner)
    return outer.endswith(".*") and one is not None and other is not None and is_like(one, other.casefold())
