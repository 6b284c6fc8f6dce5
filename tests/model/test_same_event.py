"""One rotation, delivered twice at once: whatever the order of the operations, the promise holds."""

from itertools import combinations

import pytest

from secret_rotation.model import Step
from tests.fixtures.interleavings import MakeModel
from tests.model.cases import before, each_setup, each_step, of_a
from tests.model.deliveries import WHOLE
from tests.model.setup import Setup

STARTS = {"first": Setup.fresh, "steady": Setup.steady, "orphan": Setup.with_orphan}


@each_setup
@each_step
def test_a_step_twice_in_parallel(setup: Setup, step: Step, make_model: MakeModel) -> None:
    """The same event delivered twice in parallel breaks nothing, also when one of the two dies on the way."""
    model = make_model(setup)
    found = model.explore(model.after(*before(step)), of_a(step, name="1"), of_a(step, name="2"), deaths=1)
    assert not found.broken, found


@each_setup
@pytest.mark.parametrize("start", STARTS)
def test_a_whole_rotation_twice_in_parallel(setup: Setup, start: str, make_model: MakeModel) -> None:
    """All four steps delivered twice in parallel break nothing, wherever they begin, also when one of the two dies."""
    model = make_model(setup)
    world = model.after(world=STARTS[start](setup))
    found = model.explore(world, of_a(*WHOLE, name="1"), of_a(*WHOLE, name="2"), deaths=1)
    assert not found.broken, found


@each_setup
def test_one_of_two_succeeds(setup: Setup, make_model: MakeModel) -> None:
    """Of two deliveries of a whole rotation, none of which dies, at least one comes to its end."""
    model = make_model(setup)
    found = model.explore(model.after(), of_a(*WHOLE, name="1"), of_a(*WHOLE, name="2"))
    assert all("" in ends for ends in found.ends), found.ends


@each_setup
@pytest.mark.parametrize(("early", "late"), list(combinations(Step, 2)))
def test_a_step_again_while_a_later_one_runs(setup: Setup, early: Step, late: Step, make_model: MakeModel) -> None:
    """A step that is delivered again while a later one runs, or after it, breaks nothing, also when one dies."""
    model = make_model(setup)
    found = model.explore(model.after(*before(late)), of_a(early, name="again"), of_a(late, name="later"), deaths=1)
    assert not found.broken, found


@each_setup
def test_a_step_again_is_never_unsafe(setup: Setup, make_model: MakeModel) -> None:
    """setSecret, delivered again while the rotation ends, has nothing left to do: it does not call the user unsafe."""
    model = make_model(setup)
    world = model.after(*before(Step.FINISH_SECRET))
    found = model.explore(world, of_a(Step.SET_SECRET, name="again"), of_a(Step.FINISH_SECRET, name="later"))
    assert not [ends for ends in found.ends if "UnsafeRotationError" in ends]
