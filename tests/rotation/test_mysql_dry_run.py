"""The dry run on MySQL: the changes of a rotation, held against what the superuser may do."""

import pytest

from lab.engines.mysql import MySQLServer
from secret_rotation.engines.mysql.records import record_username
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, Application, MakeApplication
from tests.rotation.dry_runs import dry_run, stops_as_the_rotation
from tests.rotation.faulted import new_superuser, rotates

_ACCOUNTS = "SELECT * FROM mysql.user WHERE User IN ({}) ORDER BY User, Host"
_GRANTED = "SELECT * FROM mysql.{} WHERE User IN ({}) ORDER BY User, Host"
_TABLES = ("db", "tables_priv", "columns_priv", "global_grants", "default_roles")


@pytest.fixture
def application(mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application whose two users alternate."""
    return make_application(make_user(mysql), ALTERNATING_USERS)


def _grant_tables(application: Application) -> object:
    name = application.user.username
    names = ", ".join(f"'{one}'" for one in (name, f"{name}_clone", record_username(name)))
    read = application.user.administrate
    return read(_ACCOUNTS.format(names)), [read(_GRANTED.format(table, names)) for table in _TABLES]


def _boss(application: Application, *grants: str) -> None:
    """Let a superuser that may do this, WITH GRANT OPTION, stand in masterarn; it may read all accounts, too."""
    boss = new_superuser(application)
    with_option = (f"GRANT {grant} TO {boss} WITH GRANT OPTION" for grant in grants)
    application.user.administrate(f"GRANT SELECT ON mysql.* TO {boss}", *with_option)


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_the_grant_tables_are_as_before(application: Application, rotations: int) -> None:
    """Accounts, passwords, attributes, rights and the record of the pair: nothing of them is changed."""
    user = application.user
    user.as_superuser(*user.kit.enrichment(user.username))
    rotates(application, rotations)
    user.as_superuser(f"GRANT DELETE ON db_{user.username}.* TO {user.username}")
    before = _grant_tables(application)
    assert dry_run(application).succeeded
    assert _grant_tables(application) == before
    rotates(application)


def test_a_superuser_without_create_user(application: Application) -> None:
    """The dry run has the statement that the superuser may not run, as the rotation has."""
    _boss(application, "SELECT, INSERT ON `db\\_%`.*", "APPLICATION_PASSWORD_ADMIN ON *.*")
    message = stops_as_the_rotation(application, "UnsafeRotationError")
    assert "CREATE USER" in message
    assert message.endswith("cannot be made equal. Nothing was changed.")


def test_a_superuser_that_may_not_read_the_accounts(application: Application) -> None:
    """Without SELECT on mysql.user nothing can be found out."""
    new_superuser(application)
    assert "mysql.user" in stops_as_the_rotation(application, "PermissionDeniedError")


@pytest.mark.parametrize("missing", ["INSERT", "APPLICATION_PASSWORD_ADMIN"])
def test_a_superuser_without_a_right_of_the_pair(application: Application, missing: str) -> None:
    """A right that the original has, and that the superuser may not hand on, is found by its own SHOW GRANTS."""
    on_database = "SELECT" if missing == "INSERT" else "SELECT, INSERT"
    everywhere = "CREATE USER" if missing == "APPLICATION_PASSWORD_ADMIN" else "CREATE USER, APPLICATION_PASSWORD_ADMIN"
    _boss(application, f"{everywhere} ON *.*", f"{on_database} ON `{application.user.dbname}`.*")
    assert missing in stops_as_the_rotation(application, "UnsafeRotationError")


@pytest.mark.parametrize("pattern", ["{}", "db%", "%"])
def test_a_superuser_that_has_just_enough(application: Application, pattern: str) -> None:
    """Rights on the database alone, or on a pattern of names, do: the dry run passes, and so does the rotation."""
    database = pattern.format(application.user.dbname)
    _boss(application, "CREATE USER, APPLICATION_PASSWORD_ADMIN ON *.*", f"SELECT, INSERT ON `{database}`.*")
    assert dry_run(application).succeeded
    rotates(application, 2)
