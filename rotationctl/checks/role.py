"""Checks of the function's role: IAM is asked what it may do, nothing is guessed."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rotationctl.checks.asking import MissingError
from rotationctl.checks.case import Case
from rotationctl.checks.needing import needing_function
from rotationctl.checks.outcome import Outcome, failed, ok, warning
from rotationctl.checks.secret import NEEDED, named_key
from rotationctl.checks.simulation import Decision, simulate
from rotationctl.functions import ALTERNATING_USERS

ACTIONS = [f"secretsmanager:{name}" for name in NEEDED]
POLICY = "RotateOwnSecrets"
"""What template.yaml calls the policy that lets a role rotate."""
USEFUL = "secretsmanager:ListSecretVersionIds"
"""Without it a rotation does not find the passwords of those that were given up."""


def _secret(case: Case) -> Outcome:
    decision = _on_the_secret(case)
    if not decision.denied:
        return ok(f"IAM lets {_role(case)} do what a rotation does.")
    # As template.yaml has it, so that what is typed is what the stack would have made.
    arns = [case.function_arn, f"{case.function_arn}:*"]
    every_secret = f"{case.secret.arn.rpartition(':')[0]}:*"
    naming = {"secretsmanager:resource/AllowRotationLambdaArn": arns, "lambda:SourceFunctionArn": arns}
    grant = _grant(case, POLICY, [*ACTIONS, USEFUL], every_secret, {"ArnLike": naming})
    if [*decision.denied] == [USEFUL]:
        return warning(
            f"The {_role(case)} may not do {USEFUL}: passwords of rotations that were given up are lost.", grant
        )
    return failed(f"The {_role(case)} may not do {_listed(decision.denied)} with it.{decision.whence}", grant)


def _key(case: Case) -> Outcome:
    """Source: Secrets Manager User Guide, "Lambda rotation function execution role permissions"."""
    key = named_key(case)
    if key is None:
        return ok("The key aws/secretsmanager takes no permission.")
    arn = str(case.aws.call("kms", "describe_key", KeyId=key)["KeyMetadata"]["Arn"])
    partition_suffix = "amazonaws.com.cn" if case.secret.region.startswith("cn-") else "amazonaws.com"
    conditions = {
        "kms:ViaService": f"secretsmanager.{case.secret.region}.{partition_suffix}",
        "kms:EncryptionContext:SecretARN": case.secret.arn,
    }
    actions = ["kms:Decrypt", "kms:GenerateDataKey"]
    decision = simulate(case, actions, arn, conditions)
    if not decision.denied:
        return ok(f"The role may use {arn}, as far as its own policies go.")
    text = (
        f"The {_role(case)} may not do {_listed(decision.denied)} with {arn} through Secrets Manager.{decision.whence}"
    )
    return failed(text, _grant(case, f"UseKey-{arn[-12:]}", actions, arn, {"StringEquals": conditions}))


def _superuser(case: Case) -> Outcome:
    """Which secret is meant, the value says; which may be meant, the function's environment."""
    if case.function is None or case.function.strategy != ALTERNATING_USERS:
        return ok("Only alternating users always need one.")
    listed = case.configuration.get("Environment", {}).get("Variables", {}).get("SUPERUSER_SECRET_ARNS", "")
    arns = [arn.strip() for arn in listed.split(",") if arn.strip()]
    if not arns:
        return failed("The function may read none. Deploy its stack with AlternatingUsersSuperuserSecretArns.")
    complete = [arn for arn in arns if not {*arn} & {*"*?"}]
    if not complete:
        return ok("It is allowed by a pattern; which secret is meant, the value says.")
    actions = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    source = {"lambda:SourceFunctionArn": case.function_arn or ""}
    for arn in complete:
        decision = simulate(case, actions, arn, source)
        if decision.denied:
            text = f"The {_role(case)} may not do {_listed(decision.denied)} with {arn}.{decision.whence}"
            return failed(text, _grant(case, f"ReadSuperuser-{arn[-6:]}", actions, arn, {"ArnLike": source}))
    return ok(f"It may read {_listed(complete)}.")


def _boundary(case: Case) -> Outcome:
    stopped = _on_the_secret(case).by_boundary
    if stopped:
        return failed(f"The permissions boundary of {_role(case)} does not admit {_listed(stopped)}. Add them to it.")
    return ok("It has none, or one that admits what a rotation does.")


def _on_the_secret(case: Case) -> Decision:
    naming = {
        "secretsmanager:resource/AllowRotationLambdaArn": case.function_arn or "",
        "lambda:SourceFunctionArn": case.function_arn or "",
    }
    return case.aws.once("role", lambda: simulate(case, [*ACTIONS, USEFUL], case.secret.arn, naming))


def _grant(case: Case, policy: str, actions: Sequence[str], resource: str, conditions: Mapping[str, Any]) -> str:
    statement = {"Effect": "Allow", "Action": [*actions], "Resource": resource, "Condition": conditions}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return case.command(
        "iam", "put-role-policy", "--role-name", case.role_arn.rpartition("/")[2],
        "--policy-name", policy, "--policy-document", document,
    )  # fmt: skip


def _role(case: Case) -> str:
    return f"role {case.role_arn.rpartition('/')[2]}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _of_a_role(check: Callable[[Case], Outcome]) -> Callable[[Case], Outcome]:
    """The check, where there is a role."""

    def of_a_role(case: Case) -> Outcome:
        try:
            return check(case)
        except MissingError:
            return failed("The function's role does not exist any more. Deploy the stack again.")

    return of_a_role


CHECKS = {
    name: needing_function(_of_a_role(check))
    for name, check in {
        "role.secret": _secret,
        "role.key": _key,
        "role.superuser": _superuser,
        "role.boundary": _boundary,
    }.items()
}
