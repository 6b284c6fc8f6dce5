"""Every step may run any number of times, in any order in which Secrets Manager may deliver it again."""

import pytest

from lab.lambda_environment import Invocation
from lab.secretsmanager import faults
from tests.fixtures.rotation import STEPS, Application
from tests.rotation.conftest import every_pairing, every_server
from tests.rotation.faulted import heals, reach, rotates


@every_server
def test_each_step_twice(application: Application) -> None:
    """A rotation in which each step is delivered twice ends as one in which each is delivered once."""
    for _ in range(2):
        token = application.begin()
        assert not application.steps(token, *[step for step in STEPS for _ in range(2)]).failed
        assert application.secret.version_with("AWSCURRENT") == token
        assert application.works()
    assert application.rotate().succeeded


@every_pairing
@pytest.mark.parametrize("reached", range(1, 5))
def test_a_rotation_that_starts_over(application: Application, reached: int) -> None:
    """However far a rotation came, all four steps again with the same token complete it."""
    token = application.begin()
    assert not application.steps(token, *STEPS[:reached]).failed
    heals(application, token)


@every_pairing
@pytest.mark.parametrize("pending_leaves", [False, True])
def test_a_step_redelivered_after_the_end_changes_nothing(application: Application, *, pending_leaves: bool) -> None:
    """Any step delivered again after finishSecret succeeds and leaves labels and logins as they are."""
    application.secret.cloud.variations.pending_leaves_with_current = pending_leaves
    token = application.begin()
    assert not application.steps(token, *STEPS).failed
    labels = application.secret.labels()
    for step in STEPS:
        assert not application.step(step, token).failed
    assert application.secret.labels() == labels
    assert application.works()


@every_pairing
@pytest.mark.parametrize("step", STEPS)
def test_a_step_redelivered_after_the_next_rotation_is_refused(application: Application, step: str) -> None:
    """A step of the rotation before last is a label conflict, and changes nothing."""
    old = application.begin()
    assert not application.steps(old, *STEPS).failed
    assert application.rotate().succeeded
    labels = application.secret.labels()
    outcome = application.step(step, old)
    assert outcome.error_type == "LabelConflictError"
    assert "AWSPREVIOUS" in str(outcome.error_message)
    assert application.secret.labels() == labels
    assert application.works()


@every_pairing
def test_create_secret_again_keeps_the_first_password(application: Application) -> None:
    """A second createSecret leaves the value of AWSPENDING that the first one stored."""
    token = reach(application, "setSecret")
    first = application.credentials("AWSPENDING")
    assert not application.steps(token, "createSecret").failed
    assert application.credentials("AWSPENDING") == first


@every_pairing
def test_set_secret_again_while_the_rotation_ends(application: Application) -> None:
    """Where AWSCURRENT moves between the two reads of a repeated setSecret, that finds nothing left to do."""
    token, ends = reach(application, "finishSecret"), list[Invocation]()
    between = faults.call("GetSecretValue", lambda: ends.append(application.step("finishSecret", token)), nth=2)
    application.secret.cloud.faults.add(between)
    assert not application.step("setSecret", token).failed
    assert [end.failed for end in ends] == [False]
    assert application.works()
    rotates(application)
