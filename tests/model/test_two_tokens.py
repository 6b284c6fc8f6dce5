"""Two rotations at once: one hangs or is redelivered late, an operator clears it away, and the next one comes past."""

from dataclasses import replace

import pytest

from lab.interleavings import Deployment, Model
from lab.interleavings.processes import WHOLE, Process, cancel, put_by_hand, rotate
from lab.interleavings.promise import LATE_PROMOTION, LOCKED_OUT
from secret_rotation.request import Step
from tests.model.cases import OVERTAKES, MakeModel, before, each_deployment, each_step, of_a


@each_deployment
@each_step
def test_a_step_that_is_overtaken(step: Step, model: Model) -> None:
    """Whatever step hangs while a whole new rotation comes past, or dies: only a late promotion breaks the promise."""
    found = model.explore(model.after(*before(step)), of_a(step), OVERTAKES, deaths=1)
    assert found.broken.keys() <= ({LATE_PROMOTION} if step is Step.FINISH_SECRET else set()), found


@each_deployment
def test_what_a_late_promotion_breaks_the_next_finish_heals(model: Model) -> None:
    """The one exception is real where there is no gap anyway, and ends with the finishSecret of the next rotation."""
    found = model.explore(model.after(*before(Step.FINISH_SECRET)), of_a(Step.FINISH_SECRET), OVERTAKES)
    broken = found.broken.get(LATE_PROMOTION, [])
    assert bool(broken) is not model.deployment.has_gap
    assert all(found.explorer.ends(state)[1] != "" for state in broken), found


@each_deployment
def test_a_rotation_that_is_overtaken_once_it_has_a_password(model: Model) -> None:
    """setSecret, testSecret and finishSecret of a rotation, against a whole new one, one of the two dying."""
    found = model.explore(model.after(Step.CREATE_SECRET), of_a(*WHOLE[1:]), OVERTAKES, deaths=1)
    assert found.broken.keys() <= {LATE_PROMOTION}, found


@each_deployment
def test_a_whole_rotation_that_is_overtaken(model: Model, request: pytest.FixtureRequest) -> None:
    """All four steps of a rotation, against a whole new one."""
    if not model.deployment.keeps_old_password:
        request.applymarker(pytest.mark.xfail(strict=True, reason=AWSPENDING_IS_TAKEN_BACK))
    found = model.explore(model.after(), of_a(*WHOLE), OVERTAKES)
    assert found.broken.keys() <= {LATE_PROMOTION}, found


@each_deployment
def test_where_pending_leaves_with_current(deployment: Deployment, make_model: MakeModel) -> None:
    """The same where moving AWSCURRENT takes AWSPENDING off the version: AWS was seen to do either."""
    model = make_model(replace(deployment, pending_leaves_with_current=True))
    found = model.explore(model.after(Step.CREATE_SECRET), of_a(*WHOLE[1:]), OVERTAKES)
    assert found.broken.keys() <= {LATE_PROMOTION}, found


@each_deployment
def test_the_rotation_after_an_end(model: Model) -> None:
    """A step that is delivered again, late, while the rotation ends and the next one runs, breaks nothing."""
    start = model.after(*WHOLE[:3])
    following = Process("B", "B", (rotate("B"), *WHOLE))
    for step in Step:
        found = model.explore(start, of_a(step, name="again"), of_a(Step.FINISH_SECRET), following)
        assert found.broken.keys() <= ({LATE_PROMOTION} if step is Step.FINISH_SECRET else set()), found


@each_deployment
def test_a_rotation_that_is_cancelled(model: Model) -> None:
    """CancelRotateSecret at any moment of a rotation: what it leaves behind, the next rotation completes."""
    found = model.explore(model.after(), of_a(*WHOLE), Process("operator", "", (cancel(),)), deaths=1)
    assert not found.broken, found


@each_deployment
def test_a_value_put_by_hand(model: Model) -> None:
    """A value put by hand in the middle, which makes AWS remove AWSPENDING: the next rotation completes."""
    found = model.explore(model.after(), of_a(*WHOLE), Process("operator", "", (put_by_hand(model.deployment),)))
    assert found.broken.keys() <= ({LOCKED_OUT} if model.deployment.has_gap else set()), found


AWSPENDING_IS_TAKEN_BACK = (
    "PutSecretValue takes AWSPENDING from whatever version has it. A createSecret that is overtaken takes it from the "
    "new rotation, whose createSecret takes it back: fresh_seconds do not pass before its setSecret. "
    "See docs/decisions/0015."
)
