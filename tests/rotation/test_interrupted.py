"""What cancelled rotations and operators leave behind, and that the next rotation completes by itself."""

import pytest

from lab.secretsmanager.faults import error
from lab.servers import DatabaseServer
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, STEPS, STRATEGIES, Application, MakeApplication


def interrupt(application: Application, *steps: str) -> tuple[str, str]:
    """Run a rotation up to a step, then take its label away; the credentials that it leaves orphaned."""
    token = application.begin()
    assert not application.steps(token, *steps).failed
    orphan = application.credentials("AWSPENDING")
    application.cancel()
    return orphan


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("reached", [1, 2, 3])
def test_a_cancelled_rotation_is_healed_by_the_next(
    database: DatabaseServer, strategy: str, reached: int, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Cancelled after any step, also when only the unlabelled version still logs in: the next rotation completes."""
    application = make_application(make_user(database), strategy)
    interrupt(application, *STEPS[:reached])
    assert application.rotate().succeeded
    assert application.works()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_two_cancelled_rotations_in_a_row(
    database: DatabaseServer, strategy: str, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Two rotations cancelled after setSecret leave two orphans; the next rotation still completes."""
    application = make_application(make_user(database), strategy)
    for _ in range(2):
        interrupt(application, "createSecret", "setSecret")
    assert application.rotate().succeeded
    assert application.works()
    assert application.rotate().succeeded


def test_current_stays_valid_on_mysql_whatever_is_cancelled(
    mysql: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Single user on MySQL: through any number of cancelled rotations AWSCURRENT logs in."""
    application = make_application(make_user(mysql), SINGLE_USER)
    for _ in range(3):
        interrupt(application, "createSecret", "setSecret")
        assert application.works()
    token = application.begin()
    for step in STEPS:
        assert not application.step(step, token).failed
        assert application.works()


def test_an_orphan_is_found_without_the_right_to_list_versions(
    newest_postgres: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Where listing versions is denied, rotations go on; one that needs an orphan says what to grant."""
    application = make_application(make_user(newest_postgres), SINGLE_USER)
    application.secret.cloud.faults.add(error("ListSecretVersionIds", "AccessDeniedException", times=None))
    assert application.rotate().succeeded
    interrupt(application, "createSecret", "setSecret")
    outcome = application.steps(application.begin(), "createSecret", "setSecret")
    assert outcome.error_type == "LoginRejectedError"
    assert "secretsmanager:ListSecretVersionIds" in application.stdout.getvalue()
    application.secret.cloud.faults.clear()


@pytest.mark.parametrize("value", ["not json", "[]", '{"username": 5}'])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_malformed_previous_version_is_no_hindrance(
    either_engine: DatabaseServer, strategy: str, value: str, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """An AWSPREVIOUS or orphan that is no secret's JSON is passed over."""
    application = make_application(make_user(either_engine), strategy)
    application.secret.put(value, stages=("AWSPREVIOUS",))
    application.secret.put(value, stages=("MINE",))
    interrupt(application, "createSecret", "setSecret")
    assert application.rotate().succeeded
    assert application.works()


def test_a_password_changed_by_hand_is_named(
    either_engine: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Where no version logs in, the error says of each what happened and what to do, and nothing was changed."""
    user = make_user(either_engine)
    application = make_application(user, SINGLE_USER)
    user.set_password("changed-by-hand")
    token = application.begin()
    outcome = application.steps(token, "createSecret", "setSecret")
    assert outcome.error_type == "LoginRejectedError"
    assert f"AWSCURRENT ({user.username}): rejected; AWSPENDING ({user.username}): rejected" in str(
        outcome.error_message
    )
    assert "put-secret-value" in str(outcome.error_message)
    assert user.can_log_in(user.username, "changed-by-hand")


def test_the_previous_version_heals_a_secret_that_was_rolled_forward_by_hand(
    either_engine: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """A wrong password put into AWSCURRENT by hand: AWSPREVIOUS, which still logs in, carries the next rotation."""
    application = make_application(make_user(either_engine), SINGLE_USER)
    application.secret.put({**application.secret.value(), "password": "a wrong one"})
    assert not application.logs_in()
    assert application.rotate().succeeded
    assert application.works()


def test_versions_of_another_server_are_never_tried(
    either_engine: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Older versions with another host, port or user are left alone: their passwords are not sent to this server."""
    user = make_user(either_engine)
    application = make_application(user, SINGLE_USER)
    value = application.secret.value()
    for change in ({"host": "127.0.0.1"}, {"port": 1}, {"username": "somebody"}, {}):
        application.secret.put({**value, "password": "wrong", **change}, stages=("MINE",))
    user.set_password("changed-by-hand")
    outcome = application.steps(application.begin(), "createSecret", "setSecret")
    assert outcome.error_type == "LoginRejectedError"
    assert user.rejected_logins() == 2


def test_at_most_four_rejections(
    either_engine: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """However many orphans there are, one invocation has at most four rejected logins."""
    user = make_user(either_engine)
    application = make_application(user, SINGLE_USER)
    for _ in range(4):
        interrupt(application, "createSecret")
    user.set_password("changed-by-hand")
    outcome = application.steps(application.begin(), "createSecret", "setSecret")
    assert outcome.error_type == "LoginRejectedError"
    assert user.rejected_logins() == 4


def test_mysql_never_evicts_the_current_password_for_an_orphan(
    mysql: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Error 3891 with an orphan as the primary password: the orphan goes, AWSCURRENT stays as the secondary one."""
    user = make_user(mysql)
    application = make_application(user, SINGLE_USER)
    orphan = interrupt(application, "createSecret", "setSecret")
    assert user.can_log_in(*orphan)
    token = application.begin()
    assert not application.steps(token, "createSecret", "setSecret").failed
    assert not user.can_log_in(*orphan)
    assert application.logs_in("AWSCURRENT")
    assert application.logs_in("AWSPENDING")
