"""What `rotationctl history` prints."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rotationctl.exits import Exit
from rotationctl.history.entries import TITLES, Entry, What
from rotationctl.history.trail import KEPT_DAYS
from rotationctl.output import columns, moment, say, write, write_json
from rotationctl.rows import Status
from rotationctl.text import plural, printable, table

LAG = "CloudTrail may be 15 minutes late"
JSON = {
    "secret": "the secret, with the keys that `status` gives it",
    "since": "how far back was looked",
    "entries": "the entries, the newest first",
    "is_whole": "whether there are no more entries since then than these: --limit leaves out the older ones",
    "not_read": "a sentence for each source that could not be read, with what it takes",
}


@dataclass(frozen=True, slots=True)
class Report:
    """The history of one secret.

    Attributes:
        is_whole: whether it has everything since that moment.
        not_read: what could not be read, and why.
        log_command: what shows a log that is not read, because the function is another's.
    """

    status: Status
    since: datetime
    entries: Sequence[Entry]
    is_whole: bool
    not_read: Sequence[str]
    log_command: str | None

    def show(self, now: datetime, *, as_json: bool) -> Exit:
        """Print it, and say how the command ends."""
        if as_json:
            write_json(self._document())
        else:
            write(table(TITLES, [entry.row() for entry in self.entries], columns()))
            say(printable(self._summary(now)))
            if self.log_command:
                say(printable(f"What the function says, which is not of this product: {self.log_command}"))
            if self.status.next_command:
                say(printable(f"{self.status.secret.name} ({self.status.state}): {self.status.next_command}"))
        for sentence in self.not_read:
            say(sentence)
        return Exit.PARTLY if self.not_read else Exit.FINE

    def _document(self) -> dict[str, object]:
        return {
            "secret": self.status.json(),
            "since": moment(self.since),
            "entries": [entry.json() for entry in self.entries],
            "is_whole": self.is_whole,
            "not_read": list(self.not_read),
        }

    def _summary(self, now: datetime) -> str:
        counts = Counter(entry.what for entry in self.entries)
        told = ", ".join(_count(counts[what], what) for what in What if counts[what]) or "Nothing"
        others = "" if self.is_whole else ", and older ones that --limit leaves out"
        kept = f", and keeps {KEPT_DAYS} days" if (now - self.since).days >= KEPT_DAYS else ""
        return f"{told} of {self.status.secret.name} since {moment(self.since)}{others}. {LAG}{kept}."


def _count(number: int, what: What) -> str:
    nouns = {What.ROTATION: "rotation", What.DRY_RUN: "dry run", What.BY_HAND: "change"}
    by_hand = " by hand" if what is What.BY_HAND else ""
    return f"{plural(number, nouns[what])}{by_hand}"
