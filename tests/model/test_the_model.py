"""That the model can find something, and that what it finds can be told and run again."""

import pytest

from lab.interleavings import Deployment, Model
from lab.interleavings.deployment import APP
from lab.interleavings.processes import WHOLE
from lab.interleavings.promise import LOCKED_OUT, NOT_HEALED
from lab.interleavings.state import DatabaseUser, Operation
from secret_rotation.claim import Claim
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.request import Step
from secret_rotation.strategies.single_user import SingleUser
from tests.model.cases import OVERTAKES, MakeModel, each_deployment, of_a


@pytest.fixture
def without_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are changed without a lock, and without a second look at the labels."""
    monkeypatch.setattr(Claim, "take", lambda *_: True)


@each_deployment
@pytest.mark.usefixtures("without_claim")
def test_without_the_lock_an_overtaken_set_secret_locks_out(model: Model) -> None:
    """What the lock is for: without it a stale password replaces that of AWSCURRENT, but where the engine compares."""
    found = model.explore(model.after(Step.CREATE_SECRET), of_a(Step.SET_SECRET), OVERTAKES)
    assert (LOCKED_OUT in found.broken) is not model.deployment.keeps_old_password, found


def test_a_lock_out_for_good_is_found(make_model: MakeModel) -> None:
    """An end from which no rotation recovers is told apart from a moment in which AWSCURRENT does not log in."""
    model = make_model(Deployment(PostgreSQL, SingleUser))
    lost = model.after().with_user(DatabaseUser(APP, "known to no version"))
    assert f"{NOT_HEALED}: LoginRejectedError" in model.explore(lost, of_a(Step.CREATE_SECRET)).broken


@pytest.mark.usefixtures("without_claim")
def test_a_schedule_tells_each_operation_and_can_be_run_again(make_model: MakeModel) -> None:
    """A schedule leads to the same state again; told, it has an operation a line, and no secret's whole JSON."""
    model = make_model(Deployment(PostgreSQL, SingleUser))
    found = model.explore(model.after(Step.CREATE_SECRET), of_a(Step.SET_SECRET), OVERTAKES)
    assert found.replay(found.schedule(LOCKED_OUT)) == found.broken[LOCKED_OUT][0]
    story = str(found).splitlines()
    assert "  A: changes its own password (username='app', old='o', new='drawn by first')" in story
    assert "  B: RotateSecret (ClientRequestToken='B')" in story
    assert not [line for line in story if "engine" in line]


def test_deliveries_that_share_nothing_are_counted_right(make_model: MakeModel) -> None:
    """Two deliveries of two operations each, with time that may pass once at any moment but the last: 24 schedules."""
    model = make_model(Deployment(PostgreSQL, SingleUser))
    reads = Operation("DescribeSecret")
    found = model.explore(model.after(), of_a(reads, reads, name="1"), of_a(reads, reads, name="2"))
    choices_without_time, moments = 6, 4
    assert found.graph.schedules() == choices_without_time * (moments + 1)


def test_the_dead_go_on_no_more(make_model: MakeModel) -> None:
    """A delivery that died does nothing any more, and what it had locked is free."""
    model = make_model(Deployment(PostgreSQL, SingleUser))
    found = model.explore(model.after(Step.CREATE_SECRET), of_a(Step.SET_SECRET), deaths=1)
    dead = [state for state in found.graph.states if found.explorer.ends(state) == ("crashed",)]
    assert dead
    assert all(not list(found.explorer.successors(state)) for state in dead)
    assert all(not found.explorer.shared(state).locks for state in dead)


def test_one_delivery_alone_has_one_schedule(make_model: MakeModel) -> None:
    """With nobody else there, and no time that passes, a rotation runs in its own order to its end."""
    model = make_model(Deployment(PostgreSQL, SingleUser))
    found = model.explore(model.after(), of_a(*WHOLE), pauses=0)
    assert found.graph.schedules() == 1
    assert found.ends == {("",)}
