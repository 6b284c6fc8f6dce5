"""Every step may run any number of times, in any order in which Secrets Manager may deliver it again."""

from itertools import product

import pytest

from lab.servers import DatabaseServer
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, STEPS, STRATEGIES, MakeApplication


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_step_twice(
    database: DatabaseServer, strategy: str, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """A rotation in which each step is delivered twice ends as one in which each is delivered once."""
    application = make_application(make_user(database), strategy)
    for _ in range(2):
        token = application.begin()
        assert not application.steps(token, *[step for step in STEPS for _ in range(2)]).failed
        assert application.secret.version_with("AWSCURRENT") == token
        assert application.works()
    assert application.rotate().succeeded


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("reached", range(1, 5))
def test_a_rotation_that_starts_over(
    either_engine: DatabaseServer, strategy: str, reached: int, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """However far a rotation came, all four steps again with the same token complete it."""
    application = make_application(make_user(either_engine), strategy)
    token = application.begin()
    assert not application.steps(token, *STEPS[:reached]).failed
    assert not application.steps(token, *STEPS).failed
    assert application.works()
    assert application.rotate().succeeded
    assert application.works()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_step_redelivered_after_the_end_changes_nothing(
    either_engine: DatabaseServer, strategy: str, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Any step delivered again after finishSecret succeeds and leaves labels and logins as they are."""
    application = make_application(make_user(either_engine), strategy)
    token = application.begin()
    assert not application.steps(token, *STEPS).failed
    labels = application.secret.labels()
    for step in STEPS:
        assert not application.step(step, token).failed
    assert application.secret.labels() == labels
    assert application.works()


@pytest.mark.parametrize(("strategy", "step"), list(product(STRATEGIES, STEPS)))
def test_a_step_redelivered_after_the_next_rotation_is_refused(
    either_engine: DatabaseServer, strategy: str, step: str, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """A step of the rotation before last is a label conflict, and changes nothing."""
    application = make_application(make_user(either_engine), strategy)
    old = application.begin()
    assert not application.steps(old, *STEPS).failed
    assert application.rotate().succeeded
    labels = application.secret.labels()
    outcome = application.step(step, old)
    assert outcome.error_type == "LabelConflictError"
    assert "AWSPREVIOUS" in str(outcome.error_message)
    assert application.secret.labels() == labels
    assert application.works()


def test_create_secret_again_keeps_the_first_password(
    either_engine: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """A second createSecret leaves the value of AWSPENDING that the first one stored."""
    application = make_application(make_user(either_engine), ALTERNATING_USERS)
    token = application.begin()
    assert not application.steps(token, "createSecret").failed
    first = application.credentials("AWSPENDING")
    assert not application.steps(token, "createSecret").failed
    assert application.credentials("AWSPENDING") == first
