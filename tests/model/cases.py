"""What the tests of the model have in common."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from lab.engines import KITS
from lab.interleavings import Deployment, Model, Process
from lab.interleavings.processes import WHOLE, Item, clear, rotate
from secret_rotation.engine import Engine
from secret_rotation.request import Step
from secret_rotation.strategies.alternating_users import AlternatingUsers
from secret_rotation.strategies.single_user import SingleUser

MakeModel = Callable[[Deployment], Model]

ENGINES: list[type[Engine]] = [cast("Any", kit.engine) for kit in KITS]
EARLY = [Deployment(engine, SingleUser, promote_early=True) for engine in ENGINES if not engine.keeps_old_password]
"""Where setSecret moves AWSCURRENT."""
DEPLOYMENTS = [
    *(Deployment(engine, strategy) for engine in ENGINES for strategy in (SingleUser, AlternatingUsers)),
    *EARLY,
]
each_deployment = pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=str)
each_step = pytest.mark.parametrize("step", list(Step))

OVERTAKES = Process("B", "B", (clear("A"), rotate("B"), *WHOLE))
"""An operator takes AWSPENDING off the rotation to A and rotates again, to B."""


def of_a(*items: Item, name: str = "A") -> Process:
    """A delivery of steps of the rotation to A."""
    return Process(name, "A", items)


def before(step: Step) -> tuple[Step, ...]:
    """The steps that come before a step."""
    steps = tuple(Step)
    return steps[: steps.index(step)]
