"""The superuser of a single-user secret, and the guard against making it a confused deputy."""

import pytest
from psycopg2.sql import SQL, Composable

from lab.engines.postgresql import PostgresServer
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication
from tests.rotation.faulted import reach, rotates

RESET = {"RESET_WITH_SUPERUSER": "true"}


def with_superuser(application: Application) -> Application:
    """The application, its secret naming a superuser."""
    application.secret.change(masterarn=application.superuser_secret.arn)
    return application


@pytest.fixture
def application(user: ApplicationUser, make_application: MakeApplication) -> Application:
    """An application whose two users alternate."""
    return make_application(user, ALTERNATING_USERS)


@pytest.fixture
def resettable(user: ApplicationUser, make_application: MakeApplication) -> Application:
    """An application of a single user, whose password the superuser may reset."""
    return with_superuser(make_application(user, SINGLE_USER, environ=RESET))


def test_a_known_password_needs_no_superuser(user: ApplicationUser, make_application: MakeApplication) -> None:
    """Where AWSCURRENT logs in, the user changes its own password; a superuser comes for its other accounts only."""
    application = with_superuser(make_application(user, SINGLE_USER))
    user.relay.connections = 0
    assert application.rotate().succeeded
    assert user.relay.connections == 2 + user.kit.engine.has_accounts_by_host
    assert application.works()


def test_a_lost_password_stays_lost_unless_the_deployer_allows_it(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """Without proof that the account is the secret's, the superuser does not touch it by default."""
    application = with_superuser(make_application(user, SINGLE_USER))
    user.set_password("changed-by-hand")
    application.refusal("LoginRejectedError")
    assert user.can_log_in(user.username, "changed-by-hand")


def test_a_lost_password_is_reset_where_the_deployer_allows_it(resettable: Application, user: ApplicationUser) -> None:
    """With RESET_WITH_SUPERUSER the superuser sets the password that nobody knows any more, and the lost one ends."""
    user.set_password("changed-by-hand")
    rotates(resettable)
    assert not user.can_log_in(user.username, "changed-by-hand")


def test_reset_needs_a_superuser(user: ApplicationUser, make_application: MakeApplication) -> None:
    """RESET_WITH_SUPERUSER without masterarn in the secret changes nothing."""
    application = make_application(user, SINGLE_USER, environ=RESET)
    user.set_password("changed-by-hand")
    application.refusal("LoginRejectedError")


def test_reset_tries_no_older_version_first(resettable: Application, user: ApplicationUser) -> None:
    """Where the superuser may reset, two rejected logins are enough."""
    user.set_password("changed-by-hand")
    assert resettable.rotate().succeeded
    assert user.rejected_logins() == 2


def test_the_superuser_is_never_reset(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A secret that names the superuser as its user cannot have that one's password set through masterarn."""
    superuser = user.server.superuser
    changes = {"username": superuser.username, "password": "not-its-password", "dbname": None}
    application = with_superuser(make_application(user, SINGLE_USER, environ=RESET, **changes))
    assert superuser.username in application.refusal("UnsafeRotationError")
    assert user.server.can_log_in(superuser.username, superuser.password)


def test_an_administrator_is_never_reset(resettable: Application, user: ApplicationUser) -> None:
    """An account that may create users or hand out rights is not reset without proof, whoever wrote the secret."""
    user.administrate(user.kit.let_create_users(user.username))
    user.set_password("changed-by-hand")
    assert user.username in resettable.refusal("UnsafeRotationError")
    assert user.can_log_in(user.username, "changed-by-hand")


def test_a_user_that_does_not_exist_is_not_made(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A reset of a user that is not there says so."""
    application = with_superuser(make_application(user, SINGLE_USER, environ=RESET, username=f"{user.username}x"))
    assert f"{user.username}x" in application.refusal("UnsafeRotationError")


def test_a_superuser_with_a_wrong_password_is_named(
    user: ApplicationUser, strategy: str, make_application: MakeApplication
) -> None:
    """Where the superuser's own secret is out of date, the error names that secret, not this one."""
    application = with_superuser(make_application(user, strategy, environ=RESET))
    application.superuser_secret.change(password="out-of-date")
    if strategy == SINGLE_USER:
        user.set_password("changed-by-hand")
    message = application.refusal("SuperuserRejectedError")
    assert application.superuser_secret.arn in message
    assert "out-of-date" not in message


def test_a_superuser_of_another_host_is_refused(application: Application, user: ApplicationUser) -> None:
    """A superuser's secret for a host that RDS does not know as the same database is refused before any connection."""
    application.superuser_secret.change(host="127.0.0.1")
    user.relay.connections = 0
    assert "127.0.0.1" in application.refusal("UnsafeRotationError")
    assert user.relay.connections == 0


def test_a_superuser_that_is_one_of_the_pair_is_refused(application: Application, user: ApplicationUser) -> None:
    """The superuser cannot be one of the two users that it would have to rotate."""
    application.superuser_secret.put(user.secret_value())
    assert user.username in application.refusal("UnsafeRotationError")


def test_an_unrelated_user_of_the_clones_name_is_not_touched(
    application: Application, user: ApplicationUser, make_user: MakeUser
) -> None:
    """A user that happens to be called app_clone keeps its password, and the rotation says how to go on."""
    stranger = make_user(user.server, f"{user.username}_clone")
    assert stranger.username in application.refusal("UnsafeRotationError")
    assert stranger.can_log_in(stranger.username, stranger.password)


def test_an_unrelated_user_without_the_suffix_is_not_touched(
    user: ApplicationUser, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """A secret for shop_clone does not reset the password of an unrelated shop."""
    own = make_user(user.server, f"{user.username}_clone")
    application = make_application(own, ALTERNATING_USERS)
    application.refusal("UnsafeRotationError")
    assert user.can_log_in(user.username, user.password)


def test_no_version_logs_in_so_the_superuser_touches_nobody(application: Application, user: ApplicationUser) -> None:
    """Alternating users: the superuser touches the pair only after some version has logged in as one of it."""
    user.set_password("changed-by-hand")
    application.refusal("LoginRejectedError")
    assert user.can_log_in(user.username, "changed-by-hand")


def test_previous_proves_the_pair_where_current_is_broken(application: Application, user: ApplicationUser) -> None:
    """Alternating users: AWSCURRENT was changed by hand, AWSPREVIOUS logs in as the other of the pair: healed."""
    assert application.rotate().succeeded
    user.set_password("changed-by-hand", f"{user.username}_clone")
    rotates(application, 2)


def test_pending_proves_the_pair_where_current_breaks(application: Application, user: ApplicationUser) -> None:
    """Alternating users: AWSCURRENT was changed by hand after setSecret, whose repeat finds its work done."""
    token = reach(application, "testSecret")
    user.set_password("changed-by-hand")
    assert not application.steps(token, "setSecret", "testSecret").failed
    assert user.can_log_in(user.username, "changed-by-hand")


def test_a_user_that_may_not_set_its_own_password(
    newest_postgres: PostgresServer,
    make_user: MakeUser,
    make_application: MakeApplication,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the server says so, as with rds.restrict_password_commands, the superuser sets it once the user logs in."""
    denial, real = SQL("DO $$ BEGIN RAISE insufficient_privilege; END $$"), PostgreSQLSession.run

    def run(session: PostgreSQLSession, statements: Composable, doing: str, *limits: int) -> list[tuple[object, ...]]:
        is_own = doing == f'ALTER ROLE "{session.username}" PASSWORD'
        return real(session, denial if is_own else statements, doing, *limits)

    monkeypatch.setattr(PostgreSQLSession, "run", run)
    application = make_application(make_user(newest_postgres), SINGLE_USER)
    assert "rds_password" in application.refusal("PermissionDeniedError")
    application.secret.remove_pending()
    rotates(with_superuser(application))
