"""Single user in its rarer settings: the superuser steps in, or the old password is discarded."""

from dataclasses import replace

import pytest

from lab.interleavings.deployment import SUPERUSER_DATABASE, Deployment
from lab.interleavings.processes import WHOLE, Process, clear, rotate
from lab.interleavings.promise import LATE_PROMOTION
from secret_rotation.engines.mysql import MySQL
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.request import Step
from secret_rotation.strategies.single_user import SingleUser
from tests.model.cases import EARLY, ENGINES, OVERTAKES, MakeModel, before, of_a

each_single_user = pytest.mark.parametrize(
    "deployment", [*(Deployment(engine, SingleUser) for engine in ENGINES), *EARLY], ids=str
)


@each_single_user
def test_the_superuser_changes_what_the_user_may_not(make_model: MakeModel, deployment: Deployment) -> None:
    """A user that may not change its own password: an overtaken setSecret, and one twice in parallel, break nothing."""
    model = make_model(replace(deployment, users_may_change=False))
    start = model.after(Step.CREATE_SECRET)
    for second in (OVERTAKES, of_a(*WHOLE, name="again")):
        found = model.explore(start, of_a(*WHOLE[1:]), second, deaths=1)
        assert found.broken.keys() <= {LATE_PROMOTION}, found


@pytest.mark.parametrize(
    "deployment",
    [
        Deployment(MySQL, SingleUser, dbname="shop"),
        *(
            Deployment(PostgreSQL, SingleUser, dbname=dbname, promote_early=promote_early)
            for dbname in (SUPERUSER_DATABASE, "shop")
            for promote_early in (False, True)
        ),
    ],
    ids=lambda deployment: f"{deployment}, {deployment.dbname}",
)
def test_the_superuser_resets_what_nobody_knows(make_model: MakeModel, deployment: Deployment) -> None:
    """RESET_WITH_SUPERUSER, and two setSecrets that are overtaken: whoever changes the password keeps others away."""
    model = make_model(replace(deployment, reset_with_superuser=True))
    two = (of_a(Step.SET_SECRET, name="1"), of_a(Step.SET_SECRET, name="2"))
    found = model.explore(model.after(Step.CREATE_SECRET), *two, OVERTAKES, pauses=0)
    assert not found.broken, found


def test_the_old_password_is_discarded_late(make_model: MakeModel) -> None:
    """OLD_PASSWORD=discard, and the next rotation begins while finishSecret still runs: AWSCURRENT is not discarded."""
    model = make_model(Deployment(MySQL, SingleUser, discard_old_password=True))
    following = Process("B", "B", (rotate("B"), *WHOLE))
    found = model.explore(model.after(*before(Step.FINISH_SECRET)), of_a(Step.FINISH_SECRET), following)
    assert not found.broken, found


def test_the_old_password_is_discarded_after_a_rotation_that_was_given_up(make_model: MakeModel) -> None:
    """OLD_PASSWORD=discard, and finishSecret again while the next rotation is set and given up: AWSCURRENT stays."""
    model = make_model(Deployment(MySQL, SingleUser, discard_old_password=True))
    given_up = Process("B", "B", (rotate("B"), Step.CREATE_SECRET, Step.SET_SECRET, clear("B")))
    found = model.explore(model.after(*WHOLE), of_a(Step.FINISH_SECRET), given_up)
    assert not found.broken, found


def test_the_old_password_is_discarded_twice(make_model: MakeModel) -> None:
    """OLD_PASSWORD=discard, and a whole rotation delivered twice in parallel, one of the two dying."""
    model = make_model(Deployment(MySQL, SingleUser, discard_old_password=True))
    found = model.explore(model.after(), of_a(*WHOLE), of_a(*WHOLE, name="again"), deaths=1)
    assert not found.broken, found
