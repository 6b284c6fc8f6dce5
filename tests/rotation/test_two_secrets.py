"""Two secrets that name one user, single user: what docs/moving-over.md says of it."""

import pytest

from tests.fixtures.databases import ApplicationUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication


@pytest.fixture
def two(user: ApplicationUser, make_application: MakeApplication) -> tuple[Application, Application]:
    """Two applications of one user, with a secret each."""
    return make_application(user, SINGLE_USER), make_application(user, SINGLE_USER)


def test_the_other_secret_is_locked_out(two: tuple[Application, Application], user: ApplicationUser) -> None:
    """At once where a user has one password, else by the second rotation; its own next one then says so."""
    mine, others = two
    assert mine.rotate().succeeded
    assert others.logs_in() == user.kit.engine.keeps_old_password
    assert mine.rotate().succeeded
    assert not others.logs_in()
    others.refusal("LoginRejectedError")
    assert mine.works()


def test_whichever_of_the_two_rotates_second(two: tuple[Application, Application], user: ApplicationUser) -> None:
    """Where the old password is kept, the other secret's rotation goes on from it, and locks the first one out."""
    mine, others = two
    assert mine.rotate().succeeded
    assert others.rotate().succeeded == user.kit.engine.keeps_old_password
    assert mine.logs_in() != others.logs_in()
