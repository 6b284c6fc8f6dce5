"""What came of one part of the demo."""

from dataclasses import dataclass

from lab.demo.act import Act
from lab.steady_client import Tally


@dataclass(frozen=True)
class Outcome:
    """One part's rotations, and what its client has seen.

    Attributes:
        completed: how many of its rotations succeeded.
    """

    act: Act
    completed: int
    tally: Tally

    @property
    def is_good(self) -> bool:
        """Whether all rotations succeeded, and no login of the client failed but in the gap."""
        served = self.tally.logins > self.tally.failed
        return self.completed == self.act.rotations and served and (self.act.pairing.has_gap or not self.tally.failed)

    @property
    def summary(self) -> str:
        rotations = f"{self.completed} of {self.act.rotations} rotations"
        return f"{self.act.words:<18} {rotations}, {self.tally}"

    @property
    def explanation(self) -> list[str]:
        """Why logins failed, where they had to, line by line."""
        milliseconds = f"{self.tally.refused_seconds * 1000:.0f} ms"
        if self.act.settings:
            return [f"For {milliseconds} AWSCURRENT was refused: 0 ms if no login fell into the gap."]
        if not (self.act.pairing.has_gap and self.tally.failed):
            return []
        return [
            f"For {milliseconds} AWSCURRENT was refused: a {self.act.pairing.kit.brand} user has one password.",
            "setSecret replaces the old one, and finishSecret makes the new one AWSCURRENT.",
            "Clients that retry do not notice. Alternating users have no gap.",
        ]
