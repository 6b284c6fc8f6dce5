"""Reading policies that hang on resources, as far as is asked here: whom and what a statement is about.

Whether its conditions hold cannot be known; whether they leave anybody out, `conditions` knows.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rotationctl.conditions import limits_whom
from rotationctl.iam import as_list, covers

EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy.

    Source: IAM User Guide, "Grammar of the IAM JSON policy language".
    """

    document: Mapping[str, Any]

    @property
    def sid(self) -> str:
        """What it is called."""
        return str(self.document.get("Sid") or "without a Sid")

    @property
    def allows(self) -> bool:
        """Whether it gives."""
        return bool(self.document.get("Effect") == "Allow")

    @property
    def denies(self) -> bool:
        """Whether it takes away."""
        return bool(self.document.get("Effect") == "Deny")

    @property
    def conditions(self) -> Mapping[str, Mapping[str, Any]]:
        """Under what conditions, by their operators."""
        found = self.document.get("Condition")
        tests = found.items() if isinstance(found, dict) else ()
        return {operator: keys for operator, keys in tests if isinstance(keys, dict)}

    def condition(self, key: str) -> list[str]:
        """The values that a condition has for a key, whatever its case and its operator."""
        return [
            value
            for keys in self.conditions.values()
            for name, values in keys.items()
            if name.lower() == key.lower()
            for value in as_list(values)
        ]

    @property
    def is_for_all_but(self) -> bool:
        """Whether `principals` are those whom it is not about."""
        return "NotPrincipal" in self.document

    @property
    def principals(self) -> Sequence[str]:
        """Whom it is about, of every kind: accounts, roles, services; or whom it is not about."""
        principal = self.document.get("NotPrincipal") or self.document.get("Principal")
        kinds = principal.values() if isinstance(principal, dict) else [principal]
        return [str(name) for names in kinds for name in as_list(names)]

    @property
    def is_open(self) -> bool:
        """Whether it is about everybody, in any account, without a condition on who or from where."""
        return (self.is_for_all_but or EVERYBODY in self.principals) and not limits_whom(self.conditions)

    def is_about(self, role_arn: str | None) -> bool:
        """Whether it is about this role, or about everybody where the role is not known."""
        names_role = role_arn is not None and not {*_names(role_arn)}.isdisjoint(self.principals)
        if self.is_for_all_but:
            return role_arn is not None and not names_role
        return names_role or EVERYBODY in self.principals

    def names_service(self, service: str) -> bool:
        """Whether it is about a service of AWS."""
        return not self.is_for_all_but and service in self.principals

    def names(self, action: str) -> bool:
        """Whether it is about this action."""
        if "NotAction" in self.document:
            return not covers(self.document["NotAction"], action)
        return covers(self.document.get("Action"), action)


def statements(policy: str) -> list[Statement]:
    """The statements of a policy in JSON.

    Raises:
        ValueError: it is no policy.
    """
    document = json.loads(policy)
    found: list[Any] = as_list(document.get("Statement")) if isinstance(document, dict) else [None]
    if not all(isinstance(statement, dict) for statement in found):
        raise ValueError(policy)
    return [Statement(statement) for statement in found]


def _names(role_arn: str) -> Iterator[str]:
    """How a principal may name a role: itself, or its whole account in one of two ways."""
    partition, account = role_arn.split(":")[1], role_arn.split(":")[4]
    yield from (role_arn, account, f"arn:{partition}:iam::{account}:root")
