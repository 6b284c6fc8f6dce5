"""The model as tests use it.

model = make_model(setup)
found = model.explore(model.after(Step.CREATE_SECRET), Delivery("1", "A", SET), Delivery("2", "A", SET))
assert not found.broken, found
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.model.clock import ModelTime
from tests.model.deliveries import Delivery, Item, Program, rotate
from tests.model.explorer import Explorer
from tests.model.findings import Findings
from tests.model.promise import run_alone
from tests.model.setup import Setup
from tests.model.world import World


@dataclass
class Model:
    """A deployment, and all that can happen to it. `record` is told the states and schedules of each exploration."""

    setup: Setup
    time: ModelTime
    record: Callable[[int, int], None]
    program: Program = field(init=False)

    def __post_init__(self) -> None:
        self.program = Program(self.setup, self.time)

    def after(self, *items: Item, world: World | None = None) -> World:
        """The world once a rotation to A has begun, and has done these steps with nothing else going on."""
        delivery = Delivery("first", "A", (rotate("A"), *items))
        world, ended = run_alone(self.program, world or self.setup.steady(), delivery)
        assert not ended, ended
        return world

    def explore(self, world: World, *deliveries: Delivery, deaths: int = 0, pauses: int = 1) -> Findings:
        """Everything that can happen when these deliveries run at once. See Explorer."""
        found = Findings.of(Explorer(self.program, deliveries, deaths, pauses), world)
        self.record(len(found.graph.reached_by), found.graph.schedules())
        return found
