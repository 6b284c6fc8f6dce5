"""One rotation, delivered twice at once: whatever the order of the operations, the promise holds."""

from collections.abc import Callable
from itertools import combinations

import pytest

from lab.interleavings import Deployment, Model
from lab.interleavings.processes import WHOLE
from lab.interleavings.state import SharedState
from secret_rotation.request import Step
from tests.model.cases import before, each_deployment, each_step, of_a

STARTS = {"first": Deployment.fresh, "steady": Deployment.steady, "orphan": Deployment.with_orphan}


@each_deployment
@each_step
def test_a_step_twice_in_parallel(step: Step, model: Model) -> None:
    """The same event delivered twice in parallel breaks nothing, also when one of the two dies on the way."""
    found = model.explore(model.after(*before(step)), of_a(step, name="1"), of_a(step, name="2"), deaths=1)
    assert not found.broken, found


@each_deployment
@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_a_whole_rotation_twice_in_parallel(start: Callable[[Deployment], SharedState], model: Model) -> None:
    """All four steps delivered twice in parallel break nothing, wherever they begin, also when one of the two dies."""
    found = model.explore(
        model.after(start=start(model.deployment)), of_a(*WHOLE, name="1"), of_a(*WHOLE, name="2"), deaths=1
    )
    assert not found.broken, found


@each_deployment
def test_one_of_two_succeeds(model: Model) -> None:
    """Of two deliveries of a whole rotation, none of which dies, at least one comes to its end."""
    found = model.explore(model.after(), of_a(*WHOLE, name="1"), of_a(*WHOLE, name="2"))
    assert all("" in ends for ends in found.ends), found.ends


@each_deployment
@pytest.mark.parametrize(("early", "late"), list(combinations(Step, 2)))
def test_a_step_again_while_a_later_one_runs(early: Step, late: Step, model: Model) -> None:
    """A step that is delivered again while a later one runs, or after it, breaks nothing, also when one dies."""
    found = model.explore(model.after(*before(late)), of_a(early, name="again"), of_a(late, name="later"), deaths=1)
    assert not found.broken, found


@each_deployment
def test_a_step_again_is_never_unsafe(model: Model) -> None:
    """setSecret, delivered again while the rotation ends, has nothing left to do: it does not call the user unsafe."""
    start = model.after(*before(Step.FINISH_SECRET))
    found = model.explore(start, of_a(Step.SET_SECRET, name="again"), of_a(Step.FINISH_SECRET, name="later"))
    assert not [ends for ends in found.ends if "UnsafeRotationError" in ends]
