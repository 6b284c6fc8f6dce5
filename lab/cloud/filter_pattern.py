"""Filter patterns of CloudWatch Logs, as far as anybody here prints them.

Source: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter log events,
and Live Tail": terms that all have to be there, `?` for one of several, `-` for none; and, in braces, comparisons of a
JSON object's members by = and != joined by && and ||, where && binds tighter.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from lab.cloud.errors import AwsError

_TERM = re.compile(r'\s*([-?]?)("(?:[^"\\]|\\.)*"|[^\s"]+)')
_COMPARISON = re.compile(r'\$((?:\.[\w-]+)+)\s*(!?=)\s*("(?:[^"\\]|\\.)*"|[^\s&|)"]+)\s*')
_JOINER = re.compile(r"(&&|\|\|)\s*")
_Test = Callable[[str], bool]
_Predicate = Callable[[object], bool]


@dataclass(frozen=True)
class FilterPattern:
    """A pattern that lines match, or do not."""

    matches: _Test

    @classmethod
    def parse(cls, text: str) -> "FilterPattern":
        """Read a pattern.

        Raises:
            AwsError: InvalidParameterException.
        """
        stripped = text.strip()
        if stripped.startswith("{"):
            if not stripped.endswith("}"):
                raise _invalid()
            return cls(_of_json(_alternatives(stripped[1:-1].strip())))
        return cls(_of_terms(stripped))


def _of_terms(text: str) -> _Test:
    needed: dict[str, list[str]] = {"": [], "?": [], "-": []}
    position = 0
    while position < len(text):
        found = _TERM.match(text, position)
        if found is None:
            raise _invalid()
        needed[found[1]].append(_unquoted(found[2]))
        position = found.end()
    every, some, none = needed[""], needed["?"], needed["-"]
    return lambda line: (
        all(term in line for term in every)
        and (not some or any(term in line for term in some))
        and not any(term in line for term in none)
    )


def _of_json(predicate: _Predicate) -> _Test:
    def test(line: str) -> bool:
        try:
            document = json.loads(line)
        except ValueError:
            return False
        return isinstance(document, dict) and predicate(document)

    return test


def _alternatives(text: str) -> _Predicate:
    """Comparisons joined by && and ||: one of the groups between || has to hold in whole."""
    groups: list[list[_Predicate]] = [[]]
    position = 0
    while True:
        found = _COMPARISON.match(text, position)
        if found is None:
            raise _invalid()
        groups[-1].append(_comparison(found[1].split(".")[1:], found[2] == "=", found[3]))
        if found.end() == len(text):
            return lambda document: any(all(holds(document) for holds in group) for group in groups)
        joiner = _JOINER.match(text, found.end())
        if joiner is None:
            raise _invalid()
        groups += [[]] if joiner[1] == "||" else []
        position = joiner.end()


def _comparison(path: list[str], wants_equal: bool, value: str) -> _Predicate:  # noqa: FBT001 - used above only
    def holds(document: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
        for key in path:
            if not isinstance(document, dict) or key not in document:
                return False
            document = document[key]
        text = document if isinstance(document, str) else json.dumps(document)
        return fnmatchcase(text, re.sub(r"([\[?])", r"[\1]", _unquoted(value))) == wants_equal

    return holds


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text)) if text.startswith('"') else text
    except ValueError:
        raise _invalid() from None


def _invalid() -> AwsError:
    return AwsError("InvalidParameterException", "Invalid filter pattern")
