"""What an exploration found, and how to tell it."""

import json
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from tests.model.deliveries import Program
from tests.model.explorer import Choice, Explorer, State
from tests.model.graph import Graph, Schedule
from tests.model.promise import breaches, recover
from tests.model.world import Operation, World


@dataclass
class Findings:
    """The states and schedules of an exploration, and a state for each way in which the promise is broken.

    `broken` has all states of each breach, those that need the fewest choices first. `ends` is how the deliveries can
    end, in their order.
    """

    explorer: Explorer
    graph: Graph
    broken: dict[str, list[State]] = field(default_factory=dict)
    ends: set[tuple[str | None, ...]] = field(default_factory=set)

    @classmethod
    def of(cls, explorer: Explorer, world: World) -> "Findings":
        """Explore from a world, and check every state and every end."""
        findings = cls(explorer, Graph.of(explorer, world))
        known: dict[tuple[int, bool], list[str]] = {}
        for state in findings.graph.states:
            ends = explorer.ends(state)
            is_final = None not in ends
            if (key := (state.world, is_final)) not in known:
                known[key] = list(_problems(explorer.program, explorer.world(state), is_final=is_final))
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
        world = self.explorer.world(state)
        for version in world.secret.versions:
            yield f"  version {version.version_id}: {_value(version.text)}, {' '.join(version.labels) or 'no label'}"
        yield f"  database: {', '.join(map(str, world.accounts))}"
        yield f"  ended: {self.explorer.ends(state)}"


def _problems(program: Program, world: World, *, is_final: bool) -> Iterator[str]:
    yield from breaches(program.setup, world)
    if is_final:
        yield from recover(program, world)


def _told(choice: Choice, operation: Operation | None) -> str:
    if operation is None:
        return str(choice)
    told = ", ".join(f"{name}={_value(value)}" for name, value in operation.arguments if name != "session")
    return f"{choice.delivery}: {operation.name}" + f" ({told})" * bool(told)


def _value(value: Hashable) -> str:
    """A value for people: of a version's JSON only who logs in with what."""
    if isinstance(value, str) and value.startswith("{"):
        document = json.loads(value)
        return f"{document['username']}/{document['password']!r}"
    return repr(value)
