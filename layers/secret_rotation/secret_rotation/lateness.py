"""When a rotation is late, by a secret's metadata alone: for whoever looks at many secrets."""

from datetime import datetime, timedelta

ROTATION_LASTS = timedelta(minutes=15)
"""The longest that a rotation takes: four steps of a minute, pauses, and five minutes by which ListSecrets may lag."""


def is_stuck(last_changed: datetime | None, now: datetime, *, unfinished: bool, enabled: bool) -> bool:
    """Whether a rotation is not complete, and nobody goes on with it.

    Whatever changes the secret makes it look younger: nothing is called stuck that may still be rotating.
    """
    is_old = last_changed is not None and now - last_changed > ROTATION_LASTS
    return unfinished and (is_old or not enabled)


def is_overdue(next_rotation: datetime | None, now: datetime) -> bool:
    """Whether the date has passed by which it should have rotated, as AWS defines it for every kind of schedule."""
    return next_rotation is not None and next_rotation < now
