"""What CloudTrail has on rotations: one sweep over an account's events by their name, not one for each secret."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rotationctl.lookup import Lookup, record_of, secret_of
from rotationctl.output import moment

SUCCEEDED, FAILED = "RotationSucceeded", "RotationFailed"
_Entry = Mapping[str, Any]
MOST_PAGES = 600
"""Of fifty events, and for each name: five minutes."""
JSON = {
    "event_id": "CloudTrail's id of the event",
    "name": f"{SUCCEEDED} or {FAILED}",
    "at": "when",
}
"""The keys of an event in JSON, with their meanings."""


@dataclass(frozen=True, slots=True)
class RotationEvent:
    """An event that ended a rotation."""

    event_id: str
    name: str
    at: datetime

    def json(self) -> dict[str, object]:
        """The values for the keys of `JSON`."""
        return {"event_id": self.event_id, "name": self.name, "at": moment(self.at)}


@dataclass(frozen=True, slots=True)
class Events:
    """The newest events of each secret.

    Attributes:
        by_secret: by the secret's ARN, the newest first.
        cut_at: the moment before which nothing was read, since there were too many events; None where all were.
    """

    by_secret: Mapping[str, Sequence[RotationEvent]]
    cut_at: datetime | None = None

    def of(self, arn: str) -> Sequence[RotationEvent]:
        """The events of a secret, the newest first."""
        return self.by_secret.get(arn, ())


def read_events(lookup: Lookup, wanted: Collection[str], most: int) -> Events:
    """Read how rotations ended, as far back as CloudTrail has it, which is 90 days.

    Args:
        lookup: looks events up.
        wanted: the ARNs of the secrets that matter.
        most: how many events of each name to keep for a secret; the sweep ends where each has them.
    """
    if not wanted:
        return Events({})
    found: dict[str, list[RotationEvent]] = {arn: [] for arn in wanted}
    cuts = [_sweep(lookup.pages(name), name, found, most) for name in (SUCCEEDED, FAILED)]
    newest_first = {arn: sorted(events, key=_age, reverse=True) for arn, events in found.items()}
    return Events(newest_first, max(filter(None, cuts), default=None))


def _sweep(
    pages: Iterator[Sequence[_Entry]], name: str, found: Mapping[str, list[RotationEvent]], most: int
) -> datetime | None:
    """Keep what is wanted of the pages; returns the moment at which it gave up."""
    missing = dict.fromkeys(found, most)
    for number, page in enumerate(pages, 1):
        for entry in page:
            arn = secret_of(record_of(entry))
            if arn is not None and missing.get(arn):
                found[arn].append(RotationEvent(entry["EventId"], name, entry["EventTime"]))
                missing[arn] -= 1
        if not any(missing.values()):
            return None
        if number == MOST_PAGES:
            cut_at: datetime = page[-1]["EventTime"]
            return cut_at
    return None


def _age(event: RotationEvent) -> tuple[datetime, str]:
    return event.at, event.event_id
