"""What is tried: every moment of a rotation of each kind, and after it each way on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

SINGLE_USER, ALTERNATING_USERS = "single_user", "alternating_users"
STRATEGIES = (SINGLE_USER, ALTERNATING_USERS)


class Phase(StrEnum):
    """Which rotation of a secret's life."""

    FIRST = "first rotation"
    LATER = "later rotation"
    TO_ORIGINAL = "back to the original"
    TO_CLONE = "again to the clone"


PHASES = {SINGLE_USER: (Phase.FIRST, Phase.LATER), ALTERNATING_USERS: (Phase.FIRST, Phase.TO_ORIGINAL, Phase.TO_CLONE)}


_SHARES = {Phase.TO_ORIGINAL: (0, 2), Phase.TO_CLONE: (1, 2)}


class Way(StrEnum):
    """How it goes on after the kill."""

    SAME_TOKEN = "same token"  # noqa: S105 - no password
    LABEL_REMOVED = "label removed"
    CANCELLED = "cancelled"
    KILLED_AGAIN = "killed again"


@dataclass(frozen=True, slots=True, order=True)
class Scenario:
    """A kind of rotation. `server` is a name of the server pool: "mysql", "postgres17"."""

    server: str
    strategy: str
    phase: Phase

    @property
    def function(self) -> str:
        """The function's name."""
        return f"{self.server.rstrip('0123456789').replace('postgres', 'postgresql')}_{self.strategy}"

    @property
    def has_gap(self) -> bool:
        """Whether AWSCURRENT is refused from setSecret to finishSecret: one role, one password."""
        return self.strategy == SINGLE_USER and self.server.startswith("postgres")

    def __str__(self) -> str:
        return f"{self.server} {self.strategy} {self.phase}"


def scenarios(servers: Iterable[str]) -> Iterator[Scenario]:
    """All kinds of rotation on these servers."""
    for server in servers:
        for strategy in STRATEGIES:
            for phase in PHASES[strategy]:
                yield Scenario(server, strategy, phase)


@dataclass(frozen=True, slots=True, order=True)
class Case:
    """One kill: at which of the scenario's moments, counted from 0, and what comes after it."""

    scenario: Scenario
    position: int
    way: Way

    def __str__(self) -> str:
        return f"{self.scenario}, moment {self.position}, {self.way}"


def in_turn(scenario: Scenario, moments: int) -> list[Case]:
    """One case for each moment, the ways taken in turn.

    They fall differently for each scenario, so that four versions of a server have each moment with each way. Of the
    two directions in which alternating users go on, each has every second moment.
    """
    ways = list(Way)
    offset = sum(map(ord, str(scenario)))
    first, stride = _SHARES.get(scenario.phase, (0, 1))
    return [
        Case(scenario, position, ways[(position // stride + offset) % len(ways)])
        for position in range(first, moments, stride)
    ]


def every(scenario: Scenario, moments: int) -> list[Case]:
    """Each moment with each way on."""
    return [Case(scenario, position, way) for position in range(moments) for way in Way]
