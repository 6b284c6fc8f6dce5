"""The parts of the demo: a strategy each, and its option that changes what clients see."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lab.engines import Kit
from lab.pairing import Pairing, StrategyName

TITLES = {
    StrategyName.SINGLE_USER: "SINGLE USER: the user changes its own password",
    StrategyName.ALTERNATING_USERS: "ALTERNATING USERS: two users take turns",
}
ROTATIONS = {StrategyName.SINGLE_USER: 1, StrategyName.ALTERNATING_USERS: 2}
GAP = """\
This rotation has a gap: for a moment, logins with AWSCURRENT fail.
Alternating users, shown below, have none."""
SHORT_GAP = """\
An option for the same: the gap is as short as it can be, since setSecret moves
AWSCURRENT as soon as the old password has ended."""


@dataclass(frozen=True)
class Act:
    """One part.

    Attributes:
        title: its heading.
        words: what the summary calls it.
        short: the same as part of a name.
        notice: what to know before it; "" for nothing.
        settings: variables of its function.
    """

    pairing: Pairing
    title: str
    words: str
    short: str
    notice: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def rotations(self) -> int:
        return ROTATIONS[self.pairing.strategy]


def acts(kit: Kit) -> Iterator[Act]:
    """All parts of an engine's demo, in their order."""
    for strategy in StrategyName:
        pairing, short = Pairing(kit, strategy), strategy.partition("_")[0]
        yield Act(pairing, TITLES[strategy], strategy.words, short, GAP if pairing.has_gap else "")
        if pairing.has_gap:
            early = {"PROMOTE_EARLY": "true"}
            yield Act(
                pairing, "SINGLE USER, PROMOTE_EARLY: a shorter gap", "single user, early", "early", SHORT_GAP, early
            )
