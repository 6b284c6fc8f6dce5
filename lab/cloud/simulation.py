"""IAM's SimulatePrincipalPolicy, over the roles that moto keeps: what a role may do, by its policies and its boundary.

Source: IAM API Reference, SimulatePrincipalPolicy; IAM User Guide, "Policy evaluation logic". Conditions are known as
far as template.yaml and its documents have them; a condition on a key that is not given does not hold.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from moto.iam.models import Role, iam_backends

from lab.cloud.account import ACCOUNT
from lab.cloud.errors import AwsError
from lab.cloud.http import XML_TYPE, HttpRequest, Reply

ALLOWED, EXPLICIT, IMPLICIT = "allowed", "explicitDeny", "implicitDeny"
Context = Mapping[str, str]


def simulate_principal_policy(request: HttpRequest) -> Reply:
    """Answer the request.

    Raises:
        AwsError: NoSuchEntity; ValidationError for an operator of conditions that is not known here.
    """
    parameters = dict(parse_qsl(request.body.decode()))
    role = _role(parameters["PolicySourceArn"])
    context = {
        parameters[f"{entry}.ContextKeyName"].lower(): parameters[f"{entry}.ContextKeyValues.member.1"]
        for entry in _entries(parameters, "ContextEntries", ".ContextKeyName")
    }
    results = [
        _result(role, parameters[action], parameters[resource], context)
        for action in _entries(parameters, "ActionNames")
        for resource in _entries(parameters, "ResourceArns")
    ]
    body = f"<EvaluationResults>{''.join(results)}</EvaluationResults><IsTruncated>false</IsTruncated>"
    name = "SimulatePrincipalPolicy"
    return Reply(200, XML_TYPE, f"<{name}Response><{name}Result>{body}</{name}Result></{name}Response>".encode())


def _role(arn: str) -> Role:
    for role in iam_backends[ACCOUNT]["aws"].roles.values():
        if role.arn == arn:
            return role
    raise AwsError("NoSuchEntity", f"Role {arn} does not exist.", 404)


def _result(role: Role, action: str, resource: str, context: Context) -> str:
    own = decide([*map(json.loads, role.policies.values()), *_managed(role)], action, resource, context)
    boundary = _boundary(role)
    within = boundary is None or decide([boundary], action, resource, context) == ALLOWED
    detail = (
        f"<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>{str(within).lower()}"
        "</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"
    )
    return (
        f"<member><EvalActionName>{escape(action)}</EvalActionName>"
        f"<EvalResourceName>{escape(resource)}</EvalResourceName>"
        f"<EvalDecision>{own if within or own != ALLOWED else IMPLICIT}</EvalDecision>"
        f"{detail if boundary is not None else ''}</member>"
    )


def decide(policies: Sequence[Mapping[str, Any]], action: str, resource: str, context: Context) -> str:
    """What policies say of an action on a resource; `context` has the values of conditions' keys, in lower case."""
    effects = {
        statement["Effect"]
        for policy in policies
        for statement in _list(policy["Statement"])
        if _matches(statement["Action"], action, str.lower)
        and _matches(statement["Resource"], resource, str)
        and _holds(statement.get("Condition", {}), context)
    }
    return EXPLICIT if "Deny" in effects else ALLOWED if "Allow" in effects else IMPLICIT


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    return all(
        _condition_holds(operator, context.get(key.lower()), _list(values))
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _condition_holds(operator: str, given: str | None, values: Sequence[str]) -> bool:
    if operator == "Null":
        return str(given is None).lower() in values
    if operator not in ("ArnEquals", "ArnLike", "StringEquals", "StringLike"):
        raise AwsError("ValidationError", f"The lab's IAM does not know {operator}.")
    if given is None or operator == "StringEquals":
        return given in values
    return _matches(values, given, str)


def _managed(role: Role) -> Iterator[Mapping[str, Any]]:
    for arn in role.managed_policies:
        yield _of_arn(arn)


def _boundary(role: Role) -> Mapping[str, Any] | None:
    arn = role.permissions_boundary_arn
    return _of_arn(arn) if arn else None


def _of_arn(arn: str) -> Mapping[str, Any]:
    policy = iam_backends[ACCOUNT]["aws"].get_policy(arn)
    version = next(version for version in policy.versions if version.is_default)
    document: Mapping[str, Any] = json.loads(version.document)
    return document


def _matches(patterns: object, text: str, fold: Callable[[str], str]) -> bool:
    return any(fnmatchcase(fold(text), fold(pattern).replace("[", "[[]")) for pattern in _list(patterns))


def _entries(parameters: Mapping[str, str], name: str, suffix: str = "") -> Iterator[str]:
    number = 1
    while f"{name}.member.{number}{suffix}" in parameters:
        yield f"{name}.member.{number}"
        number += 1


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
