"""Whatever a PostgreSQL user sets for itself, AWSCURRENT logs in after its rotations."""

import threading
from contextlib import closing, suppress
from itertools import zip_longest

import psycopg2
import pytest
from psycopg2.sql import SQL, Identifier, Literal

from lab.engines.postgresql import PostgresServer
from lab.engines.postgresql.server import DEFAULT_DATABASE
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication
from tests.lab.helpers import wait_until
from tests.rotation.faulted import rotates

Setting = tuple[str, str]

TAKEN_ELSEWHERE = frozenset(
    {"scram_iterations", "transaction_timeout", "password_encryption", "default_text_search_config", "role"}
)
"""Settings that have tests of their own."""
NOBODY_LOGS_IN = frozenset({"local_preload_libraries"})
"""Settings with which the user itself cannot log in any more."""
LEFT_OUT = TAKEN_ELSEWHERE | NOBODY_LOGS_IN
NOT_TO_BE_TAKEN = frozenset(
    {
        "default_table_access_method",
        "default_tablespace",
        "temp_tablespaces",
        "transaction_deferrable",
        "transaction_isolation",
        "transaction_read_only",
    }
)
"""Settings that ALTER ROLE lets a user have with values that no session takes, or that cannot be taken back in one."""
NONSENSE = ("", " ", "nonsense", "'\"; --", "\\", "%s{}$1", "none", "default", "é")
MEANT: dict[str, tuple[str, ...]] = {
    "search_path": ("", "evil", '"$user", public', "pg_temp, evil", "evil, pg_catalog"),
    "DateStyle": ("ISO, DMY", "German, MDY", "SQL, YMD", "Postgres"),
    "client_encoding": ("LATIN1", "SQL_ASCII", "EUC_JP", "WIN1251", "UTF8"),
    "TimeZone": ("UTC", "Asia/Kathmandu", "-167:59:59"),
    "IntervalStyle": ("sql_standard", "iso_8601"),
    "restrict_nonsystem_relation_kind": ("view", "foreign-table", "view, foreign-table"),
    "default_tablespace": ("pg_default",),
    "temp_tablespaces": ("pg_default",),
    "lc_monetary": ("C",),
    "lc_numeric": ("C",),
    "lc_time": ("C",),
    "session_authorization": ("dbmaster", "rdsadmin"),
    "createrole_self_grant": ("set", "inherit", "set, inherit"),
    "timezone_abbreviations": ("Australia", "India"),
}
LEAST_ACCEPTED = 400


@pytest.fixture
def user(newest_postgres: PostgresServer, make_user: MakeUser) -> ApplicationUser:
    """A user on the newest server."""
    return make_user(newest_postgres)


def values_of(kind: str, least: str | None, most: str | None, choices: list[str] | None, name: str) -> list[str]:
    """The values to try for a setting: its extremes, or all of its choices, or what nobody means."""
    if kind == "bool":
        return ["on", "off"]
    if kind == "enum":
        return list(choices or ())
    if kind == "string":
        return [*MEANT.get(name, ()), *NONSENSE]
    return [str(least), "1", "5", str(most)]  # the least is often 0, which stands for no limit at all


def rounds(user: ApplicationUser, without: frozenset[str]) -> list[list[Setting]]:
    """All settings that a user may give itself, each value once: one value of every setting in each round."""
    rows = user.administrate(
        "SELECT vartype, min_val, max_val, enumvals, name FROM pg_settings WHERE context = 'user' ORDER BY name"
    )
    columns = [[(row[-1], value) for value in values_of(*row)] for row in rows if row[-1] not in without]
    return [[setting for setting in round_ if setting] for round_ in zip_longest(*columns)]


def give(user: ApplicationUser, settings: list[Setting]) -> list[Setting]:
    """Make these the user's settings; those that the server takes."""
    taken = []
    # Not by RESET ALL, which refuses where a setting is one that cannot be reset.
    user.administrate(f"DELETE FROM pg_db_role_setting WHERE setrole = '{user.username}'::regrole RETURNING 1")  # noqa: S608
    with closing(user.server.connect(user.server.superuser)) as session, session.cursor() as cursor:
        for name, value in settings:
            statement = SQL("ALTER ROLE {} SET {} = {}").format(
                Identifier(user.username), Identifier(name), Literal(value)
            )
            with suppress(psycopg2.Error):
                cursor.execute(statement)
                taken.append((name, value))
    return taken


def logs_in(application: Application) -> bool:
    """Whether AWSCURRENT logs in; without the time limits that end a session before it has begun."""
    server, (username, password) = application.user.server, application.credentials()
    try:
        psycopg2.connect(
            host=server.host,
            port=server.port,
            user=username,
            password=password,
            dbname=DEFAULT_DATABASE,
            sslmode="verify-full",
            sslrootcert=str(server.ca_bundle),
            options="-c statement_timeout=0 -c idle_session_timeout=0",
        ).close()
    except psycopg2.OperationalError:
        return False
    return True


def survives(application: Application, settings: list[Setting]) -> bool:
    """Whether a rotation of a user with these settings succeeds, and AWSCURRENT logs in after it."""
    give(application.user, settings)
    return application.rotate().succeeded and logs_in(application)


def heal(application: Application) -> None:
    """Take all settings away, and make AWSCURRENT log in again."""
    give(application.user, [])
    application.user.administrate(
        "UPDATE pg_db_role_setting SET setconfig = "  # noqa: S608 - names of our own
        "ARRAY(SELECT setting FROM unnest(setconfig) AS setting WHERE setting LIKE 'role=%') FROM pg_roles "
        f"WHERE pg_roles.oid = setrole AND rolname = '{application.user.username}_clone' RETURNING 1"
    )
    application.user.set_password(*reversed(application.credentials()))
    application.secret.remove_pending()


def culprits(application: Application, settings: list[Setting]) -> list[Setting]:
    """Those of the settings that a rotation does not survive."""
    if survives(application, settings):
        return []
    heal(application)
    if len(settings) == 1:
        return settings
    half = len(settings) // 2
    return culprits(application, settings[:half]) + culprits(application, settings[half:])


def test_no_setting_of_a_user_stops_its_rotation(
    user: ApplicationUser, make_application: MakeApplication, strategy: str
) -> None:
    """Extremes and nonsense for everything that a user may set for itself: each rotation succeeds and logs in."""
    application = make_application(user, strategy)
    without = LEFT_OUT if strategy == SINGLE_USER else LEFT_OUT | NOT_TO_BE_TAKEN
    every_round = [give(user, settings) for settings in rounds(user, without)]
    assert sum(map(len, every_round)) >= LEAST_ACCEPTED
    assert [setting for settings in every_round for setting in culprits(application, settings)] == []


def test_a_setting_that_no_session_takes_leaves_awscurrent_alone(
    application: Application, user: ApplicationUser
) -> None:
    """Where the superuser's session cannot take a setting over to the clone, AWSCURRENT logs in all the same."""
    assert application.rotate().succeeded
    settings = [one for settings in rounds(user, LEFT_OUT) for one in settings if one[0] in NOT_TO_BE_TAKEN]
    for setting in (one for one in settings if give(user, [one])):
        outcome = application.steps(application.begin(), "createSecret", "setSecret")
        assert not str(outcome.error_message).startswith("Unexpected"), setting
        assert logs_in(application), setting
        application.secret.remove_pending()


def test_the_superuser_is_itself_again_after_each_setting(application: Application, user: ApplicationUser) -> None:
    """A setting that the superuser has taken over to the clone is gone from its own session when it goes on."""
    rotates(application, 2)
    give(user, [("application_name", "the user's own"), ("work_mem", "64kB")])
    clone = f"{user.username}_clone"
    with closing(user.server.connect(user.server.administrator)) as session, session.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM pg_authid WHERE rolname = %s FOR UPDATE", (clone,))
        rotation = threading.Thread(target=application.steps, args=(application.begin(), "createSecret", "setSecret"))
        rotation.start()
        try:
            wait_until(lambda: bool(waiting_for_a_lock(user)))
            assert waiting_for_a_lock(user) != ["the user's own"]
        finally:
            cursor.execute("ROLLBACK")
            rotation.join()
    assert setting_of(user, clone, "application_name") == "the user's own"


def waiting_for_a_lock(user: ApplicationUser) -> list[str]:
    """The application names of the superuser's sessions that wait for one."""
    rows = user.administrate(
        f"SELECT application_name FROM pg_stat_activity WHERE usename = '{user.server.superuser.username}' "  # noqa: S608
        f"AND wait_event_type = 'Lock' AND query LIKE '%{user.username}%PASSWORD%'"
    )
    return [row[0] for row in rows]


def setting_of(user: ApplicationUser, username: str, name: str) -> str:
    """A setting of a role."""
    ((value,),) = user.administrate(
        "SELECT split_part(setting, '=', 2) FROM pg_db_role_setting, unnest(setconfig) AS setting "  # noqa: S608
        f"WHERE setrole = '{username}'::regrole AND setting LIKE '{name}=%'"
    )
    return str(value)
