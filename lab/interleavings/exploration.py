"""An exploration: what can happen to a deployment, whether that breaks the promise, and how to tell it."""

import json
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field

from lab.interleavings.deployment import Deployment
from lab.interleavings.explorer import Choice, Explorer, Graph, Schedule, State
from lab.interleavings.processes import Item, Process, Program, rotate
from lab.interleavings.promise import breaches, recover, run_alone
from lab.interleavings.state import Operation, SharedState


@dataclass
class Findings:
    """The states and schedules of an exploration, and a state for each way in which the promise is broken.

    `broken` has all states of each breach, those that need the fewest choices first. `ends` is how the processes can
    end, in their order.
    """

    explorer: Explorer
    graph: Graph
    broken: dict[str, list[State]] = field(default_factory=dict)
    ends: set[tuple[str | None, ...]] = field(default_factory=set)

    @classmethod
    def of(cls, explorer: Explorer, shared: SharedState) -> "Findings":
        """Explore from a shared state, and check every state and every end."""
        findings = cls(explorer, Graph.of(explorer, shared))
        known: dict[tuple[int, bool], list[str]] = {}
        for state in findings.graph.states:
            ends = explorer.ends(state)
            is_final = None not in ends
            if (key := (state.shared, is_final)) not in known:
                known[key] = list(_problems(explorer.program, explorer.shared(state), is_final=is_final))
            for problem in known[key]:
                findings.broken.setdefault(problem, []).append(state)
            if is_final:
                findings.ends.add(ends)
        return findings

    def schedule(self, breach: str) -> Schedule:
        """A shortest schedule to a breach."""
        return self.graph.schedule(self.broken[breach][0])

    def replay(self, schedule: Schedule) -> State:
        """The state that a schedule leads to."""
        state = self.graph.start
        for choice in schedule:
            state = dict(self.explorer.successors(state))[choice]
        return state

    def __str__(self) -> str:
        lines = [f"{len(self.graph.reached_by):,} states, {self.graph.schedules():,} schedules"]
        for breach in self.broken:
            lines += [f"{breach}:", *self._story(self.schedule(breach))]
        return "\n".join(lines)

    def _story(self, schedule: Schedule) -> Iterator[str]:
        state = self.graph.start
        for choice in schedule:
            yield "  " + _told(choice, self.explorer.operation(state, choice))
            state = dict(self.explorer.successors(state))[choice]
        shared = self.explorer.shared(state)
        for version in shared.secret.versions:
            yield f"  version {version.version_id}: {_value(version.text)}, {' '.join(version.labels) or 'no label'}"
        yield f"  database: {', '.join(map(str, shared.users))}"
        yield f"  ended: {self.explorer.ends(state)}"


@dataclass
class Model:
    """A deployment, and all that can happen to it.

    `record` is told how many states and schedules each exploration had.
    """

    deployment: Deployment
    record: Callable[[int, int], None] = lambda _states, _schedules: None
    program: Program = field(init=False)

    def __post_init__(self) -> None:
        self.program = Program(self.deployment)

    def after(self, *items: Item, start: SharedState | None = None) -> SharedState:
        """The state once a rotation to A has begun, and has done these steps with nothing else going on."""
        process = Process("first", "A", (rotate("A"), *items))
        shared, ended = run_alone(self.program, start or self.deployment.steady(), process)
        if ended:
            raise ValueError(f"A rotation with nothing else going on ended with {ended}.")
        return shared

    def explore(self, shared: SharedState, *processes: Process, deaths: int = 0, pauses: int = 1) -> Findings:
        """Everything that can happen when these processes run at once. See Explorer."""
        found = Findings.of(Explorer(self.program, processes, deaths, pauses), shared)
        self.record(len(found.graph.reached_by), found.graph.schedules())
        return found


def _problems(program: Program, shared: SharedState, *, is_final: bool) -> Iterator[str]:
    yield from breaches(program.deployment, shared)
    if is_final:
        yield from recover(program, shared)


def _told(choice: Choice, operation: Operation | None) -> str:
    if operation is None:
        return str(choice)
    told = ", ".join(f"{name}={_value(value)}" for name, value in operation.arguments if name != "session")
    return f"{choice.process}: {operation.name}" + f" ({told})" * bool(told)


def _value(value: Hashable) -> str:
    """A value for people: of a version's JSON only who logs in with what."""
    if isinstance(value, str) and value.startswith("{"):
        document = json.loads(value)
        return f"{document['username']}/{document['password']!r}"
    return repr(value)
