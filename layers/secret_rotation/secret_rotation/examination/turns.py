"""When it is a secret's turn: once a day, at an hour that its ARN decides, so that the hours share all secrets."""

import hashlib
from datetime import datetime, timedelta

from secret_rotation.examination.verification import Verification

HOURS = 24
CATCHES_UP_FOR = timedelta(hours=6)
"""For what an hour had no time for, and for what was unreachable then."""


def hour_of(secret_arn: str) -> int:
    """The hour (UTC) of a secret's turn."""
    return int.from_bytes(hashlib.sha256(secret_arn.encode()).digest()[:4]) % HOURS


def turn_before(secret_arn: str, now: datetime) -> datetime:
    """When the last turn of a secret began."""
    turn = now.replace(hour=hour_of(secret_arn), minute=0, second=0, microsecond=0)
    return turn if turn <= now else turn - timedelta(days=1)


def is_due(secret_arn: str, last: Verification | None, now: datetime) -> bool:
    """Whether a secret is to be verified now, given the last verification of it."""
    turn = turn_before(secret_arn, now)
    if now - turn >= CATCHES_UP_FOR:
        return False
    return last is None or last.at < turn or not last.is_settled
