"""Global variables and properties of accounts that a rotation on MySQL might stumble over, and does not."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from lab.engines.mysql import MySQLServer
from tests.attacks.accounts import run
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication
from tests.rotation.faulted import rotates

ROTATIONS = 2
VARIABLES: dict[str, Mapping[str, object]] = {
    "ansi": {"sql_mode": "ANSI"},
    "no-backslash-escapes": {"sql_mode": "NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PIPES_AS_CONCAT,IGNORE_SPACE"},
    "traditional": {"sql_mode": "TRADITIONAL,PAD_CHAR_TO_FULL_LENGTH,HIGH_NOT_PRECEDENCE,NO_ZERO_DATE"},
    "init-connect": {"init_connect": "SET autocommit = 0, sql_mode = 'ANSI', sql_quote_show_create = 0"},
    "init-connect-names": {"init_connect": "SET NAMES gbk"},
    "autocommit-off": {"autocommit": 0, "completion_type": "CHAIN"},
    "require-current": {"password_require_current": 1},
    "history": {"password_history": 3, "password_reuse_interval": 30},
    "serializable": {"transaction_isolation": "SERIALIZABLE"},
    "short-results": {"group_concat_max_len": 4, "max_sort_length": 4},
    "gbk": {"character_set_server": "gbk", "character_set_client": "gbk", "character_set_connection": "gbk"},
    "binary-results": {"character_set_results": "binary"},
    # With less time, sessions of the lab's own end, too.
    "impatient": {"net_read_timeout": 6, "net_write_timeout": 6, "connect_timeout": 10, "wait_timeout": 6},
}
OF_ONES_OWN_PASSWORD = ["no-backslash-escapes", "init-connect", "require-current", "history", "gbk"]
"""What concerns the session of a user that changes its own password; all concern that of the superuser."""
ACCOUNTS: dict[str, tuple[str, ...]] = {
    "one-attempt": ("FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME UNBOUNDED",),
    "one-connection": ("WITH MAX_USER_CONNECTIONS 1",),
    "require-current": ("PASSWORD REQUIRE CURRENT PASSWORD HISTORY 5 PASSWORD REUSE INTERVAL 30 DAY",),
    "deep-attribute": ('ATTRIBUTE \'{"a": ' + '{"b": ' * 60 + "1" + "}" * 60 + ', "": null, "a.b": ["$", null]}\'',),
    "comment": (r"COMMENT 'it''s \"quoted\" \\ with `ticks` -- and \n lines, é語 %s {}'",),
}


@contextmanager
def variables(server: MySQLServer, values: Mapping[str, object]) -> Iterator[None]:
    """Global variables that are as they were in the end."""
    before = {name: server.execute(f"SELECT @@GLOBAL.{name}") for name in values}
    server.set_global(values)
    try:
        yield
    finally:
        server.set_global(before)


def assert_rotates(application: Application) -> None:
    """Rotate some times; each time AWSCURRENT works, and nothing was rejected."""
    rotates(application, ROTATIONS)
    assert application.user.rejected_logins() == 0


@pytest.mark.parametrize(
    ("name", "strategy"),
    [*((name, ALTERNATING_USERS) for name in VARIABLES), *((name, SINGLE_USER) for name in OF_ONES_OWN_PASSWORD)],
)
def test_global_variables(
    own_mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, name: str, strategy: str
) -> None:
    """Whatever the server makes of its sessions at login, a rotation goes on as if it had not."""
    application = make_application(make_user(own_mysql), strategy)
    with variables(own_mysql, VARIABLES[name]):
        assert_rotates(application)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_properties_of_the_account(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, strategy: str, name: str
) -> None:
    """What is set for the account itself neither stops a rotation, nor gets lost on the way to the clone and back."""
    user = make_user(mysql)
    user.administrate(*(f"ALTER USER {user.username} {clause}" for clause in ACCOUNTS[name]))
    application = make_application(user, strategy)
    wanted = properties(application, user.username)
    assert_rotates(application)
    assert properties(application, user.username) == wanted
    if strategy == ALTERNATING_USERS:
        assert properties(application, f"{user.username}_clone") == wanted


def properties(application: Application, username: str) -> list[object]:
    """The settings of an account, and what an operator wrote into its attribute."""
    ((attribute, *settings),) = application.user.administrate(
        "SELECT JSON_EXTRACT(User_attributes, '$.metadata.a', '$.metadata.comment', '$.Password_locking'), "  # noqa: S608
        "max_user_connections, Password_require_current, Password_reuse_history, Password_reuse_time "
        f"FROM mysql.user WHERE User = '{username}'"
    )
    return [attribute, *settings]


def test_mandatory_roles_become_nobodys_grants(
    own_mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """Roles that everybody has as long as a variable says so are not granted to either of a pair."""
    user = make_user(own_mysql)
    role = f"r_{user.username}"
    user.administrate(f"CREATE ROLE {role}", f"GRANT DELETE ON {user.dbname}.* TO {role}")
    application = make_application(user, ALTERNATING_USERS)
    with variables(own_mysql, {"mandatory_roles": role, "activate_all_roles_on_login": 1}):
        assert role in str(run(user, user.username, user.password, "SELECT CURRENT_ROLE()"))
        assert_rotates(application)
    assert user.administrate(f"SELECT * FROM mysql.role_edges WHERE FROM_USER = '{role}'") == []  # noqa: S608
    assert user.administrate(f"SELECT * FROM mysql.default_roles WHERE DEFAULT_ROLE_USER = '{role}'") == []  # noqa: S608
