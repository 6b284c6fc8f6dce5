"""What can be wrong with a text that comes from outside."""

import re

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def text_fault(value: object) -> str | None:
    """Why a value is no text that can be used; None where it can. The value itself is not told."""
    if value is None:
        return "is missing"
    if not isinstance(value, str):
        return "is not a string"
    if not value:
        return "is empty"
    if "\0" in value:
        return "contains a NUL character"
    return "contains half of a character (a lone surrogate)" if _LONE_SURROGATE.search(value) else None
