"""Alternating users on PostgreSQL: the two are one principal, whichever of them is current."""

import secrets
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from secret_rotation.deadline import Deadline
from secret_rotation.errors import StatementFailedError, UnsafeRotationError
from secret_rotation.pairs import Pair
from secret_rotation.password import Password
from tests.engines.conftest import Subject
from tests.engines.holder import HOLDER


def _as_clone(subject: Subject, password: Password, *statements: str) -> list[tuple[Any, ...]]:
    return subject.run(subject.pair.clone, password, *statements)


def _as_original(subject: Subject, *statements: str) -> list[tuple[Any, ...]]:
    return subject.run(subject.pair.original, subject.password, *statements)


def _role(subject: Subject, username: str, column: str) -> object:
    ((value,),) = subject.user.administrate(f"SELECT {column} FROM pg_roles WHERE rolname = '{username}'")  # noqa: S608
    return value


def _settings(subject: Subject, username: str) -> list[tuple[Any, ...]]:
    return subject.user.administrate(
        "SELECT datname, setting FROM pg_db_role_setting CROSS JOIN unnest(setconfig) AS setting "  # noqa: S608
        "LEFT JOIN pg_database ON pg_database.oid = setdatabase "
        f"WHERE setrole = '{username}'::regrole AND setting NOT LIKE 'role=%' ORDER BY 1, 2"
    )


def test_a_table_made_as_the_clone_is_the_originals(postgres_subject: Subject) -> None:
    """What either user creates has one owner, and both read, write, alter and drop it."""
    subject = postgres_subject
    clone = subject.mirror_clone()
    table = f"made_{subject.pair.original}"
    subject.user.administrate(f"CREATE SCHEMA s_{table} AUTHORIZATION {subject.pair.original}")
    _as_clone(subject, clone, f"CREATE TABLE s_{table}.t AS VALUES (1)")
    assert _as_original(subject, f"TABLE s_{table}.t") == [(1,)]
    _as_original(subject, f"ALTER TABLE s_{table}.t ADD m int", f"CREATE TABLE s_{table}.u (n int)")
    _as_clone(subject, clone, f"ALTER TABLE s_{table}.u ADD m int", f"DROP TABLE s_{table}.t, s_{table}.u")


def test_grants_to_the_original_hold_for_both_at_once(postgres_subject: Subject) -> None:
    """A right granted to the original is the clone's in the same moment, and gone with it when it is revoked."""
    subject = postgres_subject
    clone = subject.mirror_clone()
    table = f"public.granted_{subject.pair.original}"
    subject.user.administrate(f"CREATE TABLE {table} ()")
    subject.user.administrate(f"GRANT SELECT ON {table} TO {subject.pair.original}")
    assert _as_clone(subject, clone, f"TABLE {table}") == []
    subject.user.administrate(f"REVOKE ALL ON {table} FROM {subject.pair.original}")
    with pytest.raises(Exception, match="permission denied"):
        _as_clone(subject, clone, f"TABLE {table}")


def test_attributes_of_the_original_work_for_the_clone(postgres_subject: Subject) -> None:
    """CREATEROLE and CREATEDB are the clone's through its original, without being copied."""
    subject, group = postgres_subject, f"group_{postgres_subject.pair.original}"
    subject.user.administrate(f"ALTER ROLE {subject.pair.original} CREATEROLE")
    clone = subject.mirror_clone()
    _as_clone(subject, clone, f"CREATE ROLE {group}")
    assert _role(subject, subject.pair.clone, "rolcreaterole") is False


@pytest.mark.parametrize(
    ("change", "column", "expected"),
    [
        ("CONNECTION LIMIT 7", "rolconnlimit", 7),
        ("VALID UNTIL '2999-01-01 00:00+00'", "extract(year FROM rolvaliduntil AT TIME ZONE 'UTC')::int", 2999),
        ("NOINHERIT", "rolinherit", False),
    ],
)
def test_what_the_login_role_decides_is_mirrored(
    postgres_subject: Subject, change: str, column: str, expected: object
) -> None:
    """What PostgreSQL takes from the role that logs in is copied to the clone, and follows later changes."""
    subject = postgres_subject
    subject.user.as_superuser(f"ALTER ROLE {subject.pair.original} {change}")
    subject.mirror_clone()
    assert _role(subject, subject.pair.clone, column) == expected
    subject.user.as_superuser(f"ALTER ROLE {subject.pair.original} INHERIT CONNECTION LIMIT -1 VALID UNTIL 'infinity'")
    subject.mirror_clone()
    assert _role(subject, subject.pair.clone, "rolinherit AND rolconnlimit = -1") is True
    assert _role(subject, subject.pair.clone, "coalesce(rolvaliduntil, 'infinity')::text") == "infinity"


def test_the_comment_is_mirrored(postgres_subject: Subject) -> None:
    """The clone is commented as its original is, quotes and all, with the record of the pair below it."""
    subject = postgres_subject
    for comment in ("Ann's 100% app", "two\nlines"):
        quoted = comment.replace("'", "''")
        subject.user.as_superuser(f"COMMENT ON ROLE {subject.pair.original} IS '{quoted}'")
        subject.mirror_clone()
        *lines, record = str(_role(subject, subject.pair.clone, "shobj_description(oid, 'pg_authid')")).splitlines()
        assert "\n".join(lines) == comment
        assert HOLDER in record


def test_a_comment_in_another_encoding_is_an_error_with_its_remedy(
    postgres_subject: Subject, unique_name: Callable[..., str]
) -> None:
    """Comments on roles are one for all databases, in the bytes of the one that they were made in."""
    subject, database = postgres_subject, unique_name()
    server = subject.server
    subject.user.administrate(
        f"CREATE DATABASE {database} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    with closing(server.connect(server.administrator, database)) as session, session.cursor() as cursor:
        cursor.execute(f"COMMENT ON ROLE {subject.pair.original} IS 'caf\u00e9'")
    subject.user.administrate(f"DROP DATABASE {database}")
    with pytest.raises(StatementFailedError, match="not in UTF-8"):
        subject.mirror_clone()


def test_settings_are_mirrored_as_they_are(postgres_subject: Subject, unique_name: Callable[..., str]) -> None:
    """Settings, those for one database too, come out equal, lists and quotes included; what goes goes from both."""
    subject, original = postgres_subject, postgres_subject.pair.original
    database = unique_name("db")
    subject.user.as_superuser(
        f"CREATE DATABASE {database}",
        f"""ALTER ROLE {original} SET search_path = a, "b, c", '$user', "d""e" """,
        f"ALTER ROLE {original} SET client_encoding = 'LATIN1'",
        f"ALTER ROLE {original} SET statement_timeout = '50ms'",
        f"ALTER ROLE {original} SET standard_conforming_strings = off",
        f"ALTER ROLE {original} SET password_encryption = 'md5'",
        f"ALTER ROLE {original} SET default_transaction_read_only = on",
        f"ALTER ROLE {original} SET application_name = 'it''s 100% \\ mine'",
        f"ALTER ROLE {original} IN DATABASE {database} SET search_path = ''",
        f"ALTER ROLE {original} IN DATABASE {database} SET work_mem = '5MB'",
    )
    subject.mirror_clone()
    assert _settings(subject, subject.pair.clone) == _settings(subject, original)
    assert len(_settings(subject, original)) == 9
    subject.user.as_superuser(
        f"ALTER ROLE {original} RESET ALL", f"ALTER ROLE {subject.pair.clone} SET work_mem = '6MB'"
    )
    subject.mirror_clone()
    assert _settings(subject, subject.pair.clone) == _settings(subject, original)
    assert [row[0] for row in _settings(subject, original)] == [database, database]


def test_a_role_in_another_encoding_is_an_error_with_its_remedy(
    postgres_subject: Subject, unique_name: Callable[..., str]
) -> None:
    """In a database that is not in UTF-8 a name outside of ASCII may be somebody else's."""
    subject, database, superuser = postgres_subject, unique_name(), postgres_subject.superuser()
    subject.user.administrate(
        f"CREATE DATABASE {database} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    login = subject.engine.connect_superuser(replace(superuser, dbname=database), Deadline.after(60))
    with login as session, pytest.raises(UnsafeRotationError, match="encoding UTF8 into 'dbname'"):
        session.mirror(Pair("caf\u00e9"), "caf\u00e9", Password("unused"), HOLDER)


def test_a_role_that_the_original_may_not_take_is_an_error_with_its_remedy(postgres_subject: Subject) -> None:
    """PostgreSQL accepts such a setting and ignores it at login, where the clone would act as itself."""
    subject, original = postgres_subject, postgres_subject.pair.original
    subject.user.as_superuser(f"CREATE ROLE owner_{original}", f"ALTER ROLE {original} SET role = owner_{original}")
    with pytest.raises(UnsafeRotationError, match="may not take") as raised:
        subject.mirror_clone()
    subject.user.as_superuser(str(raised.value).partition("End it: ")[2].partition(";")[0])
    assert subject.works(subject.pair.clone, subject.mirror_clone())


@pytest.mark.parametrize("place", ["", " IN DATABASE postgres"])
def test_a_role_that_the_original_takes_is_taken_by_the_clone(postgres_subject: Subject, place: str) -> None:
    """Where the original itself acts as an owner role from login on, so does the clone."""
    subject, original = postgres_subject, postgres_subject.pair.original
    owner = f"owner_{original}"
    subject.user.as_superuser(
        f"CREATE ROLE {owner}", f"GRANT {owner} TO {original}", f"ALTER ROLE {original}{place} SET role = {owner}"
    )
    clone = subject.mirror_clone()
    assert _as_clone(subject, clone, "SELECT current_user") == [(owner,)]
    subject.user.as_superuser(f"ALTER ROLE {original}{place} RESET role")
    clone = subject.mirror_clone()
    assert _as_clone(subject, clone, "SELECT current_user") == [(original,)]


def test_a_role_set_for_the_whole_database_is_taken_by_the_clone(
    postgres_subject: Subject, unique_name: Callable[..., str]
) -> None:
    """Where everybody in a database acts as its owner, the clone does as its original does: there, and only there."""
    subject, original = postgres_subject, postgres_subject.pair.original
    database, owner = unique_name("db"), unique_name("owner")
    subject.user.as_superuser(
        f"CREATE ROLE {owner}",
        f"GRANT {owner} TO {original}",
        f"CREATE DATABASE {database}",
        f"ALTER DATABASE {database} SET role = {owner}",
    )
    home = subject.user.dbname
    try:
        clone = subject.mirror_clone()
        assert _as_clone(subject, clone, "SELECT current_user") == [(original,)]
        subject.user.dbname = database
        found = [_as_original(subject, "SELECT current_user"), _as_clone(subject, clone, "SELECT current_user")]
        assert found == [[(owner,)], [(owner,)]]
    finally:
        # It holds for everybody's clone, those of all other tests too.
        subject.user.dbname = home
        subject.user.as_superuser(f"ALTER DATABASE {database} RESET role")


def test_names_are_quoted(postgres_subject: Subject) -> None:
    """Quotes, percent signs, spaces, braces and any letters in names of users and databases change nothing."""
    subject = postgres_subject
    name = f"A \"q\" 'x' %s {{0}} é名 {secrets.token_hex(3)}"
    role = '"' + name.replace('"', '""') + '"'
    subject.user.username = name
    subject.user.as_superuser(
        f"CREATE ROLE {role} LOGIN PASSWORD '{subject.user.password}'",
        f"CREATE DATABASE {role}",
        f"ALTER ROLE {role} IN DATABASE {role} SET search_path = {role}",
    )
    subject.user.dbname = name
    clone = subject.mirror_clone()
    assert _as_clone(subject, clone, "SELECT session_user, current_user") == [(name + "_clone", name)]
    assert _as_clone(subject, clone, "SHOW search_path") == [(role,)]
    subject.mirror(name, Password("other"))
    assert subject.logs_in(Password("other"))


def test_a_superusers_setting_is_an_error_with_its_remedy(postgres_subject: Subject) -> None:
    """A setting that only an administrator may copy stops the rotation, until the clone has it; then all is well."""
    subject, original = postgres_subject, postgres_subject.pair.original
    subject.mirror_clone()
    subject.user.administrate(f"ALTER ROLE {original} SET log_min_duration_statement = 1000")
    with pytest.raises(UnsafeRotationError, match=f'ALTER ROLE "{original}" RESET "log_min_duration_statement"'):
        subject.mirror_clone()
    subject.user.administrate(f"ALTER ROLE {original}_clone SET log_min_duration_statement = 1000")
    subject.mirror_clone()


def test_a_setting_of_somebodys_own_is_not_told(postgres_subject: Subject) -> None:
    """A name with a dot in it is an application's own and may hold a secret: the error names it, and ends it."""
    subject, original = postgres_subject, postgres_subject.pair.original
    subject.mirror_clone()
    subject.user.administrate(f"ALTER ROLE {original} SET app.token = 'hunter2'")
    with pytest.raises(UnsafeRotationError, match=f'ALTER ROLE "{original}" RESET "app.token";') as raised:
        subject.mirror_clone()
    assert "hunter2" not in str(raised.value)


def test_an_error_leaves_no_clone(postgres_subject: Subject) -> None:
    """Where the pair cannot be made equal, nothing of the clone stays behind."""
    subject, original = postgres_subject, postgres_subject.pair.original
    subject.user.administrate(f"ALTER ROLE {original} SET log_min_duration_statement = 1000")
    with pytest.raises(UnsafeRotationError):
        subject.mirror_clone()
    assert subject.user.administrate(f"SELECT FROM pg_roles WHERE rolname = '{original}_clone'") == []


@pytest.mark.parametrize("rotated_before", [False, True])
def test_replication_is_an_error_with_its_remedy(postgres_subject: Subject, *, rotated_before: bool) -> None:
    """REPLICATION works through no membership: the error has the statements, and they are all that it takes."""
    subject, original = postgres_subject, postgres_subject.pair.original
    if rotated_before:
        subject.mirror_clone()
    subject.user.administrate(f"ALTER ROLE {original} REPLICATION")
    with pytest.raises(UnsafeRotationError, match="REPLICATION") as raised:
        subject.mirror_clone()
    remedy = str(raised.value).partition("Run as an administrator: ")[2].partition(";")[0]
    subject.user.administrate(remedy)
    assert subject.works(subject.pair.clone, subject.mirror_clone())
    assert _role(subject, original, "rolreplication") == _role(subject, subject.pair.clone, "rolreplication")


@pytest.mark.parametrize("which", ["original", "clone"])
def test_a_locked_user_is_an_error_with_its_remedy(postgres_subject: Subject, which: str) -> None:
    """A NOLOGIN user of the pair is not unlocked by a rotation; the error says how."""
    subject = postgres_subject
    subject.mirror_clone()
    name = getattr(subject.pair, which)
    subject.user.as_superuser(f"ALTER ROLE {name} NOLOGIN")
    with pytest.raises(UnsafeRotationError, match=f'ALTER ROLE "{name}" LOGIN'):
        subject.mirror_clone()
    assert _role(subject, name, "rolcanlogin") is False


def test_an_expired_original_is_an_error_with_its_remedy(postgres_subject: Subject) -> None:
    """A password that is past its VALID UNTIL would be no better when new, so the error says what to change."""
    subject = postgres_subject
    subject.user.as_superuser(f"ALTER ROLE {subject.pair.original} VALID UNTIL '2001-01-01'")
    with pytest.raises(UnsafeRotationError, match="VALID UNTIL 'infinity'"):
        subject.mirror_clone()


def test_a_superuser_without_admin_option_gets_the_statement_to_run(postgres_subject: Subject) -> None:
    """From PostgreSQL 16 on ADMIN OPTION is needed; the error says what to run, and that alone makes it work."""
    subject, other = postgres_subject, f"other_{postgres_subject.pair.original}"
    subject.user.username = other
    subject.user.administrate(f"CREATE ROLE {other} LOGIN PASSWORD '{subject.user.password}'")
    if int(subject.server.version.split(".")[0]) >= 16:
        with pytest.raises(UnsafeRotationError, match="ADMIN OPTION") as raised:
            subject.mirror_clone()
        subject.user.administrate(str(raised.value).partition("rds_superuser: ")[2].partition(";")[0])
    clone = subject.mirror_clone()
    assert _as_clone(subject, clone, "SELECT current_user") == [(other,)]


def test_a_membership_that_was_revoked_is_restored(postgres_subject: Subject) -> None:
    """A clone that lost its original gets it back with the next rotation, since the two are one principal."""
    subject, (original, clone) = postgres_subject, (postgres_subject.pair.original, postgres_subject.pair.clone)
    subject.mirror_clone()
    subject.user.as_superuser(f"REVOKE {original} FROM {clone}")
    assert subject.works(clone, subject.mirror_clone())
