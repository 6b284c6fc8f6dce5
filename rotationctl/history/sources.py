"""Reads the two sources of a history, as far as they can be read, and says of the other what it takes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from rotationctl.connection import Connection
from rotationctl.exits import Exit, Failure
from rotationctl.failures import explain
from rotationctl.function_log import log_group
from rotationctl.history.entries import Entry
from rotationctl.history.joining import begins_an_entry, join
from rotationctl.history.log import Line, read_lines
from rotationctl.history.trail import ASKED_WITHIN, Event, read_events
from rotationctl.lookup import Lookup
from rotationctl.output import say
from rotationctl.secret import Secret

Found = TypeVar("Found")


@dataclass
class Sources:
    """CloudTrail and the function's log, about one secret since a moment.

    Attributes:
        not_read: a sentence for each that could not be read.
    """

    connection: Connection
    secret: Secret
    since: datetime
    sleep: Callable[[float], None]
    not_read: list[str] = field(default_factory=list)

    def entries(self, limit: int) -> tuple[list[Entry], bool]:
        """The newest entries, so many at most, and whether there are no others.

        Raises:
            Failure: neither source could be read.
        """
        events = self._read("CloudTrail", "cloudtrail:LookupEvents", lambda: self._newest(limit))
        lines = self._read("The function's log", self._rights_to_the_log, self._lines)
        if events is None and (lines is None or self.secret.function is None):
            for sentence in self.not_read[:-1]:
                say(sentence)
            raise Failure(self.not_read[-1], Exit.NOT_ASKED)
        found = join(events or (), lines or {}, self.secret)
        return found[:limit], len(found) <= limit

    def _read(self, what: str, rights: str, read: Callable[[], Found]) -> Found | None:
        try:
            return read()
        except Exception as error:
            failure = explain(error, self.connection.options)
            if failure is None:
                raise
            self.not_read.append(f"{what} could not be read. {failure} It takes {rights}.")
            return None

    def _newest(self, limit: int) -> list[Event]:
        """The events, until one belongs to an entry too many, and those before it that may have asked for others."""
        lookup = Lookup(self.connection.client("cloudtrail"), self.sleep, say)
        return list(_until(read_events(lookup, self.secret, self.since), limit, self.secret))

    def _lines(self) -> dict[str, list[Line]]:
        function = self.secret.function
        if function is None:
            return {}
        group = function.log_group or log_group(self.connection.client("lambda"), self.secret.function_arn or "")
        return read_lines(self.connection.client("logs"), group, self.secret, self.since)

    @property
    def _rights_to_the_log(self) -> str:
        function = self.secret.function
        is_named = function is None or function.log_group is not None
        return "logs:FilterLogEvents" if is_named else "lambda:GetFunctionConfiguration and logs:FilterLogEvents"


def _until(events: Iterable[Event], limit: int, secret: Secret) -> Iterable[Event]:
    begun: set[object] = set()
    enough_at: datetime | None = None
    for event in events:
        if enough_at is not None and enough_at - event.at > ASKED_WITHIN:
            return
        yield event
        if (key := begins_an_entry(event, secret)) is not None:
            begun.add(key)
        if enough_at is None and len(begun) > limit:
            enough_at = event.at
