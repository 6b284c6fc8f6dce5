"""The superuser of a single-user secret, and the guard against making it a confused deputy."""

import pytest

from tests.fixtures.databases import MYSQL, ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication

RESET = {"RESET_WITH_SUPERUSER": "true"}


def with_superuser(application: Application) -> Application:
    """The application, its secret naming a superuser."""
    application.secret.put({**application.secret.value(), "masterarn": application.superuser_secret.arn})
    return application


def set_secret(application: Application) -> tuple[str | None, str]:
    """Class and message of what setSecret of a new rotation ends with."""
    outcome = application.steps(application.begin(), "createSecret", "setSecret")
    return outcome.error_type, str(outcome.error_message)


def test_a_known_password_needs_no_superuser(user: ApplicationUser, make_application: MakeApplication) -> None:
    """Where AWSCURRENT logs in, the user changes its own password: two connections, none of them the superuser's."""
    application = with_superuser(make_application(user, SINGLE_USER))
    user.relay.connections = 0
    assert application.rotate().succeeded
    assert user.relay.connections == 2
    assert application.works()


def test_a_lost_password_stays_lost_unless_the_deployer_allows_it(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """Without proof that the account is the secret's, the superuser does not touch it by default."""
    application = with_superuser(make_application(user, SINGLE_USER))
    user.set_password("changed-by-hand")
    kind, _ = set_secret(application)
    assert kind == "LoginRejectedError"
    assert user.can_log_in(user.username, "changed-by-hand")


def test_a_lost_password_is_reset_where_the_deployer_allows_it(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """With RESET_WITH_SUPERUSER the superuser sets the password that nobody knows any more, and the lost one ends."""
    application = with_superuser(make_application(user, SINGLE_USER, environ=RESET))
    user.set_password("changed-by-hand")
    assert application.rotate().succeeded
    assert application.works()
    assert not user.can_log_in(user.username, "changed-by-hand")


def test_reset_needs_a_superuser(user: ApplicationUser, make_application: MakeApplication) -> None:
    """RESET_WITH_SUPERUSER without masterarn in the secret changes nothing."""
    application = make_application(user, SINGLE_USER, environ=RESET)
    user.set_password("changed-by-hand")
    assert set_secret(application)[0] == "LoginRejectedError"


def test_reset_tries_no_older_version_first(user: ApplicationUser, make_application: MakeApplication) -> None:
    """Where the superuser may reset, two rejected logins are enough."""
    application = with_superuser(make_application(user, SINGLE_USER, environ=RESET))
    user.set_password("changed-by-hand")
    assert application.rotate().succeeded
    assert user.rejected_logins() == 2


def test_the_superuser_is_never_reset(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A secret that names the superuser as its user cannot have that one's password set through masterarn."""
    superuser = user.server.superuser
    changes = {"username": superuser.username, "password": "not-its-password", "dbname": None}
    application = with_superuser(make_application(user, SINGLE_USER, environ=RESET, **changes))
    kind, message = set_secret(application)
    assert kind == "UnsafeRotationError"
    assert superuser.username in message
    assert user.server.can_log_in(superuser.username, superuser.password)


def test_an_administrator_is_never_reset(user: ApplicationUser, make_application: MakeApplication) -> None:
    """An account that may create users or hand out rights is not reset without proof, whoever wrote the secret."""
    application = with_superuser(make_application(user, SINGLE_USER, environ=RESET))
    user.administrate(
        f"GRANT CREATE USER ON *.* TO '{user.username}'@'%'"
        if user.engine == MYSQL
        else f'ALTER ROLE "{user.username}" CREATEROLE'
    )
    user.set_password("changed-by-hand")
    kind, message = set_secret(application)
    assert kind == "UnsafeRotationError"
    assert user.username in message
    assert user.can_log_in(user.username, "changed-by-hand")


def test_a_user_that_does_not_exist_is_not_made(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A reset of a user that is not there says so."""
    application = with_superuser(make_application(user, SINGLE_USER, environ=RESET, username=f"{user.username}x"))
    kind, message = set_secret(application)
    assert kind == "UnsafeRotationError"
    assert f"{user.username}x" in message


@pytest.mark.parametrize("strategy", [SINGLE_USER, ALTERNATING_USERS])
def test_a_superuser_with_a_wrong_password_is_named(
    user: ApplicationUser, strategy: str, make_application: MakeApplication
) -> None:
    """Where the superuser's own secret is out of date, the error names that secret, not this one."""
    application = with_superuser(make_application(user, strategy, environ=RESET))
    wrong = {**application.superuser_secret.value(), "password": "out-of-date"}
    application.superuser_secret.put(wrong)
    if strategy == SINGLE_USER:
        user.set_password("changed-by-hand")
    kind, message = set_secret(application)
    assert kind == "SuperuserRejectedError"
    assert application.superuser_secret.arn in message
    assert "out-of-date" not in message


def test_a_superuser_of_another_host_is_refused(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A superuser's secret for a host that RDS does not know as the same database is refused before any connection."""
    application = with_superuser(make_application(user, ALTERNATING_USERS))
    application.superuser_secret.put({**application.superuser_secret.value(), "host": "127.0.0.1"})
    user.relay.connections = 0
    kind, message = set_secret(application)
    assert kind == "UnsafeRotationError"
    assert "127.0.0.1" in message
    assert user.relay.connections == 0


def test_a_superuser_that_is_one_of_the_pair_is_refused(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """The superuser cannot be one of the two users that it would have to rotate."""
    application = make_application(user, ALTERNATING_USERS)
    application.superuser_secret.put(user.secret_value())
    kind, message = set_secret(application)
    assert kind == "UnsafeRotationError"
    assert user.username in message


def test_an_unrelated_user_of_the_clones_name_is_not_touched(
    user: ApplicationUser, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """A user that happens to be called app_clone keeps its password, and the rotation says how to go on."""
    stranger = make_user(user.server, f"{user.username}_clone")
    application = make_application(user, ALTERNATING_USERS)
    kind, message = set_secret(application)
    assert kind == "UnsafeRotationError"
    assert stranger.username in message
    assert stranger.can_log_in(stranger.username, stranger.password)


def test_an_unrelated_user_without_the_suffix_is_not_touched(
    user: ApplicationUser, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """A secret for shop_clone does not reset the password of an unrelated shop."""
    own = make_user(user.server, f"{user.username}_clone")
    application = make_application(own, ALTERNATING_USERS)
    kind, _ = set_secret(application)
    assert kind == "UnsafeRotationError"
    assert user.can_log_in(user.username, user.password)


def test_no_version_logs_in_so_the_superuser_touches_nobody(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """Alternating users: the superuser touches the pair only after some version has logged in as one of it."""
    application = make_application(user, ALTERNATING_USERS)
    user.set_password("changed-by-hand")
    kind, _ = set_secret(application)
    assert kind == "LoginRejectedError"
    assert user.can_log_in(user.username, "changed-by-hand")


def test_previous_proves_the_pair_where_current_is_broken(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """Alternating users: AWSCURRENT was changed by hand, AWSPREVIOUS logs in as the other of the pair: healed."""
    application = make_application(user, ALTERNATING_USERS)
    assert application.rotate().succeeded
    user.set_password("changed-by-hand", f"{user.username}_clone")
    assert application.rotate().succeeded
    assert application.works()
    assert application.rotate().succeeded
    assert application.works()
