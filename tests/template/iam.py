"""Whether policies allow a request, as far as ours go: an allow whose conditions all hold, and no such deny.

Source: IAM User Guide, "Policy evaluation logic", "Condition operators", and "Set operators for multivalued context
keys" (ForAllValues holds for no value at all; Null asks whether there is one).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Statement = dict[str, Any]
Context = Mapping[str, str | list[str]]


def as_list(value: str | list[str]) -> list[str]:
    """IAM allows a single value where it allows a list."""
    return [value] if isinstance(value, str) else value


def allows(
    statements: Iterable[Statement], action: str, resource: str, context: Context | None = None, *, service: str = ""
) -> bool:
    """Whether the statements allow the action; `service` asks where the policy is a resource's and names principals."""
    effects = {s["Effect"] for s in statements if _applies(s, action, resource, context or {}, service)}
    return effects == {"Allow"}


def _applies(statement: Statement, action: str, resource: str, context: Context, service: str) -> bool:
    return (
        any(_like(action, pattern) for pattern in as_list(statement["Action"]))
        and any(_like(resource, pattern) for pattern in as_list(statement["Resource"]))
        and service in _services(statement)
        and all(
            _holds(operator, context.get(key) or None, as_list(expected))
            for operator, keys in statement.get("Condition", {}).items()
            for key, expected in keys.items()
        )
    )


def _services(statement: Statement) -> list[str]:
    """The services that a resource's policy is about; an identity's own policy names nobody."""
    return as_list(statement["Principal"].get("Service", [])) if "Principal" in statement else [""]


def _holds(operator: str, actual: str | list[str] | None, expected: list[str]) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if name == "Null":
        return [str(actual is None).lower()] == expected
    if actual is None:
        return quantifier == "ForAllValues" or name.endswith("IfExists")
    compare = _COMPARISONS[name.removesuffix("IfExists")]
    found = [any(compare(value, pattern) for pattern in expected) for value in as_list(actual)]
    return all(found) if quantifier == "ForAllValues" else any(found)


def _like(value: str, pattern: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), value) is not None


_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringLike": _like,
    "ArnEquals": _like,  # the two are one and the same to IAM
    "ArnLike": _like,
}
