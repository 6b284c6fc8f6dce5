"""That the model can find something, and that what it finds can be told and run again."""

import pytest

from secret_rotation.model import Step
from secret_rotation.strategy import PasswordChange
from tests.fixtures.interleavings import MakeModel
from tests.model.cases import OVERTAKES, each_setup, of_a
from tests.model.deliveries import WHOLE
from tests.model.promise import LOCKED_OUT, NOT_HEALED
from tests.model.setup import APP, Setup
from tests.model.world import Account, Operation


@pytest.fixture
def without_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are changed without a lock, and without a second look at the labels."""
    monkeypatch.setattr(PasswordChange, "claim", lambda *_: True)


@each_setup
@pytest.mark.usefixtures("without_claim")
def test_without_the_lock_an_overtaken_set_secret_locks_out(setup: Setup, make_model: MakeModel) -> None:
    """What the lock is for: without it a stale password replaces that of AWSCURRENT, but where the engine compares."""
    model = make_model(setup)
    found = model.explore(model.after(Step.CREATE_SECRET), of_a(Step.SET_SECRET), OVERTAKES)
    assert (LOCKED_OUT in found.broken) is (setup.alternating or not setup.mysql), found


def test_a_lock_out_for_good_is_found(make_model: MakeModel) -> None:
    """An end from which no rotation recovers is told apart from a moment in which AWSCURRENT does not log in."""
    model = make_model(Setup(mysql=False, alternating=False))
    lost = model.after().with_account(Account(APP, "known to no version"))
    assert f"{NOT_HEALED}: LoginRejectedError" in model.explore(lost, of_a(Step.CREATE_SECRET)).broken


@pytest.mark.usefixtures("without_claim")
def test_a_schedule_tells_each_operation_and_can_be_run_again(make_model: MakeModel) -> None:
    """A schedule leads to the same state again; told, it has an operation a line, and no secret's whole JSON."""
    model = make_model(Setup(mysql=False, alternating=False))
    found = model.explore(model.after(Step.CREATE_SECRET), of_a(Step.SET_SECRET), OVERTAKES)
    assert found.replay(found.schedule(LOCKED_OUT)) == found.broken[LOCKED_OUT][0]
    story = str(found).splitlines()
    assert "  A: changes its own password (username='app', old='o', new='drawn by first')" in story
    assert "  B: RotateSecret (ClientRequestToken='B')" in story
    assert not [line for line in story if "engine" in line]


def test_deliveries_that_share_nothing_are_counted_right(make_model: MakeModel) -> None:
    """Two deliveries of two operations each, with time that may pass once at any moment but the last: 24 schedules."""
    model = make_model(Setup(mysql=False, alternating=False))
    reads = Operation("DescribeSecret")
    found = model.explore(model.after(), of_a(reads, reads, name="1"), of_a(reads, reads, name="2"))
    choices_without_time, moments = 6, 4
    assert found.graph.schedules() == choices_without_time * (moments + 1)


def test_the_dead_go_on_no_more(make_model: MakeModel) -> None:
    """A delivery that died does nothing any more, and what it had locked is free."""
    model = make_model(Setup(mysql=False, alternating=False))
    found = model.explore(model.after(Step.CREATE_SECRET), of_a(Step.SET_SECRET), deaths=1)
    dead = [state for state in found.graph.states if found.explorer.ends(state) == ("crashed",)]
    assert dead
    assert all(not list(found.explorer.successors(state)) for state in dead)
    assert all(not found.explorer.world(state).locks for state in dead)


def test_one_delivery_alone_has_one_schedule(make_model: MakeModel) -> None:
    """With nobody else there, and no time that passes, a rotation runs in its own order to its end."""
    model = make_model(Setup(mysql=False, alternating=False))
    found = model.explore(model.after(), of_a(*WHOLE), pauses=0)
    assert found.graph.schedules() == 1
    assert found.ends == {("",)}
