"""What came of one strategy in the demo."""

from dataclasses import dataclass

from lab.steady_client import Tally
from lab.world import EngineName, StrategyName


@dataclass(frozen=True)
class Act:
    """One strategy's rotations, and what its client has seen.

    Attributes:
        rotations: how many were begun.
        completed: how many of them succeeded.
    """

    engine: EngineName
    strategy: StrategyName
    rotations: int
    completed: int
    tally: Tally

    @property
    def has_gap(self) -> bool:
        """Whether refused logins belong to this strategy on this engine."""
        return (self.engine, self.strategy) == (EngineName.POSTGRESQL, StrategyName.SINGLE_USER)

    @property
    def is_good(self) -> bool:
        """Whether all rotations succeeded, and no login of the client failed but in the gap."""
        served = self.tally.logins > self.tally.failed
        return self.completed == self.rotations and served and (self.has_gap or not self.tally.failed)

    @property
    def summary(self) -> str:
        """One line for the demo's end."""
        name = self.strategy.replace("_", " ")
        rotations = f"{self.completed} of {self.rotations} rotations"
        return f"{name:<18} {rotations}, {self.tally}"

    @property
    def explanation(self) -> list[str]:
        """Why logins failed, where they had to, line by line."""
        if not (self.has_gap and self.tally.failed):
            return []
        milliseconds = f"{self.tally.refused_seconds * 1000:.0f} ms"
        return [
            f"For {milliseconds} AWSCURRENT was refused: a PostgreSQL role has one password,",
            "so the old one is gone from setSecret on, and finishSecret makes the new one",
            "AWSCURRENT. Clients that retry do not notice. Alternating users have no gap.",
        ]
