"""The end of a password: VALID UNTIL, which no rotation moves, since whoever set it may mean it."""

import logging

from psycopg2.sql import SQL

from secret_rotation.engines.postgresql.sql import quoted

_log = logging.getLogger(__name__)

EXPIRES_SOON = SQL("coalesce(rolvaliduntil < now() + interval '40 days', false)")
"""Longer than the month that most schedules take, so that some rotation warns of every end before it comes."""


def never_expires(*usernames: str) -> str:
    """The statements that let the passwords of these users hold for ever."""
    return " ".join(f"ALTER ROLE {quoted(username)} VALID UNTIL 'infinity';" for username in usernames)


def ends_at(valid_until: str | None, username: str, *others: str) -> str:
    """When the password of a user ends, in a sentence; `others` are those whose passwords end with it."""
    return (
        f"The password of {username} is valid until {valid_until} (VALID UNTIL), and no rotation moves that date: from "
        f"then on {' and '.join((username, *others))} cannot log in."
    )


def warn_of_expiry(valid_until: str | None, username: str, *others: str) -> None:
    """Tell that, and what ends it."""
    remedy = never_expires(username, *others)
    _log.warning("%s If nobody means it: %s", ends_at(valid_until, username, *others), remedy)
