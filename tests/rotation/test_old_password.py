"""OLD_PASSWORD: whether AWSPREVIOUS outlives a rotation on MySQL, which can keep it."""

from lab.servers import DatabaseServer
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, STEPS, MakeApplication

DISCARD = {"OLD_PASSWORD": "discard"}


def test_discard_ends_the_old_password(
    mysql: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """After a rotation with OLD_PASSWORD=discard only AWSCURRENT logs in, for 9 calls and 3 connections."""
    user = make_user(mysql)
    application = make_application(user, SINGLE_USER, environ=DISCARD)
    application.secret.cloud.calls.clear()
    assert application.rotate().succeeded
    assert application.works()
    assert not application.logs_in("AWSPREVIOUS")
    assert len(application.secret.operations()) == 9
    assert user.relay.connections == 3


def test_discard_happens_also_when_the_label_is_there(
    mysql: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """A finishSecret that died after the label moved is completed by the next delivery."""
    user = make_user(mysql)
    application = make_application(user, SINGLE_USER)
    token = application.begin()
    assert not application.steps(token, *STEPS).failed
    assert application.logs_in("AWSPREVIOUS")
    discarding = make_application(user, SINGLE_USER, environ=DISCARD)
    assert not discarding.function.invoke(application.secret.event("finishSecret", token)).failed
    assert not application.logs_in("AWSPREVIOUS")
    assert application.works()


def test_discard_never_ends_the_current_password(
    mysql: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """A finishSecret that is delivered again while the next rotation has set its password leaves AWSCURRENT valid."""
    application = make_application(make_user(mysql), SINGLE_USER, environ=DISCARD)
    first = application.begin()
    assert not application.steps(first, *STEPS).failed
    second = application.begin()
    assert not application.steps(second, "createSecret", "setSecret").failed
    assert not application.step("finishSecret", first).failed
    assert application.logs_in("AWSCURRENT")
    assert not application.steps(second, "testSecret", "finishSecret").failed
    assert application.works()


def test_without_the_privilege_the_change_is_plain(
    mysql: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """A user that may not have two passwords is rotated with a gap, and the log says what to grant."""
    user = make_user(mysql)
    user.as_superuser(f"REVOKE APPLICATION_PASSWORD_ADMIN ON *.* FROM '{user.username}'@'%'")
    application = make_application(user, SINGLE_USER)
    assert application.rotate().succeeded
    assert application.works()
    assert not application.logs_in("AWSPREVIOUS")
    assert "APPLICATION_PASSWORD_ADMIN" in application.stdout.getvalue()
