"""PROMOTE_EARLY: how long AWSCURRENT is refused, and that whoever dies between the two operations leaves no more."""

from dataclasses import replace

import pytest

from lab.interleavings import Deployment, Findings
from lab.interleavings.explorer import GOES_ON, State
from lab.interleavings.processes import WHOLE, Process, cancel
from lab.interleavings.promise import logs_in, run_alone
from lab.interleavings.state import Operation
from secret_rotation.labels import AWSCURRENT, AWSPENDING
from secret_rotation.request import Step
from tests.model.cases import EARLY, OVERTAKES, MakeModel, of_a

each_early = pytest.mark.parametrize("deployment", EARLY, ids=str)
either_way_of_pending = pytest.mark.parametrize("pending_leaves", [False, True])


def _refused(found: Findings) -> list[State]:
    """The states in which AWSCURRENT does not log in."""
    shared = found.explorer.shared
    return [state for state in found.graph.states if not logs_in(shared(state), shared(state).secret.current)]


@each_early
def test_the_gap_is_one_operation(deployment: Deployment, make_model: MakeModel) -> None:
    """With nobody else there AWSCURRENT is refused in one state alone, and what comes next is the move."""
    model = make_model(deployment)
    found = model.explore(model.after(), of_a(*WHOLE), pauses=0)
    (refused,) = _refused(found)
    ((choice, _),) = [move for move in found.explorer.successors(refused) if move[0].what == GOES_ON]
    operation = found.explorer.operation(refused, choice)
    assert operation is not None
    assert operation.name == "UpdateSecretVersionStage"
    assert found.ends == {("",)}


@each_early
@pytest.mark.parametrize(
    "other", [of_a(*WHOLE, name="again"), Process("operator", "", (cancel(),))], ids=lambda p: p.name
)
def test_it_is_refused_only_behind_the_lock(deployment: Deployment, other: Process, make_model: MakeModel) -> None:
    """Delivered twice, or cancelled: wherever AWSCURRENT is refused, a delivery that lives is about to move it."""
    model = make_model(deployment)
    found = model.explore(model.after(), of_a(*WHOLE), other)
    refused = _refused(found)
    assert refused
    assert all(found.explorer.shared(state).locks for state in refused), found


@each_early
@either_way_of_pending
def test_a_death_is_healed_by_the_same_token(
    deployment: Deployment, make_model: MakeModel, *, pending_leaves: bool
) -> None:
    """However far a rotation came before it died, all four steps again with its token make it AWSCURRENT."""
    model = make_model(replace(deployment, pending_leaves_with_current=pending_leaves))
    found = model.explore(model.after(), of_a(*WHOLE), deaths=1)
    ends = [state for state in found.graph.states if None not in found.explorer.ends(state)]
    assert len(ends) > len(Step)
    for state in ends:
        after, ended = run_alone(model.program, found.explorer.shared(state), of_a(*WHOLE, name="again"))
        assert not ended
        assert after.secret.current.version_id == "A"
        assert logs_in(after, after.secret.current)
        assert after.secret.holder(AWSPENDING) in (None, after.secret.current)


@each_early
@pytest.mark.parametrize("is_set", [False, True])
def test_what_is_promoted_logs_in(deployment: Deployment, make_model: MakeModel, *, is_set: bool) -> None:
    """An overtaken setSecret, also one that finds the password set: what is made AWSCURRENT logs in at that moment."""
    model = make_model(deployment)
    start = model.after(Step.CREATE_SECRET)
    if is_set:
        dying = model.explore(start, of_a(Step.SET_SECRET), deaths=1)
        (start,) = {
            dying.explorer.shared(state)._replace(clock=0) for state in _refused(dying) if _is_over(dying, state)
        }
    found = model.explore(start, of_a(Step.SET_SECRET, name="again"), OVERTAKES)
    moved = [
        found.explorer.shared(after)
        for state in found.graph.states
        for choice, after in found.explorer.successors(state)
        if after.shared != state.shared and _moves_current(found.explorer.operation(state, choice))
    ]
    assert {shared.secret.current.version_id for shared in moved} == {"A", "B"}
    assert all(logs_in(shared, shared.secret.current) for shared in moved)


def _is_over(found: Findings, state: State) -> bool:
    return None not in found.explorer.ends(state)


def _moves_current(operation: Operation | None) -> bool:
    return operation is not None and operation.argument("VersionStage") == AWSCURRENT
