"""Which secrets there are, read from Secrets Manager: all of them in pages, or some by name."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rotationctl.exits import Exit, Failure
from rotationctl.failures import explain
from rotationctl.secret import Secret
from rotationctl.text import printable, shortened

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import FilterTypeDef

PAGE_SIZE = 100
_FILTERABLE = re.compile(r"(?!!)[A-Za-z0-9 :_@/+=.!-]+")
"""What ListSecrets takes as the value of a filter, and does not take for its negation."""


def list_secrets(
    client: "SecretsManagerClient", tags: Mapping[str, str], *, with_deleted: bool = False
) -> Iterator[Secret]:
    """All secrets of the account and region that have all these tags, a call for each hundred.

    Those that will be deleted are left out, unless they are asked for.
    """
    pages = client.get_paginator("list_secrets").paginate(
        Filters=_filters(tags), IncludePlannedDeletion=with_deleted, PaginationConfig={"PageSize": PAGE_SIZE}
    )
    secrets = (Secret.from_answer(entry) for page in pages for entry in page["SecretList"])
    return (secret for secret in secrets if has_tags(secret, tags))


def describe_secrets(
    client: "SecretsManagerClient", names: Iterable[str], options: Sequence[str]
) -> tuple[list[Secret], list[Failure]]:
    """The secrets of these names or ARNs, a call for each; and why some could not be read."""
    secrets, failures = [], []
    for name in dict.fromkeys(names):
        try:
            secrets.append(describe_secret(client, name, options))
        except Failure as failure:
            failures.append(failure)
    return secrets, failures


def describe_secret(client: "SecretsManagerClient", name: str, options: Sequence[str]) -> Secret:
    """The secret of this name or ARN.

    Raises:
        Failure: there is none, or it may not be read.
    """
    if not name:  # most likely the variable that should have named it
        raise Failure("The name of a secret is empty.", Exit.USAGE)
    try:
        return Secret.from_answer(client.describe_secret(SecretId=name))
    except client.exceptions.ResourceNotFoundException:
        region = client.meta.region_name
        raise Failure(f"There is no secret {printable(shortened(name))} in {region}.", Exit.NOT_FINE) from None
    except client.exceptions.ClientError as error:
        raise explain(error, options) or error from None


def has_tags(secret: Secret, tags: Mapping[str, str]) -> bool:
    """Whether a secret has all these tags, each with its value."""
    return all(secret.tags.get(key) == value for key, value in tags.items())


def _filters(tags: Mapping[str, str]) -> "list[FilterTypeDef]":
    """What ListSecrets can leave out by itself: it compares only how keys and values begin."""
    for key, value in tags.items():
        if _FILTERABLE.fullmatch(key) and _FILTERABLE.fullmatch(value):
            return [{"Key": "tag-key", "Values": [key]}, {"Key": "tag-value", "Values": [value]}]
    return []
