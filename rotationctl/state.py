"""The one word that says how a secret's rotation stands, by its metadata alone."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from rotationctl.secret import Secret
from rotationctl.words import Word
from secret_rotation.lateness import is_overdue, is_stuck

DUE_WITHIN = timedelta(days=1)
UNUSED_AFTER = timedelta(days=90)


class State(Word):
    """The words, each with its meaning and the colour that it has on a terminal; the first that holds is the one.

    Whose a secret is comes before how it rotates.
    """

    DELETED = "deleted", "it will be deleted; shown only where it is named.", None
    MANAGED = "managed by AWS", "an AWS service or a partner made it, and rotates it itself.", None
    REPLICA = "replica", "a copy of a secret in another region, which rotates there.", None
    NO_ROTATION = "no rotation", "rotation was never configured.", None
    FAILING = "failing", "stuck, and overdue as well.", "red"
    STUCK = "stuck", "a rotation is not complete, and nothing changed for 15 minutes, or rotation is off.", "red"
    ROTATING = "rotating", "a rotation is under way.", "cyan"
    OVERDUE = "overdue", "the date by which it should have rotated has passed.", "red"
    OFF = "off", "rotation was on once, and was turned off.", "yellow"
    NEVER = "never", "rotation is on, and none has succeeded yet.", "yellow"
    OTHER = "other function", "rotated by a function that is not of this product, as its name tells.", "yellow"
    UNUSED = "unused", "nobody has read it for 90 days, neither the rotation function nor the doctor.", "yellow"
    DUE = "due", "it rotates within a day.", "green"
    FINE = "fine", "none of these.", "green"


NOT_OURS = (State.DELETED, State.MANAGED, State.REPLICA, State.NO_ROTATION)
"""Those in which nobody here rotates the secret."""
BY_URGENCY = sorted(State, key=lambda state: state in NOT_OURS)
"""As a list of secrets is sorted: what nobody here rotates comes last."""
ALARMING = (State.FAILING, State.STUCK, State.OVERDUE)
"""Those with which a command ends as not fine."""


def _is_managed(secret: Secret) -> bool:
    # What rotates without a function of anybody's rotates by AWS's own means.
    return secret.owner is not None or (secret.rotation_enabled and secret.function_arn is None)


def _is_stuck(secret: Secret, now: datetime) -> bool:
    return is_stuck(secret.last_changed, now, unfinished=secret.pending is not None, enabled=secret.rotation_enabled)


def _is_overdue(secret: Secret, now: datetime) -> bool:
    return is_overdue(secret.next_rotation, now)


def _is_due(secret: Secret, now: datetime) -> bool:
    return secret.next_rotation is not None and secret.next_rotation - now < DUE_WITHIN


def _is_unused(secret: Secret, now: datetime) -> bool:
    last = secret.last_accessed or secret.created
    return last is not None and now - last > UNUSED_AFTER


_HOLDS: dict[State, Callable[[Secret, datetime], bool]] = {
    State.DELETED: lambda secret, _: secret.deleted is not None,
    State.MANAGED: lambda secret, _: _is_managed(secret),
    State.REPLICA: lambda secret, _: secret.primary_region not in (None, secret.region),
    State.NO_ROTATION: lambda secret, _: secret.function_arn is None,
    State.FAILING: lambda secret, now: _is_stuck(secret, now) and _is_overdue(secret, now),
    State.STUCK: _is_stuck,
    State.ROTATING: lambda secret, _: secret.pending is not None,
    State.OVERDUE: _is_overdue,
    State.OFF: lambda secret, _: not secret.rotation_enabled,
    State.NEVER: lambda secret, _: secret.last_rotated is None,
    State.OTHER: lambda secret, _: secret.function is None,
    State.UNUSED: _is_unused,
    State.DUE: _is_due,
    State.FINE: lambda _secret, _now: True,
}


def judge(secret: Secret, now: datetime) -> State:
    """The word for a secret at this moment."""
    return next(holding(secret, now))


def holding(secret: Secret, now: datetime) -> Iterator[State]:
    """All words that hold of a secret, the first of which is the word for it."""
    return (state for state in State if _HOLDS[state](secret, now))
