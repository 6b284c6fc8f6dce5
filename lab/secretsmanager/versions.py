"""AWS's rules for the versions of one secret and their staging labels, over moto's version dictionaries."""

from collections.abc import Iterable
from typing import TypedDict

from lab.secretsmanager.errors import invalid_parameter, invalid_request, limit_exceeded

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
MAX_VERSIONS = 100
MAX_LABELS = 20
SECONDS_KEPT_WITHOUT_LABEL = 24 * 3600


class Version(TypedDict, total=False):
    """One version as moto stores it; a version without a value has neither of the last two keys."""

    version_id: str
    createdate: float
    version_stages: list[str]
    secret_string: str
    secret_binary: str


Versions = dict[str, Version]


def has_value(version: Version) -> bool:
    """Whether the version holds a value: the one that RotateSecret makes for AWSPENDING does not yet."""
    return "secret_string" in version or "secret_binary" in version


def holder(versions: Versions, label: str) -> str | None:
    """The id of the version that carries the label; a label is on one version at most."""
    return next((version_id for version_id, version in versions.items() if label in version["version_stages"]), None)


def labelled(versions: Versions) -> dict[str, list[str]]:
    """DescribeSecret's VersionIdsToStages: versions without a label are not in it."""
    stages = {version_id: list(version["version_stages"]) for version_id, version in versions.items()}
    return {version_id: labels for version_id, labels in stages.items() if labels}


def detach(versions: Versions, label: str) -> None:
    """Take the label off whatever version carries it."""
    for version in versions.values():
        if label in version["version_stages"]:
            version["version_stages"].remove(label)


def attach(versions: Versions, label: str, version_id: str) -> None:
    """Put the label on this version and on no other; AWSPREVIOUS goes where AWSCURRENT was.

    Source: API reference, UpdateSecretVersionStage and PutSecretValue.
    """
    left = holder(versions, label)
    if left == version_id:
        return
    detach(versions, label)
    versions[version_id]["version_stages"].append(label)
    if label == CURRENT and left is not None:
        attach(versions, PREVIOUS, left)


def move(versions: Versions, label: str, to: str | None, remove_from: str | None) -> None:
    """UpdateSecretVersionStage: attach, move or remove one label.

    Raises:
        AwsError: InvalidParameterException when RemoveFromVersionId is missing or is not the version that carries the
            label, or when AWSCURRENT would be on no version.
    Source: API reference, UpdateSecretVersionStage, RemoveFromVersionId.
    """
    _require_known(versions, to, remove_from)
    _require_right_origin(label, holder(versions, label), to, remove_from)
    if to is None:
        detach(versions, label)
        return
    if label == CURRENT and not has_value(versions[to]):
        raise invalid_request(f"You can't move staging label {CURRENT} to version {to}: it has no value.")
    require_free_labels(versions, [label])
    attach(versions, label, to)


def require_free_labels(versions: Versions, labels: Iterable[str]) -> None:
    """Refuse labels that would be more than all versions of a secret may have together.

    Source: User Guide, quotas: 20 labels attached across all versions.
    """
    wanted = set(labels).union(*(version["version_stages"] for version in versions.values()))
    if len(wanted) > MAX_LABELS:
        raise limit_exceeded(
            f"The secret's versions would have {len(wanted)} staging labels; {MAX_LABELS} is the most."
        )


def require_room(versions: Versions, now: float) -> None:
    """Purge what AWS would purge, then refuse one version too many.

    Source: User Guide, quotas: 100 versions are kept, and all that are younger than 24 hours.
    """
    old = [
        version_id
        for version_id, version in sorted(versions.items(), key=lambda item: item[1]["createdate"])
        if not version["version_stages"] and now - version["createdate"] > SECONDS_KEPT_WITHOUT_LABEL
    ]
    for version_id in old[: max(0, len(versions) + 1 - MAX_VERSIONS)]:
        del versions[version_id]
    if len(versions) >= MAX_VERSIONS:
        raise limit_exceeded(f"The secret has {len(versions)} versions; {MAX_VERSIONS} is the most that it can have.")


def _require_known(versions: Versions, *version_ids: str | None) -> None:
    for version_id in version_ids:
        if version_id is not None and version_id not in versions:
            raise invalid_parameter(f"Not a valid version: {version_id}")


def _require_right_origin(label: str, carrier: str | None, to: str | None, remove_from: str | None) -> None:
    if to is None and remove_from is None:
        raise invalid_parameter("You must provide MoveToVersionId, RemoveFromVersionId, or both.")
    if to is None and label == CURRENT:
        raise invalid_parameter(
            f"You can only move staging label {CURRENT} to a different secret version. It can't be completely removed."
        )
    if remove_from is not None and remove_from != carrier:
        attached = f"is attached to version {carrier}" if carrier else "is attached to no version"
        raise invalid_parameter(f"Staging label {label} {attached}, not to RemoveFromVersionId {remove_from}.")
    if remove_from is None and carrier not in (None, to):
        raise invalid_parameter(
            f"The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached to version "
            f"{carrier}, so you must explicitly reference that version in RemoveFromVersionId."
        )
