"""Whether a condition of a policy leaves anybody out: one on `aws:SecureTransport` alone does not.

Source: IAM User Guide, "AWS global condition context keys", "IAM JSON policy elements: Condition operators". AWS draws
the same line: API Reference of EventBridge, PublicPolicyException, whose conditions must limit the callers.
"""

import re
from collections.abc import Mapping

from rotationctl.iam import as_list

_LIMITING = frozenset({
    "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:sourceaccount",
    "aws:sourcearn", "aws:sourceip", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner", "aws:sourcevpc",
    "aws:sourcevpce", "aws:userid", "aws:username", "aws:vpcsourceip",
})  # fmt: skip
"""Keys that tell who asks, or from where; what whoever asks sets by himself, as his own tags, is not among them."""
_EVERYTHING = re.compile(r"[*?]+|arn:[^:]*:[^:]*:[^:]*:[*?]+:.*|0\.0\.0\.0/0|::/0")
_LEAVES_OUT_NOBODY = re.compile(r"Null|ForAllValues:.*|.*Not.*|.*IfExists")
"""Operators that hold for whomever they do not name, or where there is no such key."""


def limits_whom(conditions: Mapping[str, Mapping[str, object]]) -> bool:
    """Whether one of a statement's conditions, by their operators, leaves anybody out."""
    return any(_limits(operator, key, value) for operator, tests in conditions.items() for key, value in tests.items())


def _limits(operator: str, key: str, value: object) -> bool:
    if key.lower() not in _LIMITING or _LEAVES_OUT_NOBODY.fullmatch(operator):
        return False
    return not any(_EVERYTHING.fullmatch(str(text)) for text in as_list(value))
