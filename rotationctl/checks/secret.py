"""Checks of the secret's metadata: whether it is one that a function here can rotate."""

from collections.abc import Iterator, Mapping
from typing import Any

from rotationctl.checks.asking import MissingError
from rotationctl.checks.case import Case
from rotationctl.checks.outcome import Outcome, failed, ok, warning
from rotationctl.connection import Connection
from rotationctl.exits import Exit, Failure
from rotationctl.output import moment
from rotationctl.policies import Statement, statements
from rotationctl.remedies import reference
from rotationctl.state import State, judge
from secret_rotation.commands import shell_line

AWS_KEY = "alias/aws/secretsmanager"
NEEDED = ("DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage")
"""What every rotation calls."""


def named_key(case: Case) -> str | None:
    """The KMS key that the secret names; None where it is AWS's own."""
    key = case.secret.kms_key
    return None if not key or key.endswith(AWS_KEY) else str(key)


def _exists(case: Case) -> Outcome:
    try:
        secret = case.secret
    except Failure as failure:
        if failure.code is not Exit.NOT_FINE:
            raise
        return failed(str(failure), case.rotationctl("status"))
    if secret.deleted:
        return failed(
            "It is deleted, and gone for good once its recovery window has passed.",
            case.secrets_manager("RestoreSecret"),
        )
    return ok(f"It is {secret.arn}.")


def _owner(case: Case) -> Outcome:
    secret = case.secret
    if judge(secret, case.adviser.now) is not State.MANAGED:
        return ok("It belongs to nobody but this account.")
    owner = secret.owner or "An AWS service"
    return failed(f"{owner} manages it, and rotates it by itself: no function of yours can be attached.")


def _primary(case: Case) -> Outcome:
    secret = case.secret
    if secret.primary_region in (None, secret.region):
        return ok(f"It rotates in {secret.region}.")
    text = f"It is a copy of the secret in {secret.primary_region}, where it rotates."
    return failed(text, shell_line(["rotationctl", "check", reference(secret), *_there(case)]))


def _there(case: Case) -> list[str]:
    return Connection(case.adviser.connection.profile, case.secret.primary_region).options


def _key(case: Case) -> Outcome:
    """Source: KMS Developer Guide, "Key states of AWS KMS keys"; Secrets Manager encrypts with what KmsKeyId names."""
    key = named_key(case)
    if key is None:
        return ok(f"It is encrypted with {AWS_KEY}, which is always there.")
    try:
        metadata = case.aws.call("kms", "describe_key", KeyId=key)["KeyMetadata"]
    except MissingError:
        return failed(f"Key {key} does not exist. Nothing that was encrypted with it can be read any more.")
    state = metadata["KeyState"]
    # Neither command takes an alias, which the secret may name.
    key_id = str(metadata["KeyId"])
    enable = case.command("kms", "enable-key", "--key-id", key_id)
    if state == "Enabled":
        return ok(f"Key {key} is enabled.")
    if state == "PendingDeletion":
        cancel = case.command("kms", "cancel-key-deletion", "--key-id", key_id)
        text = f"Key {key} will be deleted on {moment(metadata.get('DeletionDate'))}, and cannot be used until then."
        return failed(text, f"{cancel} && {enable}")
    return failed(f"Key {key} is {state}.", enable if state == "Disabled" else None)


def _policy(case: Case) -> Outcome:
    """Source: Secrets Manager User Guide, "Resource-based policies"."""
    document = case.aws.call("secretsmanager", "get_resource_policy", SecretId=case.secret.arn).get("ResourcePolicy")
    if not document:
        return ok("It has no policy of its own.")
    show = case.secrets_manager("GetResourcePolicy", "--query", "ResourcePolicy", "--output", "text")
    role = _role(case)
    for statement in statements(document):
        if statement.denies and (denied := list(_denied(statement, role))):
            actions = ", ".join(denied)
            if not statement.conditions:
                return failed(
                    f"Statement {statement.sid} denies the function {actions}. Take its role out of it.", show
                )
            return warning(f"Statement {statement.sid} denies {actions} under a condition. See whether it holds.", show)
    for statement in statements(document):
        if statement.allows and statement.is_open:
            return warning(
                f"Statement {statement.sid} lets every account of AWS in. Name those that shall get in.", show
            )
    return ok("It denies the function nothing.")


def _denied(statement: Statement, role_arn: str | None) -> Iterator[str]:
    if statement.is_about(role_arn):
        yield from (action for action in NEEDED if statement.names(f"secretsmanager:{action}"))


def _role(case: Case) -> str | None:
    """The function's role, as far as it can be known here: the checks of the function say what is wrong with that."""
    if case.function_arn is None:
        return None
    configuration: Mapping[str, Any] = case.aws.quietly(lambda: case.configuration) or {}
    return configuration.get("Role")


CHECKS = {
    "secret.exists": _exists,
    "secret.owner": _owner,
    "secret.primary": _primary,
    "secret.key": _key,
    "secret.policy": _policy,
}
