"""The versions of one secret, those without a label too: when they were made, and which of them hold a value."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rotationctl.paging import pages
from rotationctl.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import SecretVersionsListEntryTypeDef


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a secret.

    Attributes:
        created: when its value was put; None where it is not listed with one. The list may leave AWSPENDING out, so
            that this is no proof that there is no value.
    """

    version_id: str
    labels: frozenset[str]
    created: datetime | None


def read_versions(client: "SecretsManagerClient", secret: Secret) -> list[Version]:
    """The versions of a secret, the newest first; those that are not listed with a value come before all others."""
    listed = {entry["VersionId"]: entry.get("CreatedDate") for entry in _listed(client, secret)}
    labelled = secret.labels.stages_by_version
    versions = [
        Version(version_id, labelled.get(version_id, frozenset()), listed.get(version_id))
        for version_id in dict.fromkeys([*labelled, *listed])
    ]
    return sorted(versions, key=_age)


def _listed(client: "SecretsManagerClient", secret: Secret) -> "Iterator[SecretVersionsListEntryTypeDef]":
    request = {"SecretId": secret.arn, "IncludeDeprecated": True}
    for page in pages("ListSecretVersionIds", client.list_secret_version_ids, request):
        yield from page["Versions"]


def _age(version: Version) -> float:
    return -version.created.timestamp() if version.created else float("-inf")
