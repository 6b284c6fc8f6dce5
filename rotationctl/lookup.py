"""LookupEvents, call by call: CloudTrail answers two a second, and fifty events each.

Source: CloudTrail API Reference, LookupEvents.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rotationctl.failures import is_throttled
from rotationctl.output import moment
from rotationctl.paging import pages

PAUSE_SECONDS, PATIENT_TIMES = 0.5, 60
"""How long to wait between pages, and where others use up the calls of the account; and how often in a row."""
TOLD_EVERY = 50


@dataclass
class Lookup:
    """Looks events up, and says so where that takes long.

    Attributes:
        client: of CloudTrail.
        sleep: lets time pass.
        say: tells a person.
    """

    client: Any
    sleep: Callable[[float], None]
    say: Callable[[str], None]
    calls: int = 0

    def pages(self, name: str, since: datetime | None = None) -> Iterator[Sequence[Mapping[str, Any]]]:
        """All events of a name since a moment, the newest first; a page is read when it is needed, and none is empty.

        Args:
            name: of the events.
            since: None reads as far back as CloudTrail has them, which is 90 days.

        Raises:
            StrangeAnswerError: the same page came again.
        """
        request: dict[str, Any] = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": name}]}
        if since is not None:
            request["StartTime"] = since
        for page in pages("LookupEvents", self._page, request):
            if page["Events"]:
                yield page["Events"]

    def _page(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's parameters
        if "NextToken" in request:
            self.sleep(PAUSE_SECONDS)
        page = self._patiently(request)
        self.calls += 1
        if self.calls % TOLD_EVERY == 0 and page["Events"]:
            back_to = moment(page["Events"][-1]["EventTime"])
            self.say(f"Many secrets rotate here: {self.calls} calls of CloudTrail, back to {back_to}. Ctrl-C ends it.")
        return page

    def _patiently(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call again where it was throttled: by our own calls alone, or because others look up events, too."""
        for _ in range(PATIENT_TIMES):
            try:
                return self._call(request)
            except Exception as error:
                if not is_throttled(error):
                    raise
                self.sleep(PAUSE_SECONDS)
        return self._call(request)

    def _call(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self.client.lookup_events(**request)
        return answer


def record_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """CloudTrail's record of an event; nothing where it cannot be read."""
    try:
        record = json.loads(event.get("CloudTrailEvent") or "{}")
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def secret_of(record: Mapping[str, Any]) -> str | None:
    """The ARN of the secret that an event of the service is about: such an event names no resource.

    Source: Secrets Manager User Guide, "CloudTrail entries for Secrets Manager", and AWS's blog posts, which have it in
    additionalEventData; others have seen it in serviceEventDetails, and no place is promised.
    """
    places = ((record.get("additionalEventData"), "SecretId"), (record.get("serviceEventDetails"), "secretId"))
    return next((str(place[key]) for place, key in places if isinstance(place, dict) and place.get(key)), None)
