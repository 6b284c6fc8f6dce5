"""One user of MySQL with several accounts: all that are the secret's get the new password, and nobody else's does."""

import hashlib
from contextlib import closing

import pytest

from lab.engines.mysql import MySQLServer
from lab.servers import Login
from secret_rotation.engines.mysql import other_accounts
from secret_rotation.engines.mysql.connection import Connection
from tests.engines.mysql_clients import ELSEWHERE, account_of
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, STEPS, Application, MakeApplication
from tests.rotation.dry_runs import stops_as_the_rotation
from tests.rotation.faulted import Statements, interrupt, new_superuser, reach, rotates, tells_no_password


@pytest.fixture
def user(mysql: MySQLServer, make_user: MakeUser) -> ApplicationUser:
    """A user with an account for all hosts, which the function uses, and one for another host, of the same password."""
    user = make_user(mysql)
    user.administrate(f"CREATE USER {other(user)} IDENTIFIED BY '{user.password}'")
    return user


@pytest.fixture
def application(user: ApplicationUser, make_application: MakeApplication) -> Application:
    """Its application, whose secret names a superuser."""
    application = make_application(user, SINGLE_USER)
    application.secret.change(masterarn=application.superuser_secret.arn)
    return application


def other(user: ApplicationUser) -> str:
    """The account for the other host."""
    return f"`{user.username}`@`{ELSEWHERE}`"


def logs_in_elsewhere(application: Application, password: str | None = None) -> bool:
    """Whether the password, or that of AWSCURRENT, logs in from the other host."""
    user = application.user
    login = Login(user.username, password or application.credentials()[1])
    account = account_of(user.server, login)  # type: ignore[arg-type] # the fixture's server is MySQL's
    assert account in (None, f"{user.username}@{ELSEWHERE}")
    return account is not None


def told(application: Application, level: str) -> list[str]:
    """What the function's log says at a level. Its lines of metrics have none."""
    return [line["message"] for line in application.log() if line.get("level") == level]


def test_all_accounts_get_the_password(application: Application) -> None:
    """AWSCURRENT logs in from everywhere after each rotation, AWSPREVIOUS does still, and it takes 3 connections."""
    for _ in range(3):
        application.user.relay.connections = 0
        rotates(application)
        assert application.user.relay.connections == 3
        assert logs_in_elsewhere(application)
        assert logs_in_elsewhere(application, application.credentials("AWSPREVIOUS")[1])
        assert application.logs_in("AWSPREVIOUS")
    user = application.user
    assert [text for text in told(application, "INFO") if "that of this secret" in text] == [
        f"Set the password of account {other(user)}, too: it had that of this secret."
    ] * 3


def test_each_account_logs_in_at_every_moment(application: Application) -> None:
    """Before, between and after all steps AWSCURRENT logs in from everywhere."""
    token = application.begin()
    for step in STEPS:
        assert not application.step(step, token).failed
        assert application.logs_in()
        assert logs_in_elsewhere(application)


def test_without_a_superuser_the_log_says_which_account_changed(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """A user can change no account but its own, and sees no other: one line of information says so."""
    application = make_application(user, SINGLE_USER)
    rotates(application)
    assert logs_in_elsewhere(application, user.password)
    assert not logs_in_elsewhere(application)
    [message] = [text for text in told(application, "INFO") if "password of account" in text]
    assert f"`{user.username}`@`%`" in message
    assert not told(application, "WARNING")


def test_an_account_with_another_password_is_left_alone(application: Application, user: ApplicationUser) -> None:
    """It may be somebody else's: a warning names it, and its remedy makes it the secret's."""
    user.administrate(f"ALTER USER {other(user)} IDENTIFIED BY 'somebody-elses'")
    rotates(application)
    assert logs_in_elsewhere(application, "somebody-elses")
    [warning] = told(application, "WARNING")
    statement = warning.rpartition(": ")[2]
    assert statement == f"ALTER USER {other(user)} IDENTIFIED BY '<the password in AWSCURRENT>';"
    user.as_superuser(statement.replace("<the password in AWSCURRENT>", application.credentials()[1]))
    rotates(application)
    assert logs_in_elsewhere(application)


def test_what_an_account_may_do_does_not_matter(application: Application, user: ApplicationUser) -> None:
    """Whoever knows the password may do it already, and nobody keeps AWSCURRENT out by a right that they give."""
    user.administrate(f"GRANT CREATE USER ON *.* TO {other(user)}")
    rotates(application)
    assert logs_in_elsewhere(application)
    assert not told(application, "WARNING")


def test_a_password_of_their_own_is_not_replaced(application: Application, user: ApplicationUser) -> None:
    """That an account had the secret's password before it got its own, which the server remembers, proves nothing."""
    user.administrate(f"ALTER USER {other(user)} IDENTIFIED BY 'their-own' RETAIN CURRENT PASSWORD")
    rotates(application)
    assert logs_in_elsewhere(application, "their-own")
    assert not logs_in_elsewhere(application)
    [warning] = told(application, "WARNING")
    assert "may be somebody else's" in warning


def test_a_superuser_that_may_not_do_it_stops_it_before_anything_is_changed(
    application: Application, user: ApplicationUser
) -> None:
    """A dry run says the same, and what the message says lets it."""
    boss = user.kit.account(new_superuser(application))
    user.administrate(f"GRANT SELECT ON mysql.* TO {boss}")
    grant = f"GRANT CREATE USER ON *.* TO {boss};"
    assert grant in stops_as_the_rotation(application, "PermissionDeniedError")
    assert application.logs_in()
    assert not application.logs_in("AWSPENDING")
    user.administrate(grant)
    assert not application.steps(application.secret.version_with("AWSPENDING") or "", *STEPS[1:]).failed
    assert logs_in_elsewhere(application)


def test_an_account_that_cannot_be_set_stops_nothing(application: Application, user: ApplicationUser) -> None:
    """A plugin that the server has no more, as after an upgrade: a warning has the statement that mends it."""
    once = hashlib.sha1(user.password.encode(), usedforsecurity=False).digest()
    stored = hashlib.sha1(once, usedforsecurity=False).hexdigest().upper()
    user.administrate(
        f"UPDATE mysql.user SET plugin = 'mysql_native_password', authentication_string = '*{stored}' "  # noqa: S608
        f"WHERE User = '{user.username}' AND Host = '{ELSEWHERE}'",
        "FLUSH PRIVILEGES",
    )
    rotates(application)
    [warning] = told(application, "WARNING")
    statement = warning.rpartition(": ")[2]
    user.as_superuser(statement.replace("<the password in AWSCURRENT>", application.credentials()[1]))
    assert logs_in_elsewhere(application)
    tells_no_password(application)


def test_an_account_of_which_nobody_can_tell(application: Application, user: ApplicationUser) -> None:
    """A hash that would take minutes is not computed: the warning says that, and not that the password is another."""
    user.administrate(
        "UPDATE mysql.user SET authentication_string = INSERT(authentication_string, 4, 3, 'FFF') "  # noqa: S608
        f"WHERE User = '{user.username}' AND Host = '{ELSEWHERE}'",
        "FLUSH PRIVILEGES",
    )
    rotates(application)
    [warning] = told(application, "WARNING")
    assert "cannot be told" in warning


def test_a_set_secret_that_dies_is_completed(application: Application, statements: Statements) -> None:
    """Whichever statement it comes to, the next delivery sets what is missing, and AWSCURRENT works all the time."""
    token = reach(application, "setSecret")
    with statements.before(0, _die):
        assert not application.step("setSecret", token).failed
        count = statements.count
    assert not application.steps(token, *STEPS[2:]).failed
    for nth in range(1, count + 1):
        token = reach(application, "setSecret")
        with statements.before(nth, _die):
            application.step("setSecret", token)
        assert application.logs_in()
        assert logs_in_elsewhere(application)
        assert not application.steps(token, *STEPS).failed
        assert application.logs_in()
        assert logs_in_elsewhere(application)
        tells_no_password(application)


def _die() -> None:
    raise RuntimeError("killed")


@pytest.mark.parametrize("can_keep_its_own", [True, False])
def test_what_cancelled_rotations_left_is_overwritten(
    application: Application, user: ApplicationUser, can_keep_its_own: bool
) -> None:
    """The others keep AWSCURRENT as their second password, also where the user itself may keep none."""
    if not can_keep_its_own:
        user.administrate(f"REVOKE APPLICATION_PASSWORD_ADMIN ON *.* FROM {user.kit.account(user.username)}")
    for _ in range(2):
        interrupt(application, "createSecret", "setSecret")
        assert logs_in_elsewhere(application)
    rotates(application)
    assert logs_in_elsewhere(application)


def test_a_superuser_that_cannot_log_in_stops_it_before_anything_is_changed(
    application: Application, user: ApplicationUser
) -> None:
    """Nobody knows then whether there are others, and a rotation that goes on would lock those out for good."""
    application.superuser_secret.change(password="out-of-date")
    application.refusal("SuperuserRejectedError")
    assert user.can_log_in(user.username, user.password)
    assert not application.logs_in("AWSPENDING")


def test_another_rotation_of_the_user_keeps_it_away(application: Application, user: ApplicationUser) -> None:
    """The session that sets the others takes the lock: while somebody else has it nothing is changed."""
    with closing(user.server.connect(user.server.administrator)) as holder:
        holder.cursor().execute(user.kit.hold_rotations(user.username))
        application.refusal("StatementFailedError")
    assert not application.logs_in("AWSPENDING")
    assert not logs_in_elsewhere(application, application.credentials("AWSPENDING")[1])


def test_a_user_of_anothers_pair_is_left_alone(
    application: Application, user: ApplicationUser, make_application: MakeApplication
) -> None:
    """Where the user is on record as one of another secret's pair, the rotation stops before anything is changed."""
    pair = make_application(user, ALTERNATING_USERS)
    rotates(pair)
    assert pair.secret.name in application.refusal("UnsafeRotationError")
    assert user.can_log_in(user.username, user.password)
    assert not application.logs_in("AWSPENDING")


def test_a_secret_without_tls_moves_no_superuser(application: Application, user: ApplicationUser) -> None:
    """A login that proves nothing still changes its own account's password; a warning says what it does not do."""
    application.secret.change(ssl=False)
    rotates(application)
    assert logs_in_elsewhere(application, user.password)
    [warning] = told(application, "WARNING")
    assert '"ssl": false' in warning


def test_a_server_without_dual_passwords_keeps_those_of_the_others(
    application: Application, user: ApplicationUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 8.0.14 the user's own password is changed as without a superuser, and a warning says what is not."""
    monkeypatch.setattr(Connection, "version", property(lambda _: (8, 0, 13)))
    rotates(application)
    assert logs_in_elsewhere(application, user.password)
    assert not logs_in_elsewhere(application)
    assert any(f"accounts of {user.username} for other hosts" in warning for warning in told(application, "WARNING"))


def test_an_expired_password_is_changed_everywhere(application: Application, user: ApplicationUser) -> None:
    """The user's session can take no lock before it has changed its password: the superuser's takes it."""
    user.administrate(f"ALTER USER {user.kit.account(user.username)} PASSWORD EXPIRE")
    rotates(application)
    assert logs_in_elsewhere(application)


def test_an_expired_password_of_a_nearer_account_is_changed_everywhere(
    application: Application, user: ApplicationUser
) -> None:
    """The session cannot tell which account it is, and the one for all hosts is not taken for it."""
    nearer = f"`{user.username}`@`127.0.0.1`"
    user.administrate(f"CREATE USER {nearer} IDENTIFIED BY '{user.password}' PASSWORD EXPIRE")
    rotates(application)
    assert application.logs_in()
    assert logs_in_elsewhere(application)
    [warning] = told(application, "WARNING")
    assert warning.endswith(f"GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {nearer};")
    user.administrate(f"DROP USER {nearer}")
    assert application.logs_in()


def test_what_the_server_stores_is_in_no_log(application: Application, user: ApplicationUser) -> None:
    """Neither the hashes that were read nor those that came of it."""
    rotates(application)
    rows = user.administrate(f"SELECT authentication_string FROM mysql.user WHERE User = '{user.username}'")  # noqa: S608
    assert len(rows) == 2
    assert not [row for (row,) in rows if str(row)[-20:] in application.stdout.getvalue()]


def test_a_rotation_looks_at_so_many_accounts(
    application: Application, user: ApplicationUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each costs time. A warning says how many were left alone, lists all of them, and has a statement for the rest."""
    monkeypatch.setattr(other_accounts, "MAX_ACCOUNTS", 0)
    rotates(application)
    assert application.logs_in()
    assert not logs_in_elsewhere(application)
    [warning] = told(application, "WARNING")
    assert warning.startswith(f"1 more accounts of {user.username} were left alone")
    listing, statement = warning.partition("all of them: ")[2].partition(";")[0], warning.rpartition(": ")[2]
    assert user.as_superuser(listing) == [("%",), (ELSEWHERE,)]
    user.as_superuser(statement.replace("<the password in AWSCURRENT>", application.credentials()[1]))
    assert logs_in_elsewhere(application)
