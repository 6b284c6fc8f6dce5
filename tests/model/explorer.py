"""All interleavings of some deliveries, breadth first, each state once.

A schedule is a list of choices: which delivery goes on by one operation, gives up waiting for a lock, or dies; or that
more than FRESH_SECONDS pass. What a delivery can do depends on the world and on itself alone, so that is worked out
once and shared by all states; worlds and progresses are numbered, which makes a state a few small numbers.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from secret_rotation.errors import StatementFailedError
from tests.model import clock, database
from tests.model.deliveries import Delivery, Program, Progress
from tests.model.transitions import apply
from tests.model.world import Answer, Operation, World

GOES_ON, GIVES_UP, DIES, TIME_PASSES = "goes on", "gives up", "dies", "time passes"
CRASHED = "crashed"

Value = TypeVar("Value", bound=Hashable)


class Choice(NamedTuple):
    """One step of a schedule."""

    what: str
    delivery: str = ""

    def __str__(self) -> str:
        return f"{self.delivery} {self.what}".strip()


class State(NamedTuple):
    """The number of the world, that of each delivery's progress, and how many may still die, or time still pass."""

    world: int
    progress: tuple[int, ...]
    deaths: int
    pauses: int


class Move(NamedTuple):
    """What a delivery may do in a world: the choice, and the numbers of what becomes of the two."""

    choice: Choice
    world: int
    progress: int


class Numbers(Generic[Value]):
    """Gives each of some values a number."""

    def __init__(self) -> None:
        self._numbers: dict[Value, int] = {}
        self._values: list[Value] = []

    def __getitem__(self, number: int) -> Value:
        return self._values[number]

    def of(self, value: Value) -> int:
        """The value's number."""
        number = self._numbers.setdefault(value, len(self._values))
        if number == len(self._values):
            self._values.append(value)
        return number


@dataclass
class Explorer:
    """The interleavings of some deliveries.

    `deaths` is how many of them may die on the way; `pauses` how often time may pass although nothing waits for it.
    """

    program: Program
    deliveries: Sequence[Delivery]
    deaths: int = 0
    pauses: int = 1
    worlds: Numbers[World] = field(default_factory=Numbers)
    progresses: Numbers[Progress] = field(default_factory=Numbers)
    _moves: dict[tuple[int, int, int], tuple[Move, ...]] = field(default_factory=dict)

    def start(self, world: World) -> State:
        """The state from which the deliveries begin."""
        begun = self.progresses.of(Progress())
        return State(self.worlds.of(world), (begun,) * len(self.deliveries), self.deaths, self.pauses)

    def world(self, state: State) -> World:
        """The world in a state."""
        return self.worlds[state.world]

    def ends(self, state: State) -> tuple[str | None, ...]:
        """How each delivery has ended: "" for well, or the name of the error; None where it has not."""
        return tuple(self.progresses[number].ended for number in state.progress)

    def operation(self, state: State, choice: Choice) -> Operation | None:
        """What the delivery does that is chosen; None for a choice that is no operation."""
        for delivery, number in zip(self.deliveries, state.progress, strict=True):
            if delivery.name == choice.delivery and choice.what == GOES_ON:
                return self._next(delivery, self.progresses[number])
        return None

    def successors(self, state: State) -> Iterator[tuple[Choice, State]]:
        """All choices in a state, and where they lead."""
        for delivery, own in enumerate(state.progress):
            for choice, world, progress in self._moves_of(state.world, delivery, own):
                died = choice.what == DIES
                if died and not state.deaths:
                    continue
                others = (*state.progress[:delivery], progress, *state.progress[delivery + 1 :])
                yield choice, State(world, others, state.deaths - died, state.pauses)
        yield from self._time(state)

    def _time(self, state: State) -> Iterator[tuple[Choice, State]]:
        if all(end is not None for end in self.ends(state)):
            return
        waited_for = any(self._waits(state.world, delivery, own) for delivery, own in enumerate(state.progress))
        if waited_for or state.pauses:
            world = self.world(state)
            later = self.worlds.of(world._replace(clock=world.clock + 1))
            yield Choice(TIME_PASSES), state._replace(world=later, pauses=state.pauses - (not waited_for))

    def _moves_of(self, world: int, delivery: int, progress: int) -> tuple[Move, ...]:
        key = (world, delivery, progress)
        if key not in self._moves:
            self._moves[key] = tuple(self._possible(self.worlds[world], delivery, self.progresses[progress]))
        return self._moves[key]

    def _possible(self, world: World, number: int, progress: Progress) -> Iterator[Move]:
        if progress.ended is not None:
            return
        delivery = self.deliveries[number]
        for what, after, answer in self._answers(world, delivery, self._next(delivery, progress)):
            advanced = self.program.advanced(delivery, progress, answer)
            yield Move(Choice(what, delivery.name), self.worlds.of(after), self.progresses.of(advanced))
        # Nothing that it holds is held for ever: the server ends the session of a client that does not speak.
        crashed = self.progresses.of(Progress(ended=CRASHED))
        yield Move(Choice(DIES, delivery.name), self.worlds.of(world.without_locks(delivery.name)), crashed)

    def _answers(self, world: World, delivery: Delivery, operation: Operation) -> Iterator[tuple[str, World, Answer]]:
        if operation.name == database.WAITS and world.holder_of(str(operation.argument("lock"))) is not None:
            yield GIVES_UP, world, Answer(error=StatementFailedError.__name__)
        elif operation.name not in database.CHANGES or clock.may_change(world, delivery.token):
            yield GOES_ON, *apply(self.program.setup, world, delivery.name, operation)

    def _waits(self, world: int, number: int, progress: int) -> bool:
        """Whether a delivery goes on only when time has passed."""
        own, delivery = self.progresses[progress], self.deliveries[number]
        if own.ended is not None or clock.may_change(self.worlds[world], delivery.token):
            return False
        return self._next(delivery, own).name in database.CHANGES

    def _next(self, delivery: Delivery, progress: Progress) -> Operation:
        operation = self.program.next(delivery, progress)
        assert isinstance(operation, Operation)
        return operation
