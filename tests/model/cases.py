"""What the tests of the model have in common."""

import pytest

from secret_rotation.model import Step
from tests.model.deliveries import WHOLE, Delivery, Item, clear, rotate
from tests.model.setup import Setup

SETUPS = [Setup(mysql=mysql, alternating=alternating) for mysql in (False, True) for alternating in (False, True)]
"""Each engine with each strategy."""
each_setup = pytest.mark.parametrize("setup", SETUPS, ids=str)
each_step = pytest.mark.parametrize("step", list(Step))

OVERTAKES = Delivery("B", "B", (clear("A"), rotate("B"), *WHOLE))
"""An operator takes AWSPENDING off the rotation to A and rotates again, to B."""


def of_a(*items: Item, name: str = "A") -> Delivery:
    """A delivery of steps of the rotation to A."""
    return Delivery(name, "A", items)


def before(step: Step) -> tuple[Step, ...]:
    """The steps that come before a step."""
    steps = tuple(Step)
    return steps[: steps.index(step)]
