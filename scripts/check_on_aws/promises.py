"""What the documents promise, against what was seen."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from lab.pairing import Pairing


class Verdict(StrEnum):
    """What became of a promise."""

    HELD = "held"
    NOT_HELD = "NOT HELD"
    NOT_TRIED = "not tried"


class Promise(StrEnum):
    """What is promised of each function."""

    DRY_RUN = "A dry run passes"
    DRY_RUN_LABEL = "The dry run's AWSPENDING loses its label"
    ROTATION = "A rotation ends with a new AWSCURRENT"
    LOGINS = "AWSCURRENT logs in meanwhile, but for the gap of single user on PostgreSQL"
    EVENT = "The function's own event arrives"
    STUCK = "Without the database a rotation fails, and AWSCURRENT stays"
    RECOVERY = "`rotationctl recover` brings it to its end"
    ALARM = "The alarm on failed steps goes off"
    PROMOTE_EARLY = "A rotation goes on to its end after PROMOTE_EARLY has moved AWSCURRENT"

    def concerns(self, pairing: Pairing) -> bool:
        """Whether it is of any meaning for a function."""
        return self is not Promise.PROMOTE_EARLY or pairing.has_gap


STACK = "CloudFormation makes the stack"
ALL = "all functions"
NOT_REACHED = "the run did not come to it"

PAGE_ROWS = (
    "CloudFormation makes this stack",
    "The drivers' binaries for arm64 load in Lambda",
    "The roles allow what the code calls",
    "A rotation",
    "What Secrets Manager does where setSecret has moved AWSCURRENT already",
    "The dry run's copy of AWSCURRENT loses its label at the end",
    "The master user of RDS",
    "Certificates that RDS's servers show",
    "The functions' own events",
    "How long AWSCURRENT is refused for a single user on PostgreSQL",
)
"""How the rows begin, in docs/never-run-on-aws.md, that a run tries."""


@dataclass
class Table:
    """The rows of a run. What nobody notes was not tried."""

    pairings: Iterable[Pairing]
    _rows: dict[tuple[str, str], tuple[Verdict, str]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._rows[ALL, STACK] = (Verdict.NOT_TRIED, NOT_REACHED)
        for pairing in self.pairings:
            for promise in Promise:
                if promise.concerns(pairing):
                    self._rows[pairing.words, promise] = (Verdict.NOT_TRIED, NOT_REACHED)

    def note(self, who: str, promise: str, seen: str, *, held: bool) -> None:
        """Note what was seen of a promise."""
        self._rows[who, promise] = (Verdict.HELD if held else Verdict.NOT_HELD, seen)

    def leave_out(self, who: str, reason: str) -> None:
        """Give the reason why the rest of a function's promises is not tried."""
        for key, (verdict, _) in self._rows.items():
            if key[0] == who and verdict is Verdict.NOT_TRIED:
                self._rows[key] = (verdict, reason)

    def was_tried(self, who: str, promise: str) -> bool:
        """Whether anything was noted of a promise."""
        return self._rows[who, promise][0] is not Verdict.NOT_TRIED

    def all_held(self) -> bool:
        """Whether each promise was tried, and held."""
        return all(verdict is Verdict.HELD for verdict, _ in self._rows.values())

    def lines(self) -> Iterator[str]:
        """The table, to print."""
        who = ""
        for (function, promise), (verdict, seen) in self._rows.items():
            if function != who:
                who = function
                yield f"\n{who}"
            yield f"  {verdict:10} {promise}: {' '.join(seen.split())}"
