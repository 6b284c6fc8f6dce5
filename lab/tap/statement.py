"""The name of an SQL statement: its keywords, in order, and "..." for all else.

Whatever is no known keyword is left out, so that no value gets through, not even where a quote is misread. A user whose
name is one of these keywords, and who is written without quotes, would be seen; a rotation quotes all names.
"""

import re
from collections.abc import Iterator

_KEYWORDS = frozenset({
    "ACCOUNT", "ADMIN", "ALL", "ALTER", "AS", "ATTRIBUTE", "BEGIN", "BY", "CALL", "COMMENT", "COMMIT", "CONNECTION",
    "CREATE", "CURRENT", "DATABASE", "DEFAULT", "DELETE", "DISCARD", "DROP", "EXPIRE", "FROM", "GRANT", "GRANTS",
    "IDENTIFIED", "IN", "INSERT", "INTO", "LIMIT", "LOCK", "LOGIN", "NAMES", "NOLOGIN", "NONE", "OLD", "ON", "OPTION",
    "OWNED", "PASSWORD", "REASSIGN", "REPLACE", "REQUIRE", "RESET", "RETAIN", "REVOKE", "ROLE", "ROLLBACK", "SCHEMA",
    "SELECT", "SET", "SHOW", "START", "TABLE", "TABLES", "TO", "TRANSACTION", "TRUNCATE", "UNLOCK", "UNTIL",
    "UPDATE", "USER", "VALID", "WITH",
})  # fmt: skip
_QUERIES = frozenset({"SELECT", "WITH"})
_TOKEN = re.compile(
    r"""
    '[^']*' | "[^"]*" | `[^`]*` | --[^\n]* | /\*.*?\*/
    | (?P<word> [A-Za-z_]\w* ) (?!\w|\()
    | (?P<end> ; )
    | \w+ | \S
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_LEFT_OUT = "..."


def keywords(sql: str) -> str:
    """The keywords of one or more statements; of a query only the first, as its others say nothing of what it does."""
    return "; ".join(" ".join(words) for words in _statements(sql) if words)


def _statements(sql: str) -> Iterator[list[str]]:
    words: list[str] = []
    for token in _TOKEN.finditer(sql):
        if token["end"]:
            yield words
            words = []
        elif _is_shown(word := (token["word"] or "").upper(), words):
            words.append(word)
        elif words[-1:] != [_LEFT_OUT]:
            words.append(_LEFT_OUT)
    yield words


def _is_shown(word: str, before: list[str]) -> bool:
    return word in _KEYWORDS and not (before and before[0] in _QUERIES)
