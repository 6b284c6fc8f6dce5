"""What cancelled rotations and operators leave behind, and that the next rotation completes by itself."""

import pytest

import lab.secretsmanager.operations
from lab.secretsmanager.faults import error
from lab.servers import DatabaseServer
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, STEPS, Application, MakeApplication
from tests.rotation.conftest import NEWEST, every_pairing, every_server
from tests.rotation.faulted import interrupt, rotates

every_single_user = pytest.mark.parametrize(
    "application", [(name, SINGLE_USER) for name in NEWEST], indirect=True, ids=NEWEST
)


@every_server
@pytest.mark.parametrize("reached", [1, 2, 3])
def test_a_cancelled_rotation_is_healed_by_the_next(application: Application, reached: int) -> None:
    """Cancelled after any step, also when only the unlabelled version still logs in: the next rotation completes."""
    interrupt(application, *STEPS[:reached])
    rotates(application)


@every_server
def test_two_cancelled_rotations_in_a_row(application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rotations cancelled after setSecret leave two orphans, listed on two pages; the next one still completes."""
    monkeypatch.setattr(lab.secretsmanager.operations, "MAX_RESULTS", 1)
    for _ in range(2):
        interrupt(application, "createSecret", "setSecret")
    rotates(application)
    assert application.rotate().succeeded


def test_an_orphan_is_found_without_the_right_to_list_versions(
    newest_postgres: DatabaseServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Where listing versions is denied, rotations go on; one that needs an orphan says what to grant."""
    application = make_application(make_user(newest_postgres), SINGLE_USER)
    application.secret.cloud.faults.add(error("ListSecretVersionIds", "AccessDeniedException", times=None))
    assert application.rotate().succeeded
    interrupt(application, "createSecret", "setSecret")
    application.refusal("LoginRejectedError")
    assert "secretsmanager:ListSecretVersionIds" in application.stdout.getvalue()
    application.secret.cloud.faults.clear()


@pytest.mark.parametrize("value", ["not json", "[]", '{"username": 5}'])
@every_pairing
def test_a_malformed_previous_version_is_no_hindrance(application: Application, value: str) -> None:
    """An AWSPREVIOUS or orphan that is no secret's JSON is passed over."""
    application.secret.put(value, stages=("AWSPREVIOUS",))
    application.secret.put(value, stages=("MINE",))
    interrupt(application, "createSecret", "setSecret")
    rotates(application)


@every_single_user
def test_a_password_changed_by_hand_is_named(application: Application) -> None:
    """Where no version logs in, the error says of each what happened and what to do, and nothing was changed."""
    user = application.user
    user.set_password("changed-by-hand")
    token = application.begin()
    outcome = application.steps(token, "createSecret", "setSecret")
    assert outcome.error_type == "LoginRejectedError"
    assert f"AWSCURRENT ({user.username}): rejected; AWSPENDING ({user.username}): rejected" in str(
        outcome.error_message
    )
    assert "put-secret-value" in str(outcome.error_message)
    assert user.can_log_in(user.username, "changed-by-hand")


@every_single_user
def test_the_previous_version_heals_a_secret_that_was_rolled_forward_by_hand(application: Application) -> None:
    """A wrong password put into AWSCURRENT by hand: AWSPREVIOUS, which still logs in, carries the next rotation."""
    application.secret.change(password="a wrong one")
    assert not application.logs_in()
    rotates(application)


@every_single_user
def test_versions_of_another_server_are_never_tried(application: Application) -> None:
    """Older versions with another host, port or user are left alone: their passwords are not sent to this server."""
    user = application.user
    value = application.secret.value()
    for change in ({"host": "127.0.0.1"}, {"port": 1}, {"username": "somebody"}, {}):
        application.secret.put({**value, "password": "wrong", **change}, stages=("MINE",))
    user.set_password("changed-by-hand")
    application.refusal("LoginRejectedError")
    assert user.rejected_logins() == 2


@every_single_user
def test_at_most_four_rejections(application: Application) -> None:
    """However many orphans there are, one invocation has at most four rejected logins."""
    for _ in range(4):
        interrupt(application, "createSecret")
    application.user.set_password("changed-by-hand")
    application.refusal("LoginRejectedError")
    assert application.user.rejected_logins() == 4
