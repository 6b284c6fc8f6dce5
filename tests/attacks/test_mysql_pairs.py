"""Nobody gains on MySQL by what is remembered of a pair: its users cannot write it."""

import json

import pytest

from lab.engines.mysql import MySQLServer
from lab.servers import Login
from secret_rotation.engines.mysql.accounts import MARK_KEY
from tests.attacks.pairs import (
    assert_a_login_adopts,
    assert_a_mark_does_not_adopt,
    assert_a_stranger_is_not_the_clone,
    assert_neither_can_run,
    assert_the_owner_of_a_clones_name_gains_nothing,
    names,
    passwords,
)
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication
from tests.rotation.faulted import rotates

RIGHTS = frozenset({"SELECT", "INSERT", "DELETE"})


@pytest.fixture(scope="session")
def either_engine(mysql: MySQLServer) -> MySQLServer:
    """No other engine."""
    return mysql


@pytest.fixture
def with_right(user: ApplicationUser, make_application: MakeApplication) -> Application:
    """An application with a right that its administrator is about to take back; it has rotated once."""
    user.administrate(f"GRANT DELETE ON {user.dbname}.* TO {user.username}")
    application = make_application(user, ALTERNATING_USERS)
    rotates(application)
    return application


def write_own_attribute(user: ApplicationUser, username: str, password: str, mark: object) -> None:
    """What every account of MySQL may do: rewrite its own attribute. A mark that is no text is written as JSON."""
    text = mark if isinstance(mark, str) else json.dumps(mark)
    attribute = json.dumps({MARK_KEY: text}).replace("\\", "\\\\")
    statement = f"ALTER USER CURRENT_USER() IDENTIFIED BY '{password}' ATTRIBUTE '{attribute}'"
    user.server.run(Login(username, password), statement)


def may(user: ApplicationUser, username: str) -> set[str]:
    """Which rights a user of MySQL has on the application's database."""
    [*_, grant] = [row[0] for row in user.administrate(f"SHOW GRANTS FOR {username}") if user.dbname in row[0]]
    return {right for right in RIGHTS if right in grant}


def record_user(user: ApplicationUser) -> str:
    """The account of MySQL that holds the record of a user's pair."""
    pair = f"User_attributes->>'$.metadata.pair' = '{user.username}'"
    [(name,)] = user.administrate(f"SELECT User FROM mysql.user WHERE {pair}")  # noqa: S608
    return str(name)


def mark_of(user: ApplicationUser, username: str) -> object:
    """What a user of MySQL has in the key of its attribute that is a rotation's."""
    path = "$.metadata.secret_rotation"
    [(mark,)] = user.administrate(f"SELECT User_attributes->>'{path}' FROM mysql.user WHERE User = '{username}'")  # noqa: S608
    return mark


def forge(user: ApplicationUser, username: str, password: str) -> None:
    """All that an account can do to look like the clone of a pair."""
    for mark in ({"held": [], "restrictions": [], "options": {}, "attribute": {}, "locked": False}, {}):
        write_own_attribute(user, username, password, mark)


def forget(application: Application) -> None:
    """Make the pair one of a time before there were records: its clone is marked as rotations did it then."""
    user, clone = application.user, names(application)[1]
    user.administrate(f"DROP USER '{record_user(user)}'@'localhost'")
    mark = {"held": [], "restrictions": [], "options": {}, "attribute": {}, "locked": False}
    write_own_attribute(user, clone, passwords(application)[clone], mark)


def test_a_strangers_account_is_not_taken_for_the_clone(application: Application) -> None:
    """The rotation of `app` leaves `app_clone` alone, whatever the owners of both do to pass it off as a clone."""
    assert_a_stranger_is_not_the_clone(application, forge)
    user, clone = application.user, names(application)[1]
    assert not [row for row in user.administrate(f"SHOW GRANTS FOR {clone}") if user.dbname in row[0]]


def test_the_owner_of_a_clones_name_takes_nothing_over(
    user: ApplicationUser, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """A secret of one's own for `shop_clone` gives no password of `shop`, and none of its rights."""
    assert_the_owner_of_a_clones_name_gains_nothing(user, make_user, make_application, forge)


def test_neither_user_can_write_the_record(application: Application) -> None:
    """What proves a pair stands where neither of its users can change it, nor take it away."""
    rotates(application)
    record = record_user(application.user)
    statements = [
        f"ALTER USER '{record}'@'localhost' ATTRIBUTE '{{}}'",
        f"ALTER USER '{record}'@'localhost' IDENTIFIED BY 'x' ACCOUNT UNLOCK",
        f"DROP USER '{record}'@'localhost'",
        f"UPDATE mysql.user SET User_attributes = NULL WHERE User = '{record}'",  # noqa: S608
    ]
    assert_neither_can_run(application, statements)


def test_a_pair_of_an_earlier_version_is_adopted_by_a_login(application: Application) -> None:
    """Where a version of the secret logs in as the user whose turn it is, the pair is put on record, and rotates on."""
    assert_a_login_adopts(application, forget)
    assert record_user(application.user)
    assert mark_of(application.user, names(application)[1]) is None


def test_a_pair_of_an_earlier_version_is_not_adopted_by_its_mark(application: Application) -> None:
    """Where no version logs in as the user whose turn it is, a mark or a membership is no reason to touch it."""
    assert_a_mark_does_not_adopt(application, forget)


@pytest.mark.parametrize(
    "mark", [{}, {"unfinished": True}, {"held": [], "restrictions": [], "options": {}}, None], ids=str
)
@pytest.mark.parametrize("forger", ["original", "clone"])
def test_a_revoked_right_does_not_come_back_by_a_forged_mark(
    with_right: Application, mark: object, forger: str
) -> None:
    """Whatever either user writes about itself, what the administrator has revoked stays revoked from both."""
    user, (original, clone) = with_right.user, names(with_right)
    user.administrate(f"REVOKE DELETE ON {user.dbname}.* FROM {original}")
    forging = original if forger == "original" else clone
    write_own_attribute(user, forging, passwords(with_right)[forging], mark)
    rotates(with_right, 2)
    assert may(user, original) == may(user, clone) == {"SELECT", "INSERT"}


@pytest.mark.parametrize("forger", ["original", "clone"])
def test_a_revoked_right_does_not_come_back_by_the_mark_of_the_record(with_right: Application, forger: str) -> None:
    """Whoever may read mysql.user knows with what a rotation marks what it has not finished."""
    user, (original, clone) = with_right.user, names(with_right)
    hosts = f"SELECT User_attributes->>'$.metadata.hosts' FROM mysql.user WHERE User = '{record_user(user)}'"  # noqa: S608
    ((known,),) = user.administrate(hosts)
    mark, forging = json.loads(str(known))["%"]["newborn"], original if forger == "original" else clone
    write_own_attribute(user, forging, passwords(with_right)[forging], mark)
    user.administrate(f"REVOKE DELETE ON {user.dbname}.* FROM {forging}")
    rotates(with_right, 2)
    assert may(user, original) == may(user, clone) == {"SELECT", "INSERT"}


@pytest.mark.parametrize("forger", ["original", "clone"])
def test_a_locked_user_does_not_unlock_itself_by_a_forged_mark(with_right: Application, forger: str) -> None:
    """A lock and the other measures of an administrator outlive whatever the two users have written."""
    user, (original, clone) = with_right.user, names(with_right)
    options = {"REQUIRE": "REQUIRE X509", "MAX_USER_CONNECTIONS": "MAX_USER_CONNECTIONS 3"}
    mark = {"held": [], "restrictions": [], "options": options, "attribute": {}, "locked": True, "unfinished": True}
    forging = original if forger == "original" else clone
    write_own_attribute(user, forging, passwords(with_right)[forging], mark)
    user.administrate(f"ALTER USER {original} REQUIRE X509 WITH MAX_USER_CONNECTIONS 3 ACCOUNT LOCK")
    with_right.refusal("UnsafeRotationError")
    columns = "account_locked, ssl_type, max_user_connections"
    assert user.administrate(f"SELECT {columns} FROM mysql.user WHERE User = '{original}'") == [("Y", "X509", 3)]  # noqa: S608


def test_the_account_that_holds_the_record_cannot_be_rotated(
    application: Application, make_application: MakeApplication
) -> None:
    """The account of a record is nobody's: a secret that names it gets no password of it."""
    rotates(application)
    user = application.user
    record = record_user(user)
    other = make_application(
        user,
        SINGLE_USER,
        environ={"RESET_WITH_SUPERUSER": "true"},
        username=record,
        masterarn=application.superuser_secret.arn,
    )
    outcome = other.steps(other.begin(), "createSecret", "setSecret")
    assert outcome.error_type in ("UnsafeRotationError", "LoginRefusedError"), outcome
    user.administrate(f"ALTER USER '{record}'@'localhost' ACCOUNT UNLOCK")
    assert not user.can_log_in(*other.credentials("AWSPENDING"))


def test_a_revoked_right_does_not_come_back_by_a_new_host(with_right: Application) -> None:
    """Where a pair on record turns up on another host, its original alone says what both may do there."""
    user, (original, clone) = with_right.user, names(with_right)
    user.administrate(
        f"REVOKE DELETE ON {user.dbname}.* FROM {original}",
        f"RENAME USER '{original}'@'%' TO '{original}'@'127.0.0.%', '{clone}'@'%' TO '{clone}'@'127.0.0.%'",
    )
    rotates(with_right)
    for name in (original, clone):
        grants = [row[0] for row in user.administrate(f"SHOW GRANTS FOR '{name}'@'127.0.0.%'")]
        assert not [grant for grant in grants if "DELETE" in grant]


def test_a_damaged_record_is_dropped_by_the_statement_of_the_error(application: Application) -> None:
    """A record that somebody changed by hand is not guessed at; without it the pair is adopted by a login."""
    rotates(application)
    user = application.user
    user.administrate(f"""ALTER USER '{record_user(user)}'@'localhost' ATTRIBUTE '{{"hosts": "7"}}'""")
    message = application.refusal("UnsafeRotationError")
    user.as_superuser(message.partition("uses that account: ")[2].partition(";")[0])
    application.secret.remove_pending()
    rotates(application, 2)
