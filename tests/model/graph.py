"""Everything that can happen from a world: the states, and the schedules that lead to them."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.model.explorer import Choice, Explorer, State
from tests.model.world import World

Schedule = tuple[Choice, ...]


@dataclass
class Graph:
    """The states that were reached, each with the choice and the state by which it was reached first."""

    start: State
    reached_by: dict[State, tuple[Choice, State] | None] = field(default_factory=dict)
    following: dict[State, tuple[State, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, explorer: Explorer, world: World) -> "Graph":
        """Explore."""
        start = explorer.start(world)
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
