"""SQL as the server prints it in SHOW GRANTS, cut into tokens; and names, written so that they can be cut again.

Names may hold anything: spaces, quotes, backticks, percent signs, ` TO `. So nothing here ever splits at a character.
Source: MySQL Reference Manual, "Schema Object Names" and "String Literals".
"""

import re
from dataclasses import dataclass, field
from enum import Enum, auto

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


def quote_name(name: str) -> str:
    """A name in backticks: right in every sql_mode."""
    return "`" + name.replace("`", "``") + "`"


def quote_account(user: str, host: str) -> str:
    """An account or a role as the server prints it."""
    return f"{quote_name(user)}@{quote_name(host)}"


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

    def words(self) -> str:
        """All words that come next, with a space between them."""
        found = [self.take(Kind.WORD)]
        while self.at(Kind.WORD) and self.tokens[self.position].text not in ("ON", "TO", "FROM", "WITH"):
            found.append(self.take(Kind.WORD))
        return " ".join(found)
