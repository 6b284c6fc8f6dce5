"""What differs by engine where somebody has to reach a database by hand: a module for each, called as the engine.

A command reads the secret's value from the AWS command line and hands the password on in an environment variable, so
that it is seen neither on the screen nor among the arguments of a process.
"""

import importlib
import pkgutil
from typing import Protocol, cast


class ByHand(Protocol):
    """What a module here says of its engine."""

    ENGINES: frozenset[str]
    """What RDS, and the key "engine" of a secret, call it."""
    KEEPS_OLD_PASSWORD: bool
    """Whether a single user's old password stays valid until the next rotation, by default."""
    PROGRAM: str
    """The engine's own client."""
    RUN: str
    """A program in Python, a statement a line: it reads a secret's JSON, logs in by it, and runs its argument, SQL."""
    SHOW_SESSIONS: str
    """SQL that shows the other sessions of the user that is logged in."""
    END_SESSIONS: str
    """SQL that ends them."""
    LOG_IN: str
    """SQL that tells who is logged in."""


def by_hand(engine: str) -> ByHand:
    """What is known of an engine, by its name."""
    return cast("ByHand", importlib.import_module(f"{__name__}.{engine}"))


def engine_of(called: str | None) -> tuple[str, ByHand] | None:
    """The engine, by what RDS or a secret calls it; None where there are no functions for it."""
    for module in pkgutil.iter_modules(__path__):
        known = by_hand(module.name)
        if called in known.ENGINES:
            return module.name, known
    return None
