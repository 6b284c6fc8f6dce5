"""Functions and operators that stand in for PostgreSQL's own are never called, least of all by the superuser."""

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from lab.engines.postgresql import PostgresServer
from lab.servers import Login
from rotationctl.by_hand.postgresql import END_SESSIONS, SHOW_SESSIONS
from secret_rotation import engines
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import Application, MakeApplication
from tests.lab.helpers import wait_until

LOGIN_TRIGGERS_SINCE = 17
# A shadow of everything in pg_catalog of a name that occurs in the engine's source, except aggregates.
SHADOWS = """
    CREATE SCHEMA evil;
    GRANT USAGE ON SCHEMA evil TO PUBLIC;
    DO $$ DECLARE shadow record; BEGIN
        FOR shadow IN SELECT proname, pg_get_function_arguments(oid) AS arguments,
            pg_get_function_result(oid) AS result FROM pg_proc
            WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND proname = ANY ({names})
              AND pg_get_function_arguments(oid) !~ 'internal|cstring|"any"|OUT |VARIADIC'
              AND pg_get_function_result(oid) !~ 'internal|trigger|cstring'
        LOOP
            EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', shadow.proname,
                shadow.arguments, shadow.result, 'BEGIN RAISE EXCEPTION ''the shadow of {{}} was called''; END');
        END LOOP;
    END $$;
    CREATE FUNCTION evil.is_equal(name, name) RETURNS bool LANGUAGE plpgsql
        AS 'BEGIN RAISE EXCEPTION ''the shadow of = was called''; END';
    CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = name, FUNCTION = evil.is_equal);
    CREATE FUNCTION evil.is_equal(text, text) RETURNS bool LANGUAGE plpgsql
        AS 'BEGIN RAISE EXCEPTION ''the shadow of = was called''; END';
    CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.is_equal);
    CREATE FUNCTION evil.is_equal(oid, oid) RETURNS bool LANGUAGE plpgsql
        AS 'BEGIN RAISE EXCEPTION ''the shadow of = was called''; END';
    CREATE OPERATOR evil.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = evil.is_equal);
"""
# Fits a call better than PostgreSQL's own, so that it is found wherever its schema stands on the path.
BETTER_FIT = """
    CREATE FUNCTION evil.unnest(text[]) RETURNS SETOF text LANGUAGE plpgsql
        AS 'BEGIN RAISE EXCEPTION ''the shadow of unnest was called''; END';
"""
TRIGGER = """
    CREATE FUNCTION evil.at_login() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$;
    CREATE EVENT TRIGGER at_login ON login EXECUTE FUNCTION evil.at_login();
    ALTER EVENT TRIGGER at_login ENABLE ALWAYS;
"""
PATH = "evil, pg_catalog"


@pytest.fixture
def trapped(
    newest_postgres: PostgresServer,
    strategy: str,
    make_user: MakeUser,
    make_application: MakeApplication,
    unique_name: Callable[..., str],
) -> Application:
    """An application with each strategy whose user and superuser log in to a database full of shadows.

    The superuser's secret names none, so that it follows the user, to whichever the writer of the user's secret names.
    """
    user, database = make_user(newest_postgres), unique_name("db")
    user.administrate(f"CREATE DATABASE {database}")
    user.dbname = database
    user.administrate(SHADOWS.format(names=f"ARRAY[{names_in_source()}]").replace("{}", "a function"))
    return make_application(user, strategy)


def test_what_is_typed_to_end_a_thiefs_sessions_is_postgresqls_own(
    newest_postgres: PostgresServer, make_user: MakeUser
) -> None:
    """Whoever has the password can put what hides a session into schemas that the user's logins look into first."""
    user = make_user(newest_postgres)
    login = Login(user.username, user.password)
    schema = f"evil_{user.username}"
    user.administrate(f"GRANT CREATE ON DATABASE {user.dbname} TO {user.username}")
    with closing(user.server.connect(login, user.dbname)) as thief:
        for statement in (
            f"CREATE SCHEMA {schema}",
            f"CREATE VIEW {schema}.pg_stat_activity AS TABLE pg_catalog.pg_stat_activity LIMIT 0",
            f"ALTER ROLE {user.username} SET search_path = {schema}, pg_catalog",
        ):
            thief.cursor().execute(statement)
        with closing(user.server.connect(login, user.dbname)) as session, session.cursor() as cursor:
            for statement in (SHOW_SESSIONS, END_SESSIONS):
                cursor.execute(statement)
                assert len(cursor.fetchall()) == 1
        wait_until(lambda: user.sessions() == 0)


@pytest.fixture
def with_login_triggers(newest_postgres: PostgresServer) -> None:
    """Only where the server has them."""
    if int(newest_postgres.version.split(".")[0]) < LOGIN_TRIGGERS_SINCE:
        pytest.skip("the chosen versions have no login triggers")


def names_in_source() -> str:
    """What may be a function in the statements that the engine sends, as literals."""
    files = (Path(engines.__path__[0]) / "postgresql").glob("*.py")
    names = {name for file in files for name in re.findall(r"\b([a-z_]+)\(", file.read_text())}
    return ", ".join(f"'{name}'" for name in sorted(names))


def assert_shadows_are_called(user: ApplicationUser) -> None:
    """Check the trap itself: where its schema comes first, a shadow outranks the original."""
    with closing(user.server.connect(user.server.superuser, user.dbname)) as session, session.cursor() as cursor:
        cursor.execute(f"SET search_path = {PATH}")
        with pytest.raises(psycopg2.errors.RaiseException, match="shadow"):
            cursor.execute("SELECT 'a'::name = 'a'::name")
        with pytest.raises(psycopg2.errors.RaiseException, match="shadow"):
            cursor.execute("SELECT current_setting('port')")


def test_shadows_on_the_path_of_roles_and_database(trapped: Application) -> None:
    """The search_path of the user, of the superuser and of the database lead to shadows: nobody follows."""
    user = trapped.user
    assert_shadows_are_called(user)
    user.administrate(
        BETTER_FIT,
        f"ALTER ROLE {user.username} SET search_path = {PATH}",
        f"ALTER DATABASE {user.dbname} SET search_path = {PATH}",
        f"ALTER ROLE {user.server.superuser.username} IN DATABASE {user.dbname} SET search_path = {PATH}",
    )
    for _ in range(2):
        run = trapped.rotate()
        assert run.succeeded, run.outcome
        assert trapped.logs_in()


@pytest.mark.usefixtures("with_login_triggers")
def test_shadows_on_the_path_of_a_login_trigger(trapped: Application) -> None:
    """A trigger that leads every session to the shadows, after its login, leads none of a rotation there."""
    user = trapped.user
    user.administrate(BETTER_FIT, TRIGGER.format(f"PERFORM pg_catalog.set_config('search_path', '{PATH}', false);"))
    try:
        for _ in range(2):
            run = trapped.rotate()
            assert run.succeeded, run.outcome
            assert trapped.logs_in()
    finally:
        user.administrate("DROP EVENT TRIGGER at_login")


@pytest.mark.usefixtures("with_login_triggers")
def test_a_login_trigger_that_sleeps(trapped: Application) -> None:
    """A trigger that keeps every session waiting is an error in time, and AWSCURRENT stays the password."""
    user = trapped.user
    trapped.function.timeout_seconds = 12
    user.administrate(TRIGGER.format("IF session_user <> 'rdsadmin' THEN PERFORM pg_catalog.pg_sleep(60); END IF;"))
    outcome = trapped.steps(trapped.begin(), "createSecret", "setSecret")
    assert outcome.error_type == "DatabaseUnreachableError"
    assert outcome.duration_ms < trapped.function.timeout_seconds * 1000
    user.administrate("DROP EVENT TRIGGER at_login")
    assert trapped.logs_in()
