"""The JSON of a secret, changed in place: what nobody here knows stays as it was spelt.

A rotation writes a new user name and a new password into the text and leaves every other character alone. Parsing it
and writing it anew would not: 12345678901234567890.5 loses digits, 1e400 becomes Infinity, of two equal keys one goes,
and escapes and blanks make the text longer than Secrets Manager takes.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from secret_rotation.errors import InvalidSecretError
from secret_rotation.hidden import Hidden

_LONGEST_INTEGER = 100
"""Digits. No number that is read here has as many, and Python turns no text of thousands into an int."""

_BETWEEN = re.compile(r"[ \t\n\r,:]*")
"""What stands between the keys and values of an object that is known to be JSON."""


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else math.inf


_DECODER = json.JSONDecoder(parse_int=_integer)


@dataclass(frozen=True, slots=True)
class _Member:
    """A key of the object, and where in the text its value stands; not the value, which may be a password."""

    key: str
    start: int
    end: int


class SecretDocument(Hidden):
    """The JSON object that a version of a secret holds.

    Raises:
        ValueError, RecursionError: the text is no JSON, or is nested too deeply to be read.
        TypeError: it is JSON, but no object.
    """

    __slots__ = ("_members",)

    def __init__(self, text: str = "{}") -> None:
        super().__init__(text)
        if not isinstance(_DECODER.decode(text), dict):
            raise TypeError("the JSON is not an object")
        self._members = tuple(_members(text))

    @classmethod
    def parse(cls, text: str, secret: str) -> Self:
        """Read the value of a version.

        Raises:
            InvalidSecretError: the text is no JSON object; the text is never quoted.
        """
        try:
            return cls(text)
        except (ValueError, RecursionError):
            raise InvalidSecretError(
                f"The value of {secret} is not JSON. "
                "It must be a JSON object with the keys engine, host, username and password."
            ) from None
        except TypeError:
            raise InvalidSecretError(f"The value of {secret} is JSON, but not an object.") from None

    def get(self, key: str) -> object:
        """The value of a key, or None. Of several the last one counts, as for most that read JSON."""
        start = next((member.start for member in reversed(self._members) if member.key == key), None)
        return None if start is None else _DECODER.raw_decode(self._text, start)[0]

    def with_texts(self, values: Mapping[str, str]) -> Self:
        """The same text with other values for these keys, wherever they stand in the object."""
        parts, end = [], 0
        for member in self._members:
            if member.key in values:
                parts += [self._text[end : member.start], json.dumps(values[member.key], ensure_ascii=False)]
                end = member.end
        return type(self)("".join((*parts, self._text[end:])))


def _members(text: str) -> Iterator[_Member]:
    """The members of an object whose text is known to be JSON, in their order."""
    position = _next(text, text.index("{") + 1)
    while text[position] != "}":
        key, end = _DECODER.raw_decode(text, position)
        start = _next(text, end)
        _, end = _DECODER.raw_decode(text, start)
        yield _Member(key, start, end)
        position = _next(text, end)


def _next(text: str, position: int) -> int:
    found = _BETWEEN.match(text, position)
    return found.end() if found else position
