"""What runs at once: processes, each a delivery of some steps, with the moves of operators before and between them."""

from typing import NamedTuple

from lab.interleavings.deployment import APP, Deployment
from lab.interleavings.replay import Replay, Suspended
from lab.interleavings.state import Answer, Operation
from secret_rotation.errors import RotationError
from secret_rotation.labels import AWSCURRENT, AWSPENDING
from secret_rotation.request import Step

Item = Step | Operation
WHOLE: tuple[Item, ...] = tuple(Step)


class Process(NamedTuple):
    """Steps of one rotation, one after the other up to the first that fails; operators' moves may come before them."""

    name: str
    token: str
    items: tuple[Item, ...] = WHOLE


class Progress(NamedTuple):
    """How far a process has come: the item, the answers within it, and in the end how it ended.

    `ended` is "" for well, or the name of the error; None before the end.
    """

    item: int = 0
    answers: tuple[Answer, ...] = ()
    ended: str | None = None


def clear(token: str) -> Operation:
    """An operator takes AWSPENDING off a version."""
    return Operation("UpdateSecretVersionStage", (("VersionStage", AWSPENDING), ("RemoveFromVersionId", token)))


def rotate(token: str) -> Operation:
    """RotateSecret, which Secrets Manager refuses while a rotation is not complete."""
    return Operation("RotateSecret", (("ClientRequestToken", token),))


def cancel() -> Operation:
    """CancelRotateSecret."""
    return Operation("CancelRotateSecret")


def put_by_hand(deployment: Deployment) -> Operation:
    """Somebody puts the value of AWSCURRENT again, with a key more; AWS ends the rotation that is under way."""
    text = deployment.value(APP, "o", note="by hand")
    return Operation(
        "PutSecretValue", (("ClientRequestToken", "M"), ("SecretString", text), ("VersionStages", (AWSCURRENT,)))
    )


class Program:
    """What each process does next, by the real code; remembered, since a step is a function of its answers."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self._known: dict[tuple[Process, Progress], Operation | str] = {}

    def operation(self, process: Process, progress: Progress) -> Operation:
        """The next operation of a process that has not ended."""
        operation = self._next(process, progress)
        if not isinstance(operation, Operation):
            raise TypeError(f"{process.name} has ended")
        return operation

    def advanced(self, process: Process, progress: Progress, answer: Answer) -> Progress:
        """After an operation was answered."""
        after = progress._replace(answers=(*progress.answers, answer))
        following = self._next(process, after)
        if isinstance(following, Operation):
            return after
        is_last = progress.item + 1 == len(process.items)
        return Progress(ended=following) if following or is_last else Progress(progress.item + 1)

    def _next(self, process: Process, progress: Progress) -> Operation | str:
        """The next operation, or how the item ended: "" for well, or the name of the error."""
        key = (process, progress)
        if key not in self._known:
            self._known[key] = self._run(process, progress)
        return self._known[key]

    def _run(self, process: Process, progress: Progress) -> Operation | str:
        item = process.items[progress.item]
        if isinstance(item, Operation):
            return _move(item, progress)
        replay = Replay(progress.answers)
        try:
            self.deployment.rotation(item, process.token, process.name, replay).run()
        except Suspended as suspended:
            return suspended.operation
        except RotationError as error:
            return type(error).__name__
        return ""


def _move(operation: Operation, progress: Progress) -> Operation | str:
    """An operator's move is one operation. What there was to clear may be gone by then."""
    if not progress.answers:
        return operation
    is_clearing = operation.argument("VersionStage") == AWSPENDING
    return "" if is_clearing else progress.answers[0].error or ""
