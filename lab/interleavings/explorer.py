"""All interleavings of some processes, breadth first, each state once.

A schedule is a list of choices: which process goes on by one operation, gives up waiting for a lock, or dies; or that
more than fresh_seconds pass. What a process can do depends on the shared state and on its own progress alone, so it is
worked out once for all states that have the two in common. Both are numbered, which makes a state a few small numbers.
"""

from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from lab.interleavings.database import PASSWORD_CHANGES, Statement
from lab.interleavings.processes import Process, Program, Progress
from lab.interleavings.state import Answer, Operation, SharedState
from secret_rotation.errors import StatementFailedError

GOES_ON, GIVES_UP, DIES, TIME_PASSES = "goes on", "gives up", "dies", "time passes"
CRASHED = "crashed"

Value = TypeVar("Value", bound=Hashable)


class Choice(NamedTuple):
    """One step of a schedule."""

    what: str
    process: str = ""

    def __str__(self) -> str:
        return f"{self.process} {self.what}".strip()


class State(NamedTuple):
    """The numbers of the shared state and of each progress; how many may still die, how often time may still pass."""

    shared: int
    progress: tuple[int, ...]
    deaths: int
    pauses: int


class Move(NamedTuple):
    """What a process may do: the choice, and the numbers of the shared state and of its progress after that."""

    choice: Choice
    shared: int
    progress: int


class Numbers(Generic[Value]):
    """Gives each of some values a number."""

    def __init__(self) -> None:
        self._numbers: dict[Value, int] = {}
        self._values: list[Value] = []

    def __getitem__(self, number: int) -> Value:
        return self._values[number]

    def of(self, value: Value) -> int:
        number = self._numbers.setdefault(value, len(self._values))
        if number == len(self._values):
            self._values.append(value)
        return number


@dataclass
class Explorer:
    """The interleavings of some processes.

    `deaths` is how many of them may die on the way; `pauses` how often time may pass although nothing waits for it.
    """

    program: Program
    processes: Sequence[Process]
    deaths: int = 0
    pauses: int = 1
    _shared: Numbers[SharedState] = field(default_factory=Numbers)
    _progresses: Numbers[Progress] = field(default_factory=Numbers)
    _moves: dict[tuple[int, int, int], tuple[Move, ...]] = field(default_factory=dict)

    def start(self, shared: SharedState) -> State:
        """The state from which the processes begin."""
        begun = self._progresses.of(Progress())
        return State(self._shared.of(shared), (begun,) * len(self.processes), self.deaths, self.pauses)

    def shared(self, state: State) -> SharedState:
        return self._shared[state.shared]

    def ends(self, state: State) -> tuple[str | None, ...]:
        """How each process has ended: "" for well, or the name of the error; None where it has not."""
        return tuple(self._progresses[number].ended for number in state.progress)

    def operation(self, state: State, choice: Choice) -> Operation | None:
        """What the process does that is chosen; None for a choice that is no operation."""
        for process, number in zip(self.processes, state.progress, strict=True):
            if process.name == choice.process and choice.what == GOES_ON:
                return self.program.operation(process, self._progresses[number])
        return None

    def successors(self, state: State) -> Iterator[tuple[Choice, State]]:
        """All choices in a state, and where they lead."""
        for process, own in enumerate(state.progress):
            for choice, shared, progress in self._moves_of(state.shared, process, own):
                died = choice.what == DIES
                if died and not state.deaths:
                    continue
                others = (*state.progress[:process], progress, *state.progress[process + 1 :])
                yield choice, State(shared, others, state.deaths - died, state.pauses)
        yield from self._time(state)

    def _time(self, state: State) -> Iterator[tuple[Choice, State]]:
        if all(end is not None for end in self.ends(state)):
            return
        waited_for = any(self._waits(state.shared, process, own) for process, own in enumerate(state.progress))
        if waited_for or state.pauses:
            shared = self.shared(state)
            later = self._shared.of(shared._replace(clock=shared.clock + 1))
            yield Choice(TIME_PASSES), state._replace(shared=later, pauses=state.pauses - (not waited_for))

    def _moves_of(self, shared: int, process: int, progress: int) -> tuple[Move, ...]:
        key = (shared, process, progress)
        if key not in self._moves:
            self._moves[key] = tuple(self._possible(self._shared[shared], process, self._progresses[progress]))
        return self._moves[key]

    def _possible(self, shared: SharedState, number: int, progress: Progress) -> Iterator[Move]:
        if progress.ended is not None:
            return
        process = self.processes[number]
        for what, after, answer in self._answers(shared, process, self.program.operation(process, progress)):
            advanced = self.program.advanced(process, progress, answer)
            yield Move(Choice(what, process.name), self._shared.of(after), self._progresses.of(advanced))
        # Nothing that it holds is held for ever: the server ends the session of a client that does not speak.
        crashed = self._progresses.of(Progress(ended=CRASHED))
        yield Move(Choice(DIES, process.name), self._shared.of(shared.without_locks(process.name)), crashed)

    def _answers(
        self, shared: SharedState, process: Process, operation: Operation
    ) -> Iterator[tuple[str, SharedState, Answer]]:
        if operation.name == Statement.WAIT_FOR_LOCK and shared.holder_of(str(operation.argument("lock"))) is not None:
            yield GIVES_UP, shared, Answer(error=StatementFailedError.__name__)
        elif operation.name not in PASSWORD_CHANGES or shared.may_change(process.token):
            yield GOES_ON, *self.program.deployment.apply(shared, process.name, operation)

    def _waits(self, shared: int, number: int, progress: int) -> bool:
        """Whether a process goes on only when time has passed."""
        own, process = self._progresses[progress], self.processes[number]
        if own.ended is not None or self._shared[shared].may_change(process.token):
            return False
        return self.program.operation(process, own).name in PASSWORD_CHANGES


Schedule = tuple[Choice, ...]


@dataclass
class Graph:
    """Everything that can happen: all states, each with the choice and the state by which it was reached first."""

    start: State
    reached_by: dict[State, tuple[Choice, State] | None] = field(default_factory=dict)
    following: dict[State, tuple[State, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, explorer: Explorer, shared: SharedState) -> "Graph":
        start = explorer.start(shared)
        graph = cls(start, {start: None})
        queue = deque([start])
        while queue:
            state = queue.popleft()
            successors = tuple(explorer.successors(state))
            graph.following[state] = tuple(after for _, after in successors)
            for choice, after in successors:
                if after not in graph.reached_by:
                    graph.reached_by[after] = (choice, state)
                    queue.append(after)
        return graph

    @property
    def states(self) -> Iterator[State]:
        """Those that need the fewest choices first."""
        return iter(self.reached_by)

    def schedule(self, state: State) -> Schedule:
        """The choices of a shortest schedule that leads to a state."""
        choices: list[Choice] = []
        while (step := self.reached_by[state]) is not None:
            choice, state = step
            choices.append(choice)
        return tuple(reversed(choices))

    def schedules(self) -> int:
        """How many schedules there are from the start to an end."""
        counts: dict[State, int] = {}
        path = [self.start]
        while path:
            unknown = [after for after in self.following[path[-1]] if after not in counts]
            if unknown:
                path.extend(unknown)
            else:
                state = path.pop()
                counts[state] = sum(counts[after] for after in self.following[state]) or 1
        return counts[self.start]
