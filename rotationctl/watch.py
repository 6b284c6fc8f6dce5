"""Following rotations by the labels that move."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from rotationctl.secret import Secret
from secret_rotation.labels import AWSPREVIOUS, Labels

POLL_SECONDS = 1.0
LAG = timedelta(seconds=30)
"""How long a rotation that was just asked for may be missing from what is read: reads lag behind writes."""


class Ending(StrEnum):
    """How it came that there is nothing more to follow."""

    NOTHING = "nothing to follow"
    DONE = "done"
    GIVEN_UP = "given up"
    TURNED_OFF = "turned off"
    TIMED_OUT = "timed out"


@dataclass(frozen=True, slots=True)
class Move:
    """A label that was on one version and now is on another; None stands for no version."""

    at: datetime
    label: str
    former: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class Clock:
    """The time, and how to let it pass."""

    now: Callable[[], datetime]
    sleep: Callable[[float], None]


@dataclass(slots=True)
class Rotation:
    """The rotation of one secret to one version, as reading the secret again and again shows it.

    Attributes:
        secret: as it was last seen.
        token: the version that it is rotated to; None where there is nothing to follow.
        may_lag_until: until when the version may be missing from what is read; None where it has been seen.
        off_until: until when rotation may still be read as off that has just been turned on; None from then on.
    """

    secret: Secret
    token: str | None
    may_lag_until: datetime | None = None
    off_until: datetime | None = None

    def see(self, secret: Secret, at: datetime) -> list[Move]:
        """Take note of how the secret is now; returns the labels that moved."""
        before, self.secret = self.secret, secret
        if self.token in secret.labels.stages_by_version or (self.may_lag_until and at >= self.may_lag_until):
            self.may_lag_until = None
        if self.off_until and at >= self.off_until:
            self.off_until = None
        return list(moves(before.labels, secret.labels, at))

    @property
    def ending(self) -> Ending | None:
        """How it ended; None while it goes on."""
        secret = self.secret
        if self.token is None:
            return Ending.NOTHING
        if self.token == secret.current:
            return Ending.DONE
        if secret.pending == self.token:
            return None if secret.rotation_enabled or self.off_until else Ending.TURNED_OFF
        if secret.labels.holder(AWSPREVIOUS) == self.token:
            return Ending.DONE  # and another rotation was done since it was last seen
        return None if self.may_lag_until else Ending.GIVEN_UP


def follow(
    read: Callable[[], Secret],
    tell: Callable[[Move], None],
    clock: Clock,
    timeout_seconds: float,
    token: str | None = None,
) -> tuple[Ending, Secret, str | None]:
    """Read the secret again and again, and tell of every label that moves, until its rotation has ended.

    Args:
        read: reads the secret.
        tell: is told of each label that moves.
        clock: the time.
        timeout_seconds: for how long.
        token: the version that is rotated to, where whoever asks has just begun that; else it is the one that is
            AWSPENDING.

    Returns:
        How it ended, the secret as it was last seen, and the version that it was rotated to.
    """
    begun = clock.now()
    deadline = begun + timedelta(seconds=timeout_seconds)
    secret = read()
    lag_ends = None if token is None else begun + LAG
    rotation = Rotation(secret, token or secret.pending, lag_ends, lag_ends)
    while rotation.ending is None:
        if clock.now() >= deadline:
            return Ending.TIMED_OUT, rotation.secret, rotation.token
        clock.sleep(POLL_SECONDS)
        for move in rotation.see(read(), clock.now()):
            tell(move)
    return rotation.ending, rotation.secret, rotation.token


def moves(before: Labels, after: Labels, at: datetime) -> Iterator[Move]:
    """The labels that are on another version than before."""
    former, latter = _versions(before), _versions(after)
    for label in sorted(former.keys() | latter.keys()):
        if former.get(label) != latter.get(label):
            yield Move(at, label, former.get(label), latter.get(label))


def _versions(labels: Labels) -> Mapping[str, str]:
    """The version of each label."""
    return {label: version for version, stages in labels.stages_by_version.items() for label in stages}
