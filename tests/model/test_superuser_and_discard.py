"""Single user in its rarer settings: the superuser steps in, or the old password is discarded."""

import pytest

from secret_rotation.model import Step
from tests.fixtures.interleavings import MakeModel
from tests.model.cases import OVERTAKES, before, of_a
from tests.model.deliveries import WHOLE, Delivery, rotate
from tests.model.promise import LATE_PROMOTION
from tests.model.setup import SUPERUSER_DATABASE, Setup

each_engine = pytest.mark.parametrize("mysql", [False, True], ids=["PostgreSQL", "MySQL"])


@each_engine
def test_the_superuser_changes_what_the_user_may_not(make_model: MakeModel, mysql: bool) -> None:
    """A user that may not change its own password: an overtaken setSecret, and one twice in parallel, break nothing."""
    model = make_model(Setup(mysql, alternating=False, users_may_change=False))
    world = model.after(Step.CREATE_SECRET)
    for second in (OVERTAKES, of_a(*WHOLE, name="again")):
        found = model.explore(world, of_a(*WHOLE[1:]), second, deaths=1)
        assert found.broken.keys() <= {LATE_PROMOTION}, found


@pytest.mark.parametrize(("mysql", "dbname"), [(True, "shop"), (False, SUPERUSER_DATABASE), (False, "shop")])
def test_the_superuser_resets_what_nobody_knows(make_model: MakeModel, mysql: bool, dbname: str) -> None:
    """RESET_WITH_SUPERUSER, and two setSecrets that are overtaken: whoever changes the password keeps others away."""
    model = make_model(Setup(mysql, alternating=False, reset_with_superuser=True, dbname=dbname))
    two = (of_a(Step.SET_SECRET, name="1"), of_a(Step.SET_SECRET, name="2"))
    found = model.explore(model.after(Step.CREATE_SECRET), *two, OVERTAKES, pauses=0)
    assert not found.broken, found


def test_the_old_password_is_discarded_late(make_model: MakeModel) -> None:
    """OLD_PASSWORD=discard, and the next rotation begins while finishSecret still runs: AWSCURRENT is not discarded."""
    model = make_model(Setup(mysql=True, alternating=False, discard_old_password=True))
    following = Delivery("B", "B", (rotate("B"), *WHOLE))
    found = model.explore(model.after(*before(Step.FINISH_SECRET)), of_a(Step.FINISH_SECRET), following)
    assert not found.broken, found


def test_the_old_password_is_discarded_twice(make_model: MakeModel) -> None:
    """OLD_PASSWORD=discard, and a whole rotation delivered twice in parallel, one of the two dying."""
    model = make_model(Setup(mysql=True, alternating=False, discard_old_password=True))
    found = model.explore(model.after(), of_a(*WHOLE), of_a(*WHOLE, name="again"), deaths=1)
    assert not found.broken, found
