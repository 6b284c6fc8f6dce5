"""What IAM says that the function's role may do.

Source: IAM API Reference, SimulatePrincipalPolicy. It knows the role's policies, its boundary, and the organisation's
service control policies, but not the policies of a secret or of a key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rotationctl.checks.case import Case


@dataclass(frozen=True, slots=True)
class Decision:
    """What the role may not do with one thing.

    Attributes:
        denied: the actions.
        by_boundary: those of them that the permissions boundary does not admit.
        by_organisation: those that a service control policy does not admit.
    """

    denied: Sequence[str]
    by_boundary: Sequence[str]
    by_organisation: Sequence[str]

    @property
    def whence(self) -> str:
        """What stands against it, where that is not the role's own policies; begins with a space."""
        if self.by_organisation:
            return " A service control policy of your organisation stands against it."
        return " Its permissions boundary stands against it." if self.by_boundary else ""


def simulate(case: Case, actions: Sequence[str], resource: str, conditions: Mapping[str, str]) -> Decision:
    """What the role may not do with a resource, where the keys of conditions have these values.

    Raises:
        UnansweredError: the caller may not ask.
        MissingError: there is no such role.
    """
    entries = [
        {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for key, value in conditions.items()
    ]
    results = case.aws.pages(
        "iam", "simulate_principal_policy", "EvaluationResults",
        PolicySourceArn=case.role_arn, ActionNames=actions, ResourceArns=[resource], ContextEntries=entries,
    )  # fmt: skip
    denied = [result for result in results if result["EvalDecision"] != "allowed"]
    return Decision(
        denied=[result["EvalActionName"] for result in denied],
        by_boundary=_stopped(denied, "PermissionsBoundaryDecisionDetail", "AllowedByPermissionsBoundary"),
        by_organisation=_stopped(denied, "OrganizationsDecisionDetail", "AllowedByOrganizations"),
    )


def _stopped(denied: Sequence[Mapping[str, Any]], detail: str, key: str) -> list[str]:
    return [result["EvalActionName"] for result in denied if not result.get(detail, {}).get(key, True)]
