"""What runs at once: deliveries of steps, and the moves of operators between them."""

from typing import NamedTuple

from lab.secretsmanager.versions import CURRENT, PENDING
from secret_rotation.errors import RotationError
from secret_rotation.model import Step
from tests.model.clock import ModelTime
from tests.model.replay import Replay, Suspended
from tests.model.setup import APP, Setup
from tests.model.world import Answer, Operation

Item = Step | Operation
WHOLE: tuple[Item, ...] = tuple(Step)


class Delivery(NamedTuple):
    """Steps of one rotation, one after the other up to the first that fails; operators' moves may come before them."""

    name: str
    token: str
    items: tuple[Item, ...] = WHOLE


class Progress(NamedTuple):
    """How far a delivery has come: the item, the answers within it, and in the end how it ended."""

    item: int = 0
    history: tuple[Answer, ...] = ()
    ended: str | None = None


def clear(token: str) -> Operation:
    """An operator takes AWSPENDING off a version."""
    return Operation("UpdateSecretVersionStage", (("VersionStage", PENDING), ("RemoveFromVersionId", token)))


def rotate(token: str) -> Operation:
    """RotateSecret, which Secrets Manager refuses while a rotation is not complete."""
    return Operation("RotateSecret", (("ClientRequestToken", token),))


def cancel() -> Operation:
    """CancelRotateSecret."""
    return Operation("CancelRotateSecret")


def put_by_hand(setup: Setup) -> Operation:
    """Somebody puts the value of AWSCURRENT again, with a key more; AWS ends the rotation that is under way."""
    text = setup.value(APP, "o", note="by hand")
    return Operation(
        "PutSecretValue", (("ClientRequestToken", "M"), ("SecretString", text), ("VersionStages", (CURRENT,)))
    )


class Program:
    """What each delivery does next, by the real code; remembered, since a step is a function of its answers."""

    def __init__(self, setup: Setup, time: ModelTime) -> None:
        self.setup = setup
        self._time = time
        self._known: dict[tuple[Delivery, Progress], Operation | str] = {}

    def next(self, delivery: Delivery, progress: Progress) -> Operation | str:
        """The next operation, or how the item ended: "" for well, or the name of the error."""
        key = (delivery, progress)
        if key not in self._known:
            self._known[key] = self._run(delivery, progress)
        return self._known[key]

    def _run(self, delivery: Delivery, progress: Progress) -> Operation | str:
        item = delivery.items[progress.item]
        if isinstance(item, Operation):
            return _move(item, progress)
        replay = self._time.replay = Replay(progress.history)
        try:
            self.setup.rotation(item, delivery.token, delivery.name, replay).run()
        except Suspended as suspended:
            return suspended.operation
        except RotationError as error:
            return type(error).__name__
        return ""

    def advanced(self, delivery: Delivery, progress: Progress, answer: Answer) -> Progress:
        """After an operation was answered."""
        after = progress._replace(history=(*progress.history, answer))
        following = self.next(delivery, after)
        if isinstance(following, Operation):
            return after
        is_last = progress.item + 1 == len(delivery.items)
        return Progress(ended=following) if following or is_last else Progress(progress.item + 1)


def _move(operation: Operation, progress: Progress) -> Operation | str:
    """An operator's move is one operation. What there was to clear may be gone by then."""
    if not progress.history:
        return operation
    is_clearing = operation.argument("VersionStage") == PENDING
    return "" if is_clearing else progress.history[0].error or ""
