"""CloudTrail's event history: what was asked of AWS, and what AWS did by itself.

Source: CloudTrail API Reference, LookupEvents; CloudTrail User Guide, "CloudTrail record contents for management, data,
and network activity events".
"""

import json
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lab.cloud.account import ACCOUNT, REGION
from lab.cloud.errors import AwsError

KEPT = 20_000
"""So many events are kept; AWS keeps those of 90 days."""
KEPT_DAYS = 90
PAGE_SIZE = 50


@dataclass(frozen=True)
class Event:
    """An event in the history.

    Attributes:
        source: the service, such as ``secretsmanager.amazonaws.com``.
        record: the members that depend on the event: who, what was asked, what came of it.
        resources: names of what it was about.
    """

    name: str
    source: str
    at: datetime
    record: Mapping[str, Any]
    is_read_only: bool = False
    resources: tuple[str, ...] = ()
    event_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def username(self) -> str | None:
        identity = self.record["userIdentity"]
        arn = identity.get("arn", "")
        return identity.get("userName") or (arn.rpartition("/")[2] or None)

    def json(self) -> dict[str, object]:
        """An event in the answer of LookupEvents."""
        document = {
            "eventVersion": "1.11",
            "eventTime": self.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": self.source,
            "eventName": self.name,
            "awsRegion": REGION,
            "eventID": self.event_id,
            "readOnly": self.is_read_only,
            "managementEvent": True,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
            **self.record,
        }
        optional = {"Username": self.username, "AccessKeyId": self.record["userIdentity"].get("accessKeyId")}
        return {
            "EventId": self.event_id,
            "EventName": self.name,
            "ReadOnly": str(self.is_read_only).lower(),
            "EventTime": self.at.replace(microsecond=0).timestamp(),
            "EventSource": self.source,
            "Resources": [{"ResourceType": "AWS::SecretsManager::Secret", "ResourceName": r} for r in self.resources],
            "CloudTrailEvent": json.dumps(document),
            **{key: value for key, value in optional.items() if value},
        }

    def has(self, key: str, value: str) -> bool:
        """Whether an attribute of LookupEvents has this value."""
        known = {
            "EventId": self.event_id,
            "EventName": self.name,
            "ReadOnly": str(self.is_read_only).lower(),
            "Username": self.username,
            "EventSource": self.source,
            "AccessKeyId": self.record["userIdentity"].get("accessKeyId"),
        }
        if key == "ResourceName":
            return value in self.resources
        if key == "ResourceType":
            return bool(self.resources) and value == "AWS::SecretsManager::Secret"
        return known.get(key) == value


class Trail:
    """The event history.

    Attributes:
        lag: by how much an event is late; 5 minutes are usual in AWS, 15 minutes possible.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.lag = timedelta()
        self._now = now
        self._events: deque[Event] = deque(maxlen=KEPT)
        self._lock = threading.Lock()

    def add(self, event: Event) -> None:
        with self._lock:
            self._events.append(event)

    def clear(self) -> None:
        with self._lock:
            self._events.clear()
        self.lag = timedelta()

    def lookup_events(self, parameters: Mapping[str, Any]) -> dict[str, object]:
        """LookupEvents: the newest first, by one attribute at most, in pages.

        Raises:
            AwsError: InvalidLookupAttributesException for more than one attribute, InvalidMaxResultsException.
        """
        attributes = parameters.get("LookupAttributes", [])
        if len(attributes) > 1:
            raise AwsError("InvalidLookupAttributesException", "You may specify only one lookup attribute.")
        size = int(parameters.get("MaxResults", PAGE_SIZE))
        if not 1 <= size <= PAGE_SIZE:
            raise AwsError("InvalidMaxResultsException", f"MaxResults must be between 1 and {PAGE_SIZE}.")
        found = [event for event in self._between(parameters) if all(_fits(event, given) for given in attributes)]
        start = int(parameters.get("NextToken") or 0)
        more = {"NextToken": str(start + size)} if start + size < len(found) else {}
        return {"Events": [event.json() for event in found[start : start + size]], **more}

    def _between(self, parameters: Mapping[str, Any]) -> list[Event]:
        now = self._now()
        first = max(float(parameters.get("StartTime", 0)), (now - timedelta(days=KEPT_DAYS)).timestamp())
        last = min(float(parameters.get("EndTime", 2**62)), (now - self.lag).timestamp())
        with self._lock:
            events = list(self._events)
        oldest_first = sorted(events, key=lambda event: event.at)
        return [event for event in reversed(oldest_first) if first <= event.at.timestamp() <= last]


def _fits(event: Event, attribute: Mapping[str, str]) -> bool:
    return event.has(attribute.get("AttributeKey", ""), attribute.get("AttributeValue", ""))
