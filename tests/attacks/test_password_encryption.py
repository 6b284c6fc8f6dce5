"""What passwords of PostgreSQL are kept by, and what sets them: nothing that a role or a database is set to."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from psycopg2.sql import SQL, Literal

from lab.engines.postgresql import PostgresServer, start_postgres
from secret_rotation.deadline import Deadline
from secret_rotation.engines.postgresql.pins import SUPERUSER_PINS, USER_PINS, Pins
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from tests.engines.conftest import Subject
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import Application, MakeApplication
from tests.fixtures.servers import chosen_majors
from tests.rotation.faulted import rotates

MD5 = {"PASSWORD_ENCRYPTION": "md5"}
SYSTEM_USER_MAJOR = 16
"""From here on the server itself says by which method a session came in."""

LONGER_THAN_A_TRANSACTION_MAY_LAST = SQL("SELECT pg_sleep(2.5)")
PLANTED = {
    "search_path": "public",
    "local_preload_libraries": "no_such_library",
    "standard_conforming_strings": "off",
    "quote_all_identifiers": "on",
    "row_security": "off",
    "datestyle": "German",
    "timezone": "Asia/Kathmandu",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "default_transaction_isolation": "serializable",
    "exit_on_error": "on",
    "tcp_user_timeout": "1",
    "synchronous_commit": "off",
    "password_encryption": "md5",
    "debug_print_parse": "on",
    "debug_print_rewritten": "on",
    "client_min_messages": "debug5",
    "transaction_timeout": "2000",
    "createrole_self_grant": "set, inherit",
}
"""For each setting that a session pins, what an account or the owner of a database could set it to."""


@pytest.fixture
def planted_database(subject: Subject, unique_name: Callable[..., str]) -> str:
    """A database whose owner has set whatever this version has of PLANTED."""
    database = unique_name("db")
    subject.user.administrate(f"CREATE DATABASE {database}", *_plant(subject, f"ALTER DATABASE {database}"))
    return database


@pytest.fixture(scope="module", params=sorted({min(chosen_majors()), max(chosen_majors())}))
def md5_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A server that takes MD5 passwords too, and says so: of itself, or as RDS does."""
    on_rds: dict[str, Any] = (
        {} if request.param >= SYSTEM_USER_MAJOR else {"rds.accepted_password_auth_method": "md5+scram"}
    )
    with start_postgres(request.param, **on_rds) as server:
        hba = server.log_path.parent / "hba.conf"
        hba.write_text("host all all 127.0.0.1/32 md5\n")
        server.restart(hba_file=hba)
        yield server


def _plant(subject: Subject, alter: str) -> list[str]:
    known = {name for (name,) in subject.user.administrate("SELECT name FROM pg_settings")}
    return [f"{alter} SET {name} = '{value}'" for name, value in PLANTED.items() if name in known]


def _stored(application: Application, username: str) -> str:
    ((text,),) = application.user.administrate(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{username}'")  # noqa: S608 - a name of our own
    return str(text)


def _values(session: PostgreSQLSession, names: Mapping[str, object]) -> dict[str, str]:
    session.run(LONGER_THAN_A_TRANSACTION_MAY_LAST, "pg_sleep")
    wanted = SQL(", ").join(map(Literal, names))
    query = SQL("SELECT name, current_setting(name) FROM pg_settings WHERE lower(name) IN ({})").format(wanted)
    return {name.lower(): value.replace(" ", "") for name, value in session.run(query, "The query of the settings")}


def _pinned(session: PostgreSQLSession, pins: Pins) -> dict[str, str]:
    later = {name: value for name, (since, value) in pins.later.items() if session.server_version >= since}
    pinned = {**pins.options, **later}
    return {name: value.replace(" ", "") for name, value in pinned.items() if name != "role"}  # which is never listed


def test_what_a_session_pins_nobody_else_sets(subject: Subject, planted_database: str) -> None:
    """Each pinned setting has its value in both kinds of sessions, whatever role and database were set to."""
    assert {*PLANTED, "role"} == {*SUPERUSER_PINS.options, *SUPERUSER_PINS.later}
    subject.user.administrate(*_plant(subject, f"ALTER ROLE {subject.user.username}"))
    deadline, superuser = Deadline.after(60), subject.superuser()
    with subject.engine.connect(subject.credentials(dbname=planted_database), deadline) as session:
        assert isinstance(session, PostgreSQLSession)
        assert _values(session, _pinned(session, USER_PINS)) == _pinned(session, USER_PINS)
    there = subject.credentials(superuser.username, superuser.password, dbname=planted_database)
    with subject.engine.connect_superuser(there, deadline) as session:
        assert isinstance(session, PostgreSQLSession)
        assert _values(session, _pinned(session, SUPERUSER_PINS)) == _pinned(session, SUPERUSER_PINS)


def test_a_rotation_in_a_database_of_somebody_who_sets_it_up(
    subject: Subject, planted_database: str, strategy: str, make_application: MakeApplication
) -> None:
    """Rotations succeed there, keep passwords by SCRAM, and make the superuser no member of the roles that it makes."""
    application = make_application(subject.user, strategy, dbname=planted_database)
    superuser_secret = application.superuser_secret
    superuser_secret.change(dbname=planted_database)
    rotates(application)
    assert _stored(application, application.credentials()[0]).startswith("SCRAM-SHA-256$4096:")
    membership = f"pg_has_role('{subject.superuser().username}', '{subject.pair.clone}', 'USAGE')"
    clones = f"SELECT {membership} FROM pg_roles WHERE rolname = '{subject.pair.clone}'"  # noqa: S608 - names of our own
    assert (True,) not in subject.user.administrate(clones)


def test_a_role_that_asks_for_md5(subject: Subject, strategy: str, make_application: MakeApplication) -> None:
    """An account that sets password_encryption for itself is not locked out by its next rotations."""
    subject.run(
        subject.user.username, subject.password, f"ALTER ROLE {subject.user.username} SET password_encryption = md5"
    )
    application = make_application(subject.user, strategy)
    rotates(application, 2)
    assert _stored(application, application.credentials()[0]).startswith("SCRAM-SHA-256$4096:")


@pytest.mark.parametrize(("environ", "form"), [({}, "SCRAM-SHA-256$4096:"), (MD5, "md5")], ids=["default", "md5"])
def test_the_deployer_says_what_passwords_are_kept_by(
    md5_server: PostgresServer,
    strategy: str,
    environ: Mapping[str, str],
    form: str,
    make_user: MakeUser,
    make_application: MakeApplication,
) -> None:
    """On a server that takes both, PASSWORD_ENCRYPTION decides, and clients log in either way."""
    application = make_application(make_user(md5_server), strategy, environ=environ)
    for _ in range(2):
        rotates(application)
        assert _stored(application, application.credentials()[0]).startswith(form)


def test_md5_where_the_server_takes_scram_only(
    subject: Subject, strategy: str, make_application: MakeApplication
) -> None:
    """Nothing is changed where nobody could log in by an MD5 hash, or where the server does not say: an error does."""
    application = make_application(subject.user, strategy, environ=MD5)
    before = _stored(application, subject.user.username)
    message = application.refusal("UnsafeRotationError")
    for text in ("PASSWORD_ENCRYPTION to scram-sha-256", "was not changed", subject.user.username):
        assert text in message
    assert application.works()
    assert _stored(application, subject.user.username) == before
    assert not subject.user.administrate(f"SELECT FROM pg_roles WHERE rolname = '{subject.pair.clone}'")
