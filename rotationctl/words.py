"""Words that say how something stands: each has a meaning, which help and documents show, and a colour."""

from enum import StrEnum
from typing import Self


class Word(StrEnum):
    """A base for such words: `FINE = "fine", "nothing is wrong.", "green"`."""

    meaning: str
    colour: str | None

    def __new__(cls, word: str, meaning: str, colour: str | None) -> Self:
        """Make a member, which is its word."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.meaning = meaning
        member.colour = colour
        return member
