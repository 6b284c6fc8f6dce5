"""How long to begin nothing, where AWS has no room for more calls or does not answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 32.0


@dataclass(slots=True)
class Pause:
    """A pause, twice as long each time, until a call succeeds."""

    seconds: float = 0.0
    until: datetime | None = None

    def begin(self, now: datetime) -> None:
        """Begin nothing for a while."""
        self.seconds = min(max(2 * self.seconds, SHORTEST_SECONDS), LONGEST_SECONDS)
        self.until = now + timedelta(seconds=self.seconds)

    def lasts(self, now: datetime) -> bool:
        """Whether it is not over."""
        return self.until is not None and now < self.until

    def forget(self) -> None:
        """The next one is short again."""
        self.seconds = 0.0
