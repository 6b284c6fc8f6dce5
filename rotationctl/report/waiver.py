"""An exception that somebody made for a secret, by its tags."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self

REASON_TAG, UNTIL_TAG = "rotation:exception", "rotation:exception-until"
JSON = {
    "reason": f"the tag {REASON_TAG}",
    "until": f"the tag {UNTIL_TAG}, which is the last day of it; null where it names no day",
    "holds": "whether it holds: it has a day, and that has not passed",
}
"""The keys of an exception in JSON, with their meanings."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """An exception: why, and the last day of it, in UTC. Without a day it waives nothing."""

    reason: str
    until: date | None

    @classmethod
    def of_tags(cls, tags: Mapping[str, str]) -> Self | None:
        """The exception that a secret's tags make, or None."""
        if REASON_TAG not in tags and UNTIL_TAG not in tags:
            return None
        return cls(tags.get(REASON_TAG, "").strip(), _day(tags.get(UNTIL_TAG, "")))

    def holds(self, now: datetime) -> bool:
        """Whether it waives findings at this moment."""
        return bool(self.reason) and self.until is not None and now.astimezone(UTC).date() <= self.until

    def json(self, now: datetime) -> dict[str, object]:
        """The values for the keys of `JSON`."""
        return {"reason": self.reason, "until": self.until and self.until.isoformat(), "holds": self.holds(now)}


def _day(text: str) -> date | None:
    # fromisoformat alone takes week numbers, too, which hardly anybody means.
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip()):
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
