"""What `rotationctl status --watch` prints while it follows a rotation, and how it ends."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from rotationctl.exits import Exit
from rotationctl.output import moment, say, write, write_json
from rotationctl.remedies import Adviser
from rotationctl.secret import Secret
from rotationctl.text import printable
from rotationctl.watch import Clock, Ending, Move, follow

JSON = {
    "at": "when it was seen",
    "label": "the label that moved; null in the last line",
    "former_version": "the version that had the label before; null where none had it",
    "version": "the version that has it now; null where none has it. In the last line, the version that was rotated to",
    "ending": f"null, but in the last line how it ended: {', '.join(Ending)}",
}
"""The keys of each line of JSON, with their meanings."""
CLOCK = Clock(now=lambda: datetime.now(UTC), sleep=time.sleep)
CODES: Mapping[Ending, Exit] = {
    Ending.NOTHING: Exit.FINE,
    Ending.DONE: Exit.FINE,
    Ending.GIVEN_UP: Exit.NOT_FINE,
    Ending.TURNED_OFF: Exit.NOT_FINE,
    Ending.TIMED_OUT: Exit.TIMED_OUT,
}


@dataclass(frozen=True, slots=True)
class Follower:
    """Follows one rotation, and prints what happens.

    Attributes:
        read: reads the secret anew.
        as_json: print JSON, an object a line.
        clock: the time.
    """

    read: Callable[[], Secret]
    as_json: bool
    clock: Clock = CLOCK

    def run(self, adviser: Adviser, timeout_seconds: float) -> Exit:
        """Follow the rotation to its end, or for so long; returns how the command ends."""
        ending, secret, token = follow(self.read, self._tell, self.clock, timeout_seconds)
        code = CODES[ending]
        if self.as_json:
            self._write_json(self.clock.now(), version=token, ending=ending.value)
            return code
        say(sentence(ending, secret, token, timeout_seconds))
        if code is not Exit.FINE:
            say(printable(adviser.log(secret)))
        return code

    def _tell(self, move: Move) -> None:
        if self.as_json:
            self._write_json(move.at, move.label, move.former, move.version)
            return
        write([line(move)])

    @staticmethod
    def _write_json(
        at: datetime,
        label: str | None = None,
        former: str | None = None,
        version: str | None = None,
        ending: str | None = None,
    ) -> None:
        write_json(dict(zip(JSON, (moment(at), label, former, version, ending), strict=True)), indent=None)


def line(move: Move) -> str:
    """A label that moved, as a line."""
    path = f"{move.former or 'no version'} -> {move.version or 'no version'}"
    return printable(f"{moment(move.at)}  {move.label}  {path}")


def sentence(ending: Ending, secret: Secret, token: str | None, timeout_seconds: float) -> str:
    """How it came that there is nothing more to follow, as a person is told."""
    texts = {
        Ending.NOTHING: f"No rotation of {secret.name} is under way. It last succeeded: {_last(secret)}.",
        Ending.DONE: f"The rotation of {secret.name} is done: version {token} {_is_current(secret, token)}.",
        Ending.GIVEN_UP: f"Version {token} of {secret.name} is not AWSPENDING any more, and did not become AWSCURRENT: "
        "the rotation was given up, or it was a dry run, which may have failed or not. What the function says:",
        Ending.TURNED_OFF: f"Rotation of {secret.name} is off, and version {token} is still AWSPENDING: somebody "
        "cancelled it. What the function says:",
        Ending.TIMED_OUT: f"The rotation of {secret.name} has not ended after {timeout_seconds:g} s: version {token} "
        "is still AWSPENDING. What the function says:",
    }
    return printable(texts[ending])


def _is_current(secret: Secret, token: str | None) -> str:
    return "is AWSCURRENT" if token == secret.current else f"was AWSCURRENT, and {secret.current} is now"


def _last(secret: Secret) -> str:
    return moment(secret.last_rotated) or "never"
