"""What EventBridge would make of an event: whether a rule matches it, and what its target gets."""

import re
from typing import Any

from moto.events.models import EventPattern

Rule = dict[str, Any]
Event = dict[str, Any]


def event(source: str, kind: str, **detail: object) -> Event:
    """An event in the envelope that EventBridge puts around it.

    Source: EventBridge User Guide, "AWS service event metadata".
    """
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": kind,
        "source": source,
        "account": "111122223333",
        "time": "2026-11-26T03:00:12Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": detail,
    }


def matches(rule: Rule, event: Event) -> bool:
    """Whether the rule's pattern matches the event."""
    return bool(EventPattern(None, rule["EventPattern"]).matches_event(event))  # type: ignore[arg-type]


def message(rule: Rule, event: Event) -> str:
    """What the rule's only target gets of an event, with nothing where the event lacks something.

    Source: EventBridge User Guide, "Amazon EventBridge input transformation".
    """
    (target,) = rule["Targets"]
    transformer = target["InputTransformer"]
    values = {name: str(_at(event, path) or "") for name, path in transformer["InputPathsMap"].items()}
    unused = {name for name in values if f"<{name}>" not in transformer["InputTemplate"]}
    assert not unused, f"taken from the event for nothing: {unused}"
    return re.sub(r"<(\w+)>", lambda found: values[found[1]], transformer["InputTemplate"])


def _at(event: Event, path: str) -> Any:  # noqa: ANN401 - JSON of any shape
    found: Any = event
    for key in path.removeprefix("$.").split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found
