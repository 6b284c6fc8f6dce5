"""What an account may do, as a set of elements, read from SHOW GRANTS. Pure: no connection in here.

An element is the smallest thing that can be granted and revoked alone. So `GRANT SELECT (a, b), UPDATE ON shop.t ...
WITH GRANT OPTION` is four of them: SELECT on column a, SELECT on column b, UPDATE, and GRANT OPTION. Partial revokes
are held apart, since they take from a right instead of giving one.

Names may hold anything: spaces, quotes, backticks, percent signs, ` TO `. So what the server prints is cut into tokens,
and never split at a character.
Source: MySQL Reference Manual, "SHOW GRANTS Statement", "Privilege Restriction Using Partial Revokes", "Schema Object
Names".
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from secret_rotation.engines.mysql.sql import account_name, identifier

GLOBAL = "*.*"
ROLE = "ROLE"
"""The level of an element that is a role. Its `privilege` is the name of the role."""
DEFAULT_ROLE = "DEFAULT ROLE"
"""The level of an element that is a default role."""
GRANT_OPTION = "GRANT OPTION"
ALL = "ALL PRIVILEGES"
PROXY = "PROXY"

_TABLE_PRIVILEGES = (
    "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "REFERENCES", "INDEX", "ALTER", "CREATE VIEW",
    "SHOW VIEW", "TRIGGER",
)  # fmt: skip
_DATABASE_PRIVILEGES = (
    *_TABLE_PRIVILEGES, "CREATE TEMPORARY TABLES", "LOCK TABLES", "EXECUTE", "CREATE ROUTINE", "ALTER ROUTINE", "EVENT",
)  # fmt: skip

_TOKEN = re.compile(
    r"""
    \s* (?:
        `(?P<name>(?:[^`]|``)*)`
      | "(?P<ansi_name>(?:[^"]|"")*)"
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<symbol>[().,@*])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One element.

    Attributes:
        privilege: the word for it, such as SELECT, or the name of a role as SQL.
        level: what it is for, as SQL, or what it is (ROLE, DEFAULT_ROLE).
        column: the column, as SQL, where it is for one alone.
        option: whether it is the right to hand the same on, of a dynamic privilege, a role or PROXY.
    """

    privilege: str
    level: str
    column: str = ""
    option: bool = False

    @property
    def stands_alone(self) -> bool:
        """Whether its option is its own. The option of other rights belongs to their whole level."""
        return self.level == ROLE or self.privilege == PROXY or self.is_dynamic

    @property
    def is_dynamic(self) -> bool:
        """Whether it is a dynamic privilege: their names have underscores, those of static ones have spaces."""
        return self.level == GLOBAL and "_" in self.privilege


@dataclass(frozen=True, slots=True)
class Rights:
    """All that an account may do. `restrictions` are partial revokes: databases that a global right leaves out."""

    held: frozenset[Right] = frozenset()
    restrictions: frozenset[Right] = frozenset()

    def restricts(self, right: Right) -> frozenset[Right]:
        """The restrictions of a global right."""
        return frozenset(r for r in self.restrictions if r.privilege == right.privilege)


def all_privileges(level: str) -> Iterator[Right]:
    """What ALL PRIVILEGES stands for, so that one of them can be revoked. The word itself stays beside them.

    A newer server may mean more by it than this list: granting the word gives that too.
    """
    for privilege in _DATABASE_PRIVILEGES if level.endswith(".*") else _TABLE_PRIVILEGES:
        yield Right(privilege, level)


class Kind(Enum):
    """What a token is."""

    NAME = auto()
    WORD = auto()
    SYMBOL = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token. A name is without its quotes, a word in upper case."""

    kind: Kind
    text: str


class SqlSyntaxError(ValueError):
    """The server printed something that this module cannot read."""


def tokenize(sql: str) -> list[Token]:
    """Cut a statement into tokens.

    Raises:
        SqlSyntaxError: it holds something that SHOW GRANTS never prints.
    """
    tokens = []
    position, end = 0, len(sql.rstrip())
    while position < end:
        match = _TOKEN.match(sql, position)
        if match is None:
            raise SqlSyntaxError(f"cannot read the statement from position {position}")
        tokens.append(_token(match))
        position = match.end()
    return tokens


def _token(match: re.Match[str]) -> Token:
    if (name := match["name"]) is not None:
        return Token(Kind.NAME, name.replace("``", "`"))
    if (name := match["ansi_name"]) is not None:
        return Token(Kind.NAME, name.replace('""', '"'))
    if (word := match["word"]) is not None:
        return Token(Kind.WORD, word.upper())
    return Token(Kind.SYMBOL, match["symbol"])


@dataclass(slots=True)
class TokenReader:
    """Reads tokens from left to right."""

    tokens: list[Token]
    position: int = field(default=0)

    @classmethod
    def of(cls, sql: str) -> "TokenReader":
        """A reader at the beginning of a statement."""
        return cls(tokenize(sql))

    def at(self, kind: Kind) -> bool:
        """Whether the next token is of this kind."""
        return self.position < len(self.tokens) and self.tokens[self.position].kind is kind

    def take(self, kind: Kind) -> str:
        """The text of the next token, which must be of this kind."""
        if not self.at(kind):
            raise SqlSyntaxError(f"expected a {kind.name.lower()} as token {self.position}")
        self.position += 1
        return self.tokens[self.position - 1].text

    def skip(self, *texts: str) -> bool:
        """Go past these words or symbols if all of them come next, and say whether they did."""
        wanted = self.tokens[self.position : self.position + len(texts)]
        if [token.text for token in wanted if token.kind is not Kind.NAME] != list(texts):
            return False
        self.position += len(texts)
        return True

    def expect(self, *texts: str) -> None:
        """Go past these words or symbols, which must come next."""
        if not self.skip(*texts):
            raise SqlSyntaxError(f"expected {' '.join(texts)} as token {self.position}")

    def privilege(self) -> str:
        """The words up to a comma, a bracket or ON, with a space between them.

        Whatever they are: relatives of MySQL have privileges of their own, such as LOAD FROM S3 of Aurora.
        """
        found = [self.take(Kind.WORD)]
        while self.at(Kind.WORD) and self.tokens[self.position].text != "ON":
            found.append(self.take(Kind.WORD))
        return " ".join(found)


def parse_grants(rows: Iterable[str]) -> Rights:
    """Read the rows of SHOW GRANTS.

    Raises:
        SqlSyntaxError: a row has a form that this module does not know.
    """
    held: set[Right] = set()
    restrictions: set[Right] = set()
    for row in rows:
        reader = TokenReader.of(row)
        if reader.skip("REVOKE"):
            restrictions.update(_on_level(reader, "FROM"))
        else:
            reader.expect("GRANT")
            held.update(_roles(reader) if reader.at(Kind.NAME) else _on_level(reader, "TO"))
        if reader.position != len(reader.tokens):
            raise SqlSyntaxError(f"unexpected token {reader.position} at the end of a grant")
    return Rights(frozenset(held), frozenset(restrictions))


def _account(reader: TokenReader) -> str:
    user = reader.take(Kind.NAME)
    reader.expect("@")
    return str(account_name(user, reader.take(Kind.NAME)))


def _roles(reader: TokenReader) -> Iterator[Right]:
    roles = [_account(reader)]
    while reader.skip(","):
        roles.append(_account(reader))
    reader.expect("TO")
    _account(reader)
    option = reader.skip("WITH", "ADMIN", "OPTION")
    for role in roles:
        yield from _with_option(Right(role, ROLE), option=option)


def _with_option(right: Right, *, option: bool) -> Iterator[Right]:
    yield right
    if option:
        yield replace(right, option=True)


def _on_level(reader: TokenReader, preposition: str) -> Iterator[Right]:
    named = list(_privileges(reader))
    reader.expect("ON")
    level = _level(reader, is_proxy=named == [(PROXY, "")])
    reader.expect(preposition)
    _account(reader)
    option = reader.skip("WITH", "GRANT", "OPTION")
    rights = [Right(privilege, level, column) for privilege, column in named if privilege != "USAGE"]
    if option and not (rights and all(right.stands_alone for right in rights)):
        yield Right(GRANT_OPTION, level)
    for right in rights:
        yield from _with_option(right, option=option and right.stands_alone)
        if right.privilege == ALL:
            yield from all_privileges(level)


def _privileges(reader: TokenReader) -> Iterator[tuple[str, str]]:
    while True:
        privilege = reader.privilege()
        yield from ((privilege, column) for column in _columns(reader))
        if not reader.skip(","):
            return


def _columns(reader: TokenReader) -> list[str]:
    if not reader.skip("("):
        return [""]
    columns = [str(identifier(reader.take(Kind.NAME)))]
    while reader.skip(","):
        columns.append(str(identifier(reader.take(Kind.NAME))))
    reader.expect(")")
    return columns


def _level(reader: TokenReader, *, is_proxy: bool) -> str:
    if is_proxy:
        return _account(reader)
    if reader.skip("*", ".", "*"):
        return GLOBAL
    prefix = next((f"{kind} " for kind in ("PROCEDURE", "FUNCTION", "LIBRARY") if reader.skip(kind)), "")
    database = identifier(reader.take(Kind.NAME))
    reader.expect(".")
    return f"{prefix}{database}.{'*' if reader.skip('*') else identifier(reader.take(Kind.NAME))}"
