"""Changes of a secret by anybody but its rotation function, each an entry of its own."""

from collections.abc import Callable, Mapping
from typing import Any

from rotationctl.history.entries import Entry, Outcome, What
from rotationctl.history.trail import Event
from secret_rotation.labels import AWSCURRENT


def entry(call: Event) -> Entry:
    """The entry of a call that changed the secret, or was refused."""
    change, version = _CHANGES[call.name](call)
    outcome = Outcome.CHANGED if call.error is None else Outcome.REFUSED
    told = change if call.error is None else f"{change} ({call.error})"
    return Entry(What.BY_HAND, outcome, call.at, call.at, version=version, by=call.by, change=told)


def _put(call: Event) -> tuple[str, str | None]:
    labels = call.asked.get("versionStages") or [AWSCURRENT]
    return f"value put, {' '.join(map(str, labels))}", call.token


def _move(call: Event) -> tuple[str, str | None]:
    asked: Mapping[str, Any] = call.asked
    label, to, former = asked.get("versionStage"), asked.get("moveToVersionId"), asked.get("removeFromVersionId")
    return (f"{label} moved here", to) if to else (f"{label} taken off", former)


_CHANGES: Mapping[str, Callable[[Event], tuple[str, str | None]]] = {
    "RotateSecret": lambda call: ("rotation asked for", call.token),
    "CancelRotateSecret": lambda _: ("rotation turned off", None),
    "PutSecretValue": _put,
    "UpdateSecret": lambda call: ("value or description changed", call.token),
    "UpdateSecretVersionStage": _move,
}
