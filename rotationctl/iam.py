"""What is read out of IAM's policies: lists that may be single values, and actions with wildcards.

Source: IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM JSON policy elements: Action".
"""

from fnmatch import fnmatchcase
from typing import Any


def as_list(value: object) -> list[Any]:
    """IAM lets a list of one be written without brackets."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def covers(patterns: object, action: str) -> bool:
    """Whether one of these actions with `*` and `?` in them, in any case, takes in an action."""
    return any(fnmatchcase(action.lower(), str(pattern).lower().replace("[", "[[]")) for pattern in as_list(patterns))
