"""Patterns as the grant tables have them: % stands for any text, _ for any one character.

After a backslash either stands for itself, as does a backslash at the end.
"""

import re
from collections.abc import Iterable


def is_like(pattern: str, text: str) -> bool:
    """Whether a pattern means this text, which is in lower case. Letters of either case are the same.

    It takes no longer than the product of the two lengths, whatever the pattern is.
    """
    reached = {0}  # how much of the text what has been read of the pattern can mean
    for part in re.findall(r"\\.|.", pattern, re.DOTALL):
        if not reached:
            return False
        reached = set(range(min(reached), len(text) + 1)) if part == "%" else _one_further(reached, part, text)
    return len(text) in reached


def _one_further(reached: Iterable[int], part: str, text: str) -> set[int]:
    letter = part[-1].casefold()
    return {end + 1 for end in reached if end < len(text) and (part == "_" or letter == text[end])}
