"""How long a password can be used to log in, by the strategy that rotates it: longer than its secret's interval."""

from dataclasses import dataclass

from rotationctl.by_hand import by_hand
from rotationctl.functions import ALTERNATING_USERS, RotationFunction
from rotationctl.report.schedule import Schedule, count


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a password lives.

    Attributes:
        days: at most, if each rotation comes when it shall; None where the schedule does not tell.
        sentence: the same with its reason.
    """

    days: int | None
    sentence: str


def lifetime(function: RotationFunction | None, schedule: Schedule) -> Lifetime:
    """How long a password lives that this function rotates on this schedule."""
    if schedule.days is None:
        return Lifetime(None, "AWS tells no interval of its schedule.")
    once, twice = count(schedule.days), count(2 * schedule.days)
    if function is None:
        return Lifetime(schedule.days, f"{once} or more: its function is not of this product.")
    if function.strategy == ALTERNATING_USERS:
        return Lifetime(2 * schedule.days, f"{twice}: each of its two users keeps a password for two intervals.")
    if by_hand(function.engine).KEEPS_OLD_PASSWORD:
        kept = f"{twice}: the former password logs in until the next rotation ({once} with OLD_PASSWORD=discard)."
        return Lifetime(2 * schedule.days, kept)
    return Lifetime(schedule.days, f"{once}: a rotation ends the former password.")
