"""The moments of a rotation at which its function can die, in the order in which they come."""

from collections.abc import Callable
from dataclasses import dataclass, field

from lab.cloud import ConnectionDroppedError
from lab.engines import KITS
from lab.secretsmanager import FUNCTION_CALLER
from lab.secretsmanager.endpoint import Request
from lab.tap import DROP, TO_DATABASE, Message, Verdict
from lab.tap.message import CONNECT, DISCONNECT

GOODBYES = {DISCONNECT, *(kit.message_of_goodbye for kit in KITS)}
"""Nobody waits for these: the function is past them before they arrive. The next moment stands for them."""
ANSWER, SENT, RECEIVED = "answer", "sent: ", "received: "


@dataclass(frozen=True, slots=True)
class Moment:
    """What is about to happen, and does not where the function is killed now.

    Attributes:
        step: the step that runs.
        place: where to or from: "Secrets Manager", "database, 2nd connection", "Lambda".
        event: what it is, without a value of anything.
    """

    step: str
    place: str
    event: str

    def __str__(self) -> str:
        return f"{self.step}: {self.place}: {self.event}"


@dataclass
class Timeline:
    """Sees the moments pass, and kills the function at the one that it is told to.

    Attributes:
        step: the step that runs now.
        moments: those that passed since the timeline was last armed.
        struck: the one at which the function was killed; None as long as it was not.
    """

    kill: Callable[[], None] = lambda: None
    step: str = ""
    moments: list[Moment] = field(default_factory=list)
    struck: Moment | None = None
    _target: int | None = None

    def arm(self, position: int | None) -> None:
        """Begin anew; kill at this position of the moments to come, counted from 0, or (None) only look on."""
        self.moments, self.struck, self._target = [], None, position

    def answered(self) -> None:
        """The function has done its step; Lambda does not know yet."""
        self._kills("Lambda", ANSWER)

    def on_request(self, request: Request, done: bool) -> None:  # noqa: FBT001 - an Observer's signature
        if request.caller == FUNCTION_CALLER and self._kills(
            "Secrets Manager", f"{request.operation} {'done' if done else 'asked'}"
        ):
            raise ConnectionDroppedError

    def on_message(self, message: Message) -> Verdict | None:
        if message.name in GOODBYES:
            return None
        sent = "" if message.name == CONNECT else SENT if message.direction is TO_DATABASE else RECEIVED
        return DROP if self._kills(f"connection {message.connection}", sent + message.name) else None

    def _kills(self, place: str, event: str) -> bool:
        moment = Moment(self.step, place, event)
        self.moments.append(moment)
        if self._target is None or len(self.moments) <= self._target:
            return False
        self.struck, self._target = moment, None
        self.kill()
        return True
