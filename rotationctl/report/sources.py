"""Where a report reads beside the list of secrets, and what could not be read there."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from rotationctl.failures import explain

POLICIES, EVENTS, LOGINS = "policies", "events", "logins"
SOURCES = {
    POLICIES: "Who may read each secret, a call for each (GetResourcePolicy)",
    EVENTS: "CloudTrail's events of rotations, two calls a second (LookupEvents)",
    LOGINS: "The doctor's daily logins, from its log (FilterLogEvents)",
}
"""What may be left unread."""
T = TypeVar("T")


@dataclass(slots=True)
class Gaps:
    """What a report does not have, in sentences.

    Attributes:
        options: with which AWS is reached, for commands in the sentences.
        skip: the sources that are not to be read.
        not_read: what could not be read.
        skipped: what was not asked for.
        absent: what was not there to be read.
    """

    options: Sequence[str]
    skip: Collection[str]
    not_read: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    def source(self, name: str, read: Callable[[], T], otherwise: T) -> T:
        """Read a source, unless it is to be skipped."""
        if name in self.skip:
            self.skipped.append(f"{SOURCES[name]}: not asked for (--skip {name}).")
            return otherwise
        return self.attempt(SOURCES[name], read, otherwise)

    def attempt(self, what: str, read: Callable[[], T], otherwise: T) -> T:
        """Read something; where AWS refuses it or cannot be reached, note that."""
        try:
            return read()
        except Exception as error:
            failure = explain(error, self.options)
            if failure is None:
                raise
            self.not_read.append(f"{what}: {failure}")
            return otherwise
