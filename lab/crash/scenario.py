"""What is tried: every moment of a rotation of each kind, and after it each way on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from lab.engines import kit_of_server_name
from lab.pairing import Pairing, StrategyName


class Phase(StrEnum):
    """Which rotation of a secret's life."""

    FIRST = "first rotation"
    LATER = "later rotation"
    PROMOTED_EARLY = "promoted early"
    """A later rotation, in whose gap setSecret moves AWSCURRENT."""
    TO_ORIGINAL = "back to the original"
    TO_CLONE = "again to the clone"
    REVOKED = "a right revoked in between"
    """Again to the clone, and to give it a right of the original's that an operator revokes after the kill."""


PHASES = {
    StrategyName.SINGLE_USER: (Phase.FIRST, Phase.LATER, Phase.PROMOTED_EARLY),
    StrategyName.ALTERNATING_USERS: (Phase.FIRST, Phase.TO_ORIGINAL, Phase.TO_CLONE, Phase.REVOKED),
}


_SHARES = {Phase.TO_ORIGINAL: (0, 2), Phase.TO_CLONE: (1, 2), Phase.REVOKED: (0, 2)}


class Way(StrEnum):
    """How it goes on after the kill."""

    SAME_TOKEN = "same token"  # noqa: S105 - no password
    LABEL_REMOVED = "label removed"
    CANCELLED = "cancelled"
    KILLED_AGAIN = "killed again"


@dataclass(frozen=True, slots=True, order=True)
class Scenario:
    """A kind of rotation. `server` is a name of the server pool, such as "postgres17"."""

    server: str
    strategy: StrategyName
    phase: Phase

    @property
    def pairing(self) -> Pairing:
        return Pairing(kit_of_server_name(self.server), self.strategy)

    @property
    def settings(self) -> Mapping[str, str]:
        """What its function is set to, besides what all are."""
        return {"PROMOTE_EARLY": "true"} if self.phase is Phase.PROMOTED_EARLY else {}

    @property
    def can_be(self) -> bool:
        """Whether there is such a rotation: where there is no gap, nothing is promoted early."""
        return self.pairing.has_gap or self.phase is not Phase.PROMOTED_EARLY

    def __str__(self) -> str:
        return f"{self.server} {self.strategy} {self.phase}"


def scenarios(servers: Iterable[str]) -> Iterator[Scenario]:
    """All kinds of rotation on these servers."""
    for server in servers:
        for strategy in StrategyName:
            kinds = (Scenario(server, strategy, phase) for phase in PHASES[strategy])
            yield from (kind for kind in kinds if kind.can_be)


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
    rotations after the first of alternating users, each kind has every second moment.
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
