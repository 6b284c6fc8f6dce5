"""Alternating users on MySQL: what the two users of a pair have after a rotation."""
# ruff: noqa: S608 - names of our own in all statements

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from lab.engines.mysql import MySQLServer
from lab.servers import Login
from secret_rotation.engines.mysql.records import record_username
from secret_rotation.errors import UnsafeRotationError
from secret_rotation.pairs import Holding
from secret_rotation.password import Password
from tests.engines.holder import HOLDER
from tests.engines.mysql_users import User, new_password

Names = Callable[..., str]


def grants_of_every_kind(user: User) -> None:
    """Give the user one right of each kind that MySQL knows and the superuser of RDS may hand on."""
    name, db = user.name, user.db
    user.admin(
        f"CREATE PROCEDURE {db}.p() SELECT 1",
        f"CREATE FUNCTION {db}.f() RETURNS INT DETERMINISTIC RETURN 1",
        f"CREATE ROLE IF NOT EXISTS reader_{name}, `odd TO ``role`@`10.%`",
        f"GRANT SELECT (a), INSERT (a, b), UPDATE ON {db}.t TO {name} WITH GRANT OPTION",
        f"GRANT ALL ON `{db} TO x`.* TO {name}",
        f"GRANT ALL ON `{db}\\_%`.* TO {name} WITH GRANT OPTION",
        f"GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE {db}.p TO {name}",
        f"GRANT EXECUTE ON FUNCTION {db}.f TO {name}",
        f"GRANT SELECT, PROCESS ON *.* TO {name}",
        f"GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO {name}",
        f"GRANT XA_RECOVER_ADMIN ON *.* TO {name} WITH GRANT OPTION",
        f"GRANT reader_{name} TO {name} WITH ADMIN OPTION",
        f"GRANT `odd TO ``role`@`10.%` TO {name}",
        f"SET DEFAULT ROLE reader_{name} TO {name}",
    )


def test_clone_has_every_right_of_the_original(app: User) -> None:
    """The clone's SHOW GRANTS equals the original's, whatever kinds of rights and names are in it."""
    grants_of_every_kind(app)
    password = app.mirror(app.clone)
    assert app.grants(app.clone) == app.grants(app.name)
    [(role,)] = app.run(app.clone, password, "SELECT CURRENT_ROLE()")
    assert role == f"`reader_{app.name}`@`%`"


def test_clone_works_where_the_original_works(app: User) -> None:
    """The clone reads and writes what the original may, and is refused what the original is refused."""
    app.admin(f"GRANT SELECT (a), INSERT (b) ON {app.db}.t TO {app.name}")
    password = app.mirror(app.clone)
    for username, own in ((app.name, app.password), (app.clone, password)):
        assert app.may(username, own, f"SELECT a FROM {app.db}.t")
        assert app.may(username, own, f"INSERT INTO {app.db}.t (b) VALUES (1)")
        assert not app.may(username, own, f"SELECT b FROM {app.db}.t")


def test_settings_are_copied(app: User) -> None:
    """REQUIRE, limits, expiry, history, reuse, locking, comment and attribute reach the clone."""
    app.admin(
        f"ALTER USER {app.name} REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 500 MAX_USER_CONNECTIONS 9 PASSWORD EXPIRE "
        "INTERVAL 90 DAY PASSWORD HISTORY 4 PASSWORD REUSE INTERVAL 7 DAY PASSWORD REQUIRE CURRENT OPTIONAL "
        "FAILED_LOGIN_ATTEMPTS 5 PASSWORD_LOCK_TIME UNBOUNDED",
        f"""ALTER USER {app.name} ATTRIBUTE '{{"team": {{"name": "it''s", "path": "a\\\\\\\\b"}}}}'""",
    )
    password = app.mirror(app.clone)
    assert app.settings(app.clone) == app.settings(app.name)
    teams = app.admin(f"SELECT ATTRIBUTE->'$.team' FROM information_schema.user_attributes WHERE USER IN {app.both}")
    assert len(teams) == 2
    assert teams[0] == teams[1]
    assert app.server.can_log_in(app.clone, password)


def test_required_certificate_with_a_quote_in_it(app: User) -> None:
    """A subject with a quote in it, which SHOW CREATE USER prints unescaped, reaches the clone unchanged."""
    app.admin(f"ALTER USER {app.name} REQUIRE SUBJECT '/CN=it''s' AND ISSUER '/CN=\"ca\"'")
    app.mirror(app.clone)
    rows = app.admin(f"SELECT DISTINCT x509_subject, x509_issuer FROM mysql.user WHERE User IN {app.both}")
    assert rows == [(b"/CN=it's", b'/CN="ca"')]


def test_every_host_has_a_clone(mysql: MySQLServer, unique_name: Names) -> None:
    """Each account of the original, whatever its host, gets a clone with that account's rights."""
    app = User.create(mysql, unique_name(), "%", "10.0.0.0/255.0.0.0", "localhost")
    app.admin(
        f"GRANT SELECT ON {app.db}.* TO {app.name}@'10.0.0.0/255.0.0.0'",
        f"GRANT INSERT ON {app.db}.* TO {app.name}@localhost",
    )
    password = app.mirror(app.clone)
    for host in ("%", "10.0.0.0/255.0.0.0", "localhost"):
        assert app.grants(app.clone, host) == app.grants(app.name, host)
    assert app.may(app.clone, password, f"INSERT INTO {app.db}.t VALUES (1, 1)")  # the tests connect from localhost


@pytest.mark.parametrize("changed_is_clone", [False, True], ids=["original", "clone"])
def test_grant_on_either_reaches_the_other(app: User, *, changed_is_clone: bool) -> None:
    """What an operator grants to either of the two, both have after the next rotation."""
    grants_of_every_kind(app)
    app.mirror(app.clone)
    app.admin(f"GRANT DELETE ON {app.db}.* TO {app.clone if changed_is_clone else app.name}")
    password = app.mirror(app.name)
    assert app.grants(app.clone) == app.grants(app.name)
    assert app.may(app.name, password, f"DELETE FROM {app.db}.t WHERE false")


@pytest.mark.parametrize("changed_is_clone", [False, True], ids=["original", "clone"])
@pytest.mark.parametrize(
    "revocation",
    [
        "REVOKE UPDATE ON {db}.t FROM {user}",
        "REVOKE GRANT OPTION ON {db}.t FROM {user}",
        "REVOKE INSERT (a) ON {db}.t FROM {user}",
        "REVOKE DROP ON `{db} TO x`.* FROM {user}",
        "REVOKE PROCESS ON *.* FROM {user}",
        "REVOKE XA_RECOVER_ADMIN ON *.* FROM {user}",
        "REVOKE reader_{name} FROM {user}",
        "REVOKE EXECUTE ON FUNCTION {db}.f FROM {user}",
        "REVOKE SELECT ON mysql.* FROM {user}",
    ],
    ids=lambda text: text.partition(" FROM")[0].removeprefix("REVOKE "),
)
def test_revocation_on_either_reaches_the_other(
    mysql_with_partial_revokes: MySQLServer, unique_name: Names, revocation: str, *, changed_is_clone: bool
) -> None:
    """What an operator revokes from either is gone from both after the next rotation, and stays gone."""
    app = User.create(mysql_with_partial_revokes, unique_name())
    grants_of_every_kind(app)
    app.mirror(app.clone)
    user = app.clone if changed_is_clone else app.name
    app.admin(revocation.format(db=app.db, user=user, name=app.name))
    after = app.grants(user)
    for turn in (app.name, app.clone, app.name):
        app.mirror(turn)
        assert app.grants(app.clone) == app.grants(app.name) == after


def test_partial_revoke_is_copied_with_its_right(mysql_with_partial_revokes: MySQLServer, unique_name: Names) -> None:
    """A global right that leaves out a database leaves it out on the clone too, and lifting that lifts it for both."""
    app = User.create(mysql_with_partial_revokes, unique_name())
    app.admin(f"GRANT SELECT, INSERT ON *.* TO {app.name}", f"REVOKE SELECT ON {app.db}.* FROM {app.name}")
    password = app.mirror(app.clone)
    assert not app.may(app.clone, password, f"SELECT * FROM {app.db}.t")
    assert app.may(app.clone, password, "SELECT 1 FROM mysql.user LIMIT 1")
    app.admin(f"GRANT SELECT ON {app.db}.* TO {app.clone}")
    password = app.mirror(app.name)
    assert app.may(app.name, password, f"SELECT * FROM {app.db}.t")
    assert app.grants(app.clone) == app.grants(app.name)


@pytest.mark.parametrize("holder", ["rds_superuser_role", "dbmaster"])
def test_partial_revokes_of_the_superuser_are_not_handed_on(
    mysql_with_partial_revokes: MySQLServer, unique_name: Names, holder: str
) -> None:
    """The server hands them on without a word, and the next merge would take the database from both users."""
    app = User.create(mysql_with_partial_revokes, unique_name())
    app.admin(f"GRANT SELECT, INSERT ON *.* TO {app.name}")
    with _restricted(app, holder, app.db) as refused:
        refused()
        assert app.admin(f"SELECT count(*) FROM mysql.user WHERE User = '{app.clone}'") == [(0,)]
    password = app.mirror(app.clone)
    assert app.may(app.clone, password, f"SELECT * FROM {app.db}.t")
    assert app.grants(app.clone) == app.grants(app.name)


def test_a_partial_revoke_of_the_superuser_beside_one_of_the_users(
    mysql_with_partial_revokes: MySQLServer, unique_name: Names
) -> None:
    """A right that leaves out another database than the superuser's cannot be copied; the same database is no harm."""
    app = User.create(mysql_with_partial_revokes, unique_name())
    app.admin(f"GRANT SELECT ON *.* TO {app.name}", f"REVOKE SELECT ON {app.db}.* FROM {app.name}")
    with _restricted(app, "rds_superuser_role", f"other_{app.db}") as refused:
        refused()
    app.admin(f"REVOKE SELECT ON {app.db}.* FROM rds_superuser_role")
    app.mirror(app.clone)
    app.admin(f"GRANT SELECT ON {app.db}.* TO rds_superuser_role")
    assert app.grants(app.clone) == app.grants(app.name)


def test_a_partial_revoke_of_the_superuser_where_a_right_is_to_be_revoked(
    mysql_with_partial_revokes: MySQLServer, unique_name: Names
) -> None:
    """Such a right cannot be taken from anybody: that is told before anything is changed."""
    app = User.create(mysql_with_partial_revokes, unique_name())
    app.admin(f"GRANT SELECT, INSERT ON *.* TO {app.name}")
    app.mirror(app.clone)
    app.admin(f"REVOKE SELECT ON *.* FROM {app.name}")
    with _restricted(app, "rds_superuser_role", app.db) as refused:
        refused()
    app.mirror(app.name)
    assert app.grants(app.clone) == app.grants(app.name)


def test_a_right_is_revoked_that_leaves_out_what_the_superusers_does(
    mysql_with_partial_revokes: MySQLServer, unique_name: Names
) -> None:
    """Where the superuser and both users leave out the same database, nothing stands in the way."""
    app = User.create(mysql_with_partial_revokes, unique_name())
    app.admin(f"GRANT SELECT, INSERT ON *.* TO {app.name}", f"REVOKE SELECT ON {app.db}.* FROM {app.name}")
    app.mirror(app.clone)
    app.admin(f"REVOKE SELECT ON *.* FROM {app.name}")
    with _restricted(app, "rds_superuser_role", app.db):
        app.mirror(app.name)
    assert app.grants(app.clone) == app.grants(app.name)


@pytest.mark.parametrize("is_given_back", [False, True], ids=["taken", "given back"])
def test_a_partial_revoke_changes_that_is_the_superusers_too(
    mysql_with_partial_revokes: MySQLServer, unique_name: Names, *, is_given_back: bool
) -> None:
    """It may neither take a database that it leaves out itself nor give it back."""
    app = User.create(mysql_with_partial_revokes, unique_name())
    take, give = f"REVOKE SELECT ON {app.db}.* FROM {app.name}", f"GRANT SELECT ON {app.db}.* TO {app.name}"
    app.admin(f"GRANT SELECT ON *.* TO {app.name}", *([take] if is_given_back else ()))
    app.mirror(app.clone)
    app.admin(give if is_given_back else take)
    with _restricted(app, "rds_superuser_role", app.db) as refused:
        refused()
    app.mirror(app.name)
    assert app.grants(app.clone) == app.grants(app.name)


@contextmanager
def _restricted(app: User, holder: str, database: str) -> Iterator[Callable[[], None]]:
    """Have the superuser's account or its role leave out a database, until what a refused rotation prints is typed."""
    holders = dict.fromkeys((holder, "rds_superuser_role"))  # or what the role gives would be all that counts
    is_direct = holder != "rds_superuser_role"
    app.admin(*(f"GRANT SELECT ON *.* TO {holder}" for _ in range(is_direct)))
    app.admin(*(f"REVOKE SELECT ON {database}.* FROM {one}" for one in holders))

    def refused() -> None:
        with app.superuser() as session, pytest.raises(UnsafeRotationError, match="partial revokes"):
            session.check_mirror(app.pair, app.clone, HOLDER)
        before = _record_of(app)
        with pytest.raises(UnsafeRotationError, match="The superuser has partial revokes") as raised:
            app.mirror(app.clone)
        assert _record_of(app) == before
        typed = re.search(r"As an administrator: (.*); Or let another", str(raised.value))
        assert typed
        app.admin(*typed[1].split("; "))

    try:
        yield refused
    finally:
        app.admin(*(f"GRANT SELECT ON {database}.* TO {one}" for one in holders))
        app.admin(*(f"REVOKE SELECT ON {level} FROM {holder}" for level in ("*.*", f"{database}.*")[:is_direct]))


def _record_of(app: User) -> object:
    return app.admin(f"SELECT User_attributes FROM mysql.user WHERE User = '{record_username(app.name)}'")


@pytest.mark.parametrize("own_is_clone", [False, True], ids=["original", "clone"])
def test_grant_inside_a_partial_revoke_is_kept(
    mysql_with_partial_revokes: MySQLServer, unique_name: Names, *, own_is_clone: bool
) -> None:
    """Where an adopted clone may use the database that the original's global right leaves out, both may for good."""
    app = User.create(mysql_with_partial_revokes, unique_name())
    app.admin(
        f"GRANT SELECT ON *.* TO {app.name}",
        f"REVOKE SELECT ON {app.db}.* FROM {app.name}",
        f"REVOKE SELECT ON mysql.* FROM {app.name}",
        f"CREATE USER {app.clone} IDENTIFIED BY 'x'",
        f"GRANT SELECT ON {app.db}.* TO {app.clone}",
    )
    for username in [app.clone, app.name, app.clone] if own_is_clone else [app.name, app.clone, app.name]:
        password = app.mirror(username)
        assert app.may(username, password, f"SELECT * FROM {app.db}.t")
        assert not app.may(username, password, "SELECT 1 FROM mysql.user")
        assert app.grants(app.clone) == app.grants(app.name)


@pytest.mark.parametrize("changed_is_clone", [False, True], ids=["original", "clone"])
def test_changed_settings_reach_the_other(app: User, *, changed_is_clone: bool) -> None:
    """A limit, an attribute or a default role that an operator sets on either holds for both from the next rotation."""
    grants_of_every_kind(app)
    app.mirror(app.clone)
    user = app.clone if changed_is_clone else app.name
    app.admin(f"ALTER USER {user} WITH MAX_USER_CONNECTIONS 7", f"SET DEFAULT ROLE NONE TO {user}")
    app.admin(f"ALTER USER {user} COMMENT 'cost centre 7'")
    app.mirror(app.name)
    assert " MAX_USER_CONNECTIONS 7" in app.settings(app.name)
    assert app.settings(app.clone) == app.settings(app.name)
    assert app.admin(f"SELECT count(*) FROM mysql.default_roles WHERE USER IN {app.both}") == [(0,)]
    comments = f"SELECT ATTRIBUTE->>'$.comment' FROM information_schema.user_attributes WHERE USER IN {app.both}"
    assert app.admin(comments) == [("cost centre 7",)] * 2


def test_pair_of_another_rotation_function_is_adopted_whole(app: User) -> None:
    """A clone without a record keeps its rights and gets the original's; the original gets the clone's."""
    app.admin(
        f"CREATE USER {app.clone} IDENTIFIED BY 'x'",
        f"GRANT SELECT ON {app.db}.* TO {app.name}",
        f"GRANT INSERT ON {app.db}.* TO {app.clone}",
    )
    with app.superuser() as session:
        assert session.holding(app.pair) is None
    password = app.mirror(app.clone)
    assert app.may(app.clone, password, f"SELECT * FROM {app.db}.t")
    assert app.may(app.name, app.password, f"INSERT INTO {app.db}.t VALUES (1, 1)")
    with app.superuser() as session:
        assert session.holding(app.pair) == Holding(HOLDER, is_intact=True)


def test_adopted_clone_on_another_host_stays_as_it_is(mysql: MySQLServer, unique_name: Names) -> None:
    """A clone that another function made for any host is kept, and the original gets no account for any host."""
    app = User.create(mysql, unique_name(), "localhost")
    app.admin(
        f"GRANT SELECT ON {app.db}.* TO {app.name}@localhost",
        f"CREATE USER {app.clone} IDENTIFIED BY 'x'",
        f"GRANT INSERT ON {app.db}.* TO {app.clone}",
    )
    for turn in (app.clone, app.name, app.clone):
        app.mirror(turn)
    hosts = app.admin(f"SELECT User, Host FROM mysql.user WHERE User IN {app.both} ORDER BY User, Host")
    assert hosts == [(app.name, "localhost"), (app.clone, "%"), (app.clone, "localhost")]
    assert "INSERT" in " ".join(app.grants(app.clone))


def test_account_dropped_from_the_original_goes_from_the_clone(mysql: MySQLServer, unique_name: Names) -> None:
    """A host that an operator takes from the original is taken from the clone, at the clone's own turn."""
    app = User.create(mysql, unique_name(), "%", "10.1.1.1")
    app.mirror(app.clone)
    app.admin(f"DROP USER {app.name}@10.1.1.1")
    clones = f"SELECT Host FROM mysql.user WHERE User = '{app.clone}' ORDER BY Host"
    app.mirror(app.name)
    assert app.admin(clones) == [("%",), ("10.1.1.1",)]
    app.mirror(app.clone)
    assert app.admin(clones) == [("%",)]


def test_account_added_to_the_clone_reaches_the_original(app: User) -> None:
    """A host that an operator adds to the clone of a managed pair is added to the original, at the original's turn."""
    app.mirror(app.clone)
    app.admin(
        f"CREATE USER {app.clone}@localhost IDENTIFIED BY 'x'", f"GRANT SELECT ON {app.db}.* TO {app.clone}@localhost"
    )
    password = app.mirror(app.name)
    assert app.may(app.name, password, f"SELECT * FROM {app.db}.t")
    assert app.grants(app.clone, "localhost") == app.grants(app.name, "localhost")


def test_dropped_clone_is_made_again(app: User) -> None:
    """A clone that an operator dropped is created again, complete."""
    app.admin(f"GRANT SELECT ON {app.db}.* TO {app.name}")
    app.mirror(app.clone)
    app.admin(f"DROP USER {app.clone}")
    password = app.mirror(app.clone)
    assert app.may(app.clone, password, f"SELECT * FROM {app.db}.t")


def test_grant_on_a_dropped_table_stops_nothing(app: User) -> None:
    """Rights on a table that no longer exists are left out; they are copied once the table is back."""
    app.admin(
        f"CREATE TABLE {app.db}.u (c INT)",
        f"GRANT SELECT (c), INSERT ON {app.db}.u TO {app.name}",
        f"GRANT SELECT ON {app.db}.t TO {app.name}",
        f"DROP TABLE {app.db}.u",
    )
    password = app.mirror(app.clone)
    assert app.may(app.clone, password, f"SELECT * FROM {app.db}.t")
    app.mirror(app.name)
    assert any("INSERT" in grant for grant in app.grants(app.name))
    app.admin(f"CREATE TABLE {app.db}.u (c INT)")
    app.mirror(app.clone)
    assert app.grants(app.clone) == app.grants(app.name)


def test_running_session_keeps_its_rights_all_along(app: User) -> None:
    """A session of the user in use never fails a statement while rights are added, taken and mirrored."""
    grants_of_every_kind(app)
    app.mirror(app.clone)
    app.admin(f"REVOKE UPDATE ON {app.db}.t FROM {app.clone}", f"GRANT DELETE ON {app.db}.t TO {app.clone}")
    with closing(app.server.connect(Login(app.name, app.password))) as session, session.cursor() as cursor:
        with app.superuser() as superuser:
            superuser.mirror(app.pair, app.clone, Password(new_password()), HOLDER)
        cursor.execute(f"SELECT a FROM {app.db}.t")
        cursor.execute(f"INSERT INTO {app.db}.t (a) VALUES (1)")
        cursor.execute("SELECT CURRENT_ROLE()")
        assert cursor.fetchone() == (f"`reader_{app.name}`@`%`",)


def test_mirroring_equal_users_is_quick(app: User) -> None:
    """Where nothing differs, a mirror takes a few statements, and no seconds."""

    def is_quick() -> bool:
        start = time.monotonic()
        app.mirror(app.name)
        return time.monotonic() - start < 5

    grants_of_every_kind(app)
    app.mirror(app.clone)
    assert any(is_quick() for _ in range(3))  # one by one, any may be held up


def test_replaced_passwords_end(app: User) -> None:
    """Neither the password before, nor one that was kept beside it, logs in after the user's next turn."""
    kept, before = app.password, new_password()
    app.admin(f"ALTER USER {app.name} IDENTIFIED BY '{before}' RETAIN CURRENT PASSWORD")
    app.mirror(app.clone)
    password = app.mirror(app.name)
    assert [app.server.can_log_in(app.name, one) for one in (kept, before, password)] == [False, False, True]


def test_neither_user_exists(mysql: MySQLServer, unique_name: Names) -> None:
    """Mirroring a pair of which there is nobody is an error that names both."""
    app = User(mysql, unique_name())
    with pytest.raises(UnsafeRotationError, match=f"neither {app.name} nor {app.clone}"):
        app.mirror(app.clone)
