"""MySQL's second password: how long AWSPREVIOUS outlives a rotation, and that AWSCURRENT outlives a cancelled one."""

import pytest

from lab.servers import DatabaseServer
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, STEPS, Application, MakeApplication
from tests.rotation.faulted import interrupt, reach, rotates

DISCARD = {"OLD_PASSWORD": "discard"}


@pytest.fixture
def application(mysql: DatabaseServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application of a single user."""
    return make_application(make_user(mysql), SINGLE_USER)


@pytest.fixture
def discarding(application: Application, make_application: MakeApplication) -> Application:
    """Another one of the same user, whose function ends old passwords."""
    return make_application(application.user, SINGLE_USER, environ=DISCARD)


def test_discard_ends_the_old_password(discarding: Application) -> None:
    """After a rotation with OLD_PASSWORD=discard only AWSCURRENT logs in, for 9 calls and 3 connections."""
    discarding.secret.cloud.calls.clear()
    rotates(discarding)
    assert not discarding.logs_in("AWSPREVIOUS")
    assert len(discarding.secret.operations()) == 9
    assert discarding.user.relay.connections == 3


def test_discard_happens_also_when_the_label_is_there(application: Application, discarding: Application) -> None:
    """A finishSecret that died after the label moved is completed by the next delivery."""
    token = application.begin()
    assert not application.steps(token, *STEPS).failed
    assert application.logs_in("AWSPREVIOUS")
    assert not discarding.function.invoke(application.secret.event("finishSecret", token)).failed
    assert not application.logs_in("AWSPREVIOUS")
    assert application.works()


def test_discard_never_ends_the_current_password(discarding: Application) -> None:
    """A finishSecret that is delivered again while the next rotation has set its password leaves AWSCURRENT valid."""
    first = discarding.begin()
    assert not discarding.steps(first, *STEPS).failed
    second = discarding.begin()
    assert not discarding.steps(second, "createSecret", "setSecret").failed
    assert not discarding.step("finishSecret", first).failed
    assert discarding.logs_in("AWSCURRENT")
    assert not discarding.steps(second, "testSecret", "finishSecret").failed
    assert discarding.works()


def test_discard_never_ends_the_current_password_beside_an_orphan(discarding: Application) -> None:
    """The same where that rotation was given up: its password is the primary one, though no version is AWSPENDING."""
    first = discarding.begin()
    assert not discarding.steps(first, *STEPS).failed
    interrupt(discarding, "createSecret", "setSecret")
    assert not discarding.step("finishSecret", first).failed
    assert discarding.logs_in("AWSCURRENT")
    rotates(discarding, 2)
    assert not discarding.logs_in("AWSPREVIOUS")


def test_without_the_privilege_the_change_is_plain(application: Application) -> None:
    """A user that may not have two passwords is rotated with a gap, and the log says what to grant."""
    user = application.user
    user.as_superuser(f"REVOKE APPLICATION_PASSWORD_ADMIN ON *.* FROM '{user.username}'@'%'")
    rotates(application)
    assert not application.logs_in("AWSPREVIOUS")
    assert "APPLICATION_PASSWORD_ADMIN" in application.stdout.getvalue()


def test_current_stays_valid_whatever_is_cancelled(application: Application) -> None:
    """Through any number of cancelled rotations AWSCURRENT logs in."""
    for _ in range(3):
        interrupt(application, "createSecret", "setSecret")
        assert application.works()
    token = application.begin()
    for step in STEPS:
        assert not application.step(step, token).failed
        assert application.works()


def test_the_current_password_is_never_evicted_for_an_orphan(application: Application) -> None:
    """Error 3891 with an orphan as the primary password: the orphan goes, AWSCURRENT stays as the secondary one."""
    orphan = interrupt(application, "createSecret", "setSecret")
    assert application.user.can_log_in(*orphan)
    reach(application, "testSecret")
    assert not application.user.can_log_in(*orphan)
    assert application.logs_in("AWSCURRENT")
    assert application.logs_in("AWSPENDING")
