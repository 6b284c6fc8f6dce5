"""A function whose passwords are all marked, and every place in which it could leave one."""

import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path

from lab.application import Secret
from lab.lambda_environment import Invocation, LambdaEnvironment
from lab.servers import DatabaseServer, Login
from tests.attacks.held.marks import marks
from tests.fixtures import shown
from tests.fixtures.deployed import STEPS, Deployed
from tests.fixtures.event_bus import EventBus

LARGEST_FILE = 1 << 24
"""What a function writes is smaller by far, and what others leave in a common folder may not fit into memory."""

MakeTainted = Callable[[DatabaseServer, str, Sequence[str]], "Tainted"]
Found = Counter[tuple[str, str]]
"""How often what stands where."""


@dataclass
class Tainted:
    """A function that tells an event bus, its application, and all that they have shown so far.

    Attributes:
        powerless: a superuser that may change nobody.
        temporary: the folder for the function's temporary files.
        views: those in which the server shows what it does and did.
        changes: what is wrong with the events that the function gets.
    """

    application: Deployed
    powerless: Login
    bus: EventBus
    temporary: Path
    views: Sequence[str]
    changes: dict[str, object] = field(default_factory=dict, init=False)
    _started: float = field(default_factory=time.time, init=False, repr=False)
    _functions: list[LambdaEnvironment] = field(default_factory=list, init=False, repr=False)
    _answers: list[str] = field(default_factory=list, init=False, repr=False)
    _gone: dict[str, bytes] = field(default_factory=dict, init=False, repr=False)
    _known: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _before: Found = field(default_factory=Counter, init=False, repr=False)

    def __post_init__(self) -> None:
        user = self.application.user
        self.secret.cloud.require_rotation_token(self.secret.arn)
        self._functions.append(self.application.function)
        # What the lab has made is not marked, and what it has done to make it may stand in the server's log.
        made = {"user": user.password, "superuser": user.server.superuser.password, "boss": self.powerless.password}
        self._known |= {f"the first password of the {name}": password for name, password in made.items()}
        for _ in range(2):  # so that a pair has its clone, and no password of the lab's is in use
            self.recovers()
        self._before = self.found()

    @property
    def secret(self) -> Secret:
        """The secret that is rotated."""
        return self.application.secret

    def rotate(self) -> Invocation:
        """Begin a rotation, and run its steps until one fails; the outcome of the last one that ran."""
        token, outcome = self.application.begin(), Invocation()
        for step in STEPS:
            event = self.secret.event(step, token)
            self._known[f"RotationToken of {token}"] = str(event["RotationToken"])
            outcome = self.invoke(event)
            if outcome.failed:
                break
        return outcome

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        """Invoke the function with an event, to which `changes` are made."""
        outcome = self._functions[-1].invoke({**event, **self.changes})
        self._answers.append(json.dumps(asdict(outcome)))
        self._gone |= dict(shown.of_processes())
        return outcome

    def recovers(self) -> None:
        """Check that the next rotation succeeds."""
        outcome = self.rotate()
        assert not outcome.failed, outcome
        assert self.application.works()

    def drop_pending(self) -> None:
        """Give up a rotation that has failed, if it has come to an AWSPENDING."""
        if self.secret.is_stuck:
            self.secret.remove_pending()

    @contextmanager
    def elsewhere(self, variables: Mapping[str, str]) -> Iterator[None]:
        """Let another environment, with other variables, be the function for the length of a block."""
        usual = self.application.function
        with replace(usual, variables={**usual.variables, **variables}) as other:
            self._functions.append(other)
            yield
            self._functions.remove(other)
            self._gone[f"log of another environment, {variables}"] = _log(other)

    def leaks(self) -> set[tuple[str, str]]:
        """Each secret that stands somewhere, a half of it at least, more often than before the failures, and where."""
        return set(self.found() - self._before)

    def found(self) -> Found:
        """How often which secret stands where."""
        found: Found = Counter()
        for place, content in self._places():
            found["a marked password", place] += marks(content)
            for name, value in self._known.items():
                halves = value[: len(value) // 2], value[len(value) // 2 :]
                found[name, place] += sum(content.count(half.encode()) for half in halves)
        return found

    def _places(self) -> Iterator[tuple[str, bytes]]:
        yield "answers", "\n".join(self._answers).encode()
        yield "event bus", json.dumps(self.bus.entries).encode()
        yield "log", _log(self.application.function)
        yield from {**self._gone, **dict(shown.of_processes())}.items()
        for view in self.views:
            yield view, repr(self.application.user.administrate(f"TABLE {view}")).encode()
        yield from self._files()

    def _files(self) -> Iterator[tuple[str, bytes]]:
        everybodys = Path(tempfile.gettempdir())
        folders = [self.application.user.server.log_path.parent, self.temporary, *everybodys.glob("lambda-*")]
        for place, content in chain.from_iterable(map(shown.of_folder, folders)):
            # Less what a server sets aside for later, which is by far the most.
            yield place, content.replace(bytes(64), b"")
        for path in everybodys.iterdir():
            if _is_of_late(path, self._started) and (found := shown.of_file(path)):
                yield f"file {path}", found


def _is_of_late(path: Path, moment: float) -> bool:
    """Whether a function may have written it: it is ours, has changed since, and is no image of a disk."""
    with suppress(OSError):  # it has gone
        found = path.stat()
        return found.st_mtime >= moment and found.st_uid == os.getuid() and found.st_size <= LARGEST_FILE
    return False


def _log(function: LambdaEnvironment) -> bytes:
    return "\n".join(function.log_lines).encode()
