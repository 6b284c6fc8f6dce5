"""Pairs that AWS's own rotation function made, and what operators gave to a clone alone."""

import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from secret_rotation.engines.postgresql.grants_of_others import MOST
from secret_rotation.errors import UnsafeRotationError
from secret_rotation.password import Password
from tests.engines.conftest import Subject


def _make_pair_as_aws_does(subject: Subject) -> Password:
    """A clone that is a member of its original, and nothing more."""
    password = Password(secrets.token_urlsafe())
    subject.user.as_superuser(
        f"CREATE ROLE {subject.pair.clone} LOGIN PASSWORD '{password.reveal()}'",
        f"GRANT {subject.pair.original} TO {subject.pair.clone}",
    )
    return password


def _acts_as(subject: Subject, password: Password) -> str:
    ((name,),) = subject.run(subject.pair.clone, password, "SELECT current_user")
    return str(name)


def _groups(subject: Subject, username: str) -> set[str]:
    rows = subject.user.administrate(
        f"SELECT roleid::regrole::text FROM pg_auth_members WHERE member = '{username}'::regrole"  # noqa: S608
    )
    return {name for (name,) in rows}


def test_a_pair_of_aws_becomes_one_principal(postgres_subject: Subject) -> None:
    """A clone that has nothing of its own acts as its original after its first rotation here."""
    subject = postgres_subject
    _make_pair_as_aws_does(subject)
    assert _acts_as(subject, subject.mirror_clone()) == subject.pair.original


def test_a_clone_that_owns_objects_stays_as_it_was(
    postgres_subject: Subject, unique_name: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    """A clone that owns a table, in whichever database, keeps it, and what it may do; the log says so; it rotates."""
    subject, (original, clone) = postgres_subject, (postgres_subject.pair.original, postgres_subject.pair.clone)
    old, database = _make_pair_as_aws_does(subject), unique_name("db")
    subject.user.as_superuser(f"CREATE DATABASE {database}", f"GRANT CREATE ON DATABASE {database} TO {clone}")
    home, subject.user.dbname = subject.user.dbname, database
    subject.run(clone, old, f"CREATE SCHEMA s_{clone}", f"CREATE TABLE s_{clone}.t AS VALUES (1)")
    subject.user.dbname = home
    with caplog.at_level(logging.WARNING):
        new = subject.mirror_clone()
    assert _acts_as(subject, new) == clone
    assert subject.works(clone, new)
    assert database in caplog.text
    subject.mirror(original, Password("next"))
    assert subject.works(original, Password("next"))
    subject.user.dbname = database
    assert subject.run(clone, new, f"TABLE s_{clone}.t") == [(1,)]


@pytest.mark.parametrize("is_member", [True, False])
def test_a_clone_with_roles_of_its_own_stays_as_it_was(
    postgres_subject: Subject, unique_name: Callable[..., str], caplog: pytest.LogCaptureFixture, *, is_member: bool
) -> None:
    """A clone that is a member of a role that its original is not in keeps that role; the log names it; it rotates."""
    subject, group = postgres_subject, unique_name("group")
    _make_pair_as_aws_does(subject)
    subject.user.as_superuser(f"CREATE ROLE {group}", f"GRANT {group} TO {subject.pair.clone}")
    if not is_member:
        subject.user.as_superuser(f"REVOKE {subject.pair.original} FROM {subject.pair.clone}")
    with caplog.at_level(logging.WARNING):
        new = subject.mirror_clone()
    assert _acts_as(subject, new) == subject.pair.clone
    assert _groups(subject, subject.pair.clone) == {subject.pair.original, group}
    assert group in caplog.text


def test_the_end_of_a_kept_clones_password_is_its_own(
    postgres_subject: Subject, unique_name: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    """A clone that stays as it was has a VALID UNTIL of its own: it is warned of, and once passed an error."""
    subject, group, clone = postgres_subject, unique_name("group"), postgres_subject.pair.clone
    _make_pair_as_aws_does(subject)
    subject.user.as_superuser(f"CREATE ROLE {group}", f"GRANT {group} TO {clone}")
    remedy = f"ALTER ROLE \"{clone}\" VALID UNTIL 'infinity';"
    subject.user.administrate(f"ALTER ROLE {clone} VALID UNTIL '{datetime.now(UTC) + timedelta(days=10)}'")
    with caplog.at_level(logging.WARNING):
        subject.mirror_clone()
    assert remedy in caplog.text
    subject.user.administrate(f"ALTER ROLE {clone} VALID UNTIL '2001-01-01'")
    with pytest.raises(UnsafeRotationError) as raised:
        subject.mirror_clone()
    assert remedy in str(raised.value)
    subject.user.as_superuser(remedy)
    caplog.clear()
    assert subject.works(clone, subject.mirror_clone())
    assert remedy not in caplog.text


def test_a_role_granted_to_our_clone_reaches_both(postgres_subject: Subject, unique_name: Callable[..., str]) -> None:
    """A role granted to the clone is its original's at the next rotation, and so both users'."""
    subject, group = postgres_subject, unique_name("group")
    table = f"public.{group}_t"
    subject.mirror_clone()
    subject.user.as_superuser(f"CREATE ROLE {group}", f"GRANT {group} TO {subject.pair.clone}")
    subject.user.administrate(f"CREATE TABLE {table} AS VALUES (1)", f"GRANT SELECT ON {table} TO {group}")
    new = subject.mirror_clone()
    assert subject.run(subject.pair.clone, new, f"TABLE {table}") == [(1,)]
    assert subject.run(subject.pair.original, subject.password, f"TABLE {table}") == [(1,)]


def test_a_role_revoked_from_the_original_does_not_come_back(
    postgres_subject: Subject, unique_name: Callable[..., str]
) -> None:
    """What was granted to the clone and then revoked from the original stays revoked from both."""
    subject, group = postgres_subject, unique_name("group")
    subject.mirror_clone()
    subject.user.as_superuser(f"CREATE ROLE {group}", f"GRANT {group} TO {subject.pair.clone}")
    subject.mirror_clone()
    assert _groups(subject, subject.pair.original) == {group}
    subject.user.as_superuser(f"REVOKE {group} FROM {subject.pair.original}")
    subject.mirror_clone()
    assert _groups(subject, subject.pair.original) == set()
    assert _groups(subject, subject.pair.clone) == {subject.pair.original}


def test_a_role_that_cannot_be_moved_is_logged(
    postgres_subject: Subject, unique_name: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    """A role that the superuser may not hand out stays where it is, the log has the statement, and the pair rotates."""
    subject, group = postgres_subject, unique_name("group")
    subject.mirror_clone()
    subject.user.administrate(f"CREATE ROLE {group} SUPERUSER", f"GRANT {group} TO {subject.pair.clone}")
    with caplog.at_level(logging.WARNING):
        new = subject.mirror_clone()
    assert f'GRANT "{group}" TO "{subject.pair.original}"' in caplog.text
    assert subject.works(subject.pair.clone, new)
    assert _groups(subject, subject.pair.original) == set()


def test_a_clone_that_came_to_own_something_goes_on_acting_as_its_original(
    postgres_subject: Subject, caplog: pytest.LogCaptureFixture
) -> None:
    """A table handed to a clone that we made changes nothing for its sessions; the log says how to hand it over."""
    subject = postgres_subject
    subject.mirror_clone()
    subject.user.administrate(
        f"CREATE TABLE public.own_{subject.pair.clone} ()",
        f"ALTER TABLE public.own_{subject.pair.clone} OWNER TO {subject.pair.clone}",
    )
    with caplog.at_level(logging.WARNING):
        new = subject.mirror_clone()
    assert _acts_as(subject, new) == subject.pair.original
    assert f'REASSIGN OWNED BY "{subject.pair.clone}" TO "{subject.pair.original}"' in caplog.text


def test_a_member_is_no_clone_by_that(postgres_subject: Subject) -> None:
    """Somebody's account that happens to be called like a clone, even a member of the original, is on no record."""
    subject = postgres_subject
    subject.user.as_superuser(
        f"CREATE ROLE {subject.pair.clone} LOGIN", f"GRANT {subject.pair.original} TO {subject.pair.clone}"
    )
    with subject.superuser_session() as session:
        assert session.holding(subject.pair) is None


def test_rights_granted_to_our_clone_reach_both(
    postgres_subject: Subject, unique_name: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    """What the superuser granted to the clone, in any database, is both users' at the next rotation."""
    subject, clone, database = postgres_subject, postgres_subject.pair.clone, unique_name("db")
    subject.mirror_clone()
    subject.user.as_superuser(f"CREATE DATABASE {database}", f"GRANT CREATE ON DATABASE {database} TO {clone}")
    subject.user.dbname = database
    subject.user.as_superuser(
        'CREATE SCHEMA "S s"',
        'CREATE TABLE "S s"."T%t" ("C c" int, d int)',
        'CREATE SEQUENCE "S s"."Q q"',
        'CREATE TYPE "S s"."Y y" AS ENUM (\'a\')',
        'CREATE FUNCTION "S s"."F f"("S s"."Y y") RETURNS int LANGUAGE sql AS \'SELECT 1\'',
        'REVOKE ALL ON FUNCTION "S s"."F f" FROM public',
        f'GRANT USAGE ON SCHEMA "S s" TO {clone}',
        f'GRANT SELECT ("C c"), INSERT ON "S s"."T%t" TO {clone} WITH GRANT OPTION',
        f'GRANT USAGE ON SEQUENCE "S s"."Q q" TO {clone}',
        f'GRANT USAGE ON TYPE "S s"."Y y" TO {clone}',
        f'GRANT EXECUTE ON FUNCTION "S s"."F f" TO {clone}',
    )
    with caplog.at_level(logging.WARNING):
        passwords = {clone: subject.mirror_clone(), subject.pair.original: subject.password}
    for username, password in passwords.items():
        subject.run(username, password, f'CREATE SCHEMA "{username}"', f'DROP SCHEMA "{username}"')
        subject.run(username, password, 'INSERT INTO "S s"."T%t" VALUES (1, 2)')
        subject.run(username, password, 'SELECT "C c" FROM "S s"."T%t"')
        subject.run(username, password, 'SELECT nextval(\'"S s"."Q q"\'), "S s"."F f"(\'a\')')
        with pytest.raises(Exception, match="permission denied"):
            subject.run(username, password, 'SELECT d FROM "S s"."T%t"')
    assert not caplog.records


def test_a_right_that_cannot_be_moved_is_logged(postgres_subject: Subject, caplog: pytest.LogCaptureFixture) -> None:
    """A right that somebody else granted to the clone stays where it is, the log names it, and the pair rotates."""
    subject, table = postgres_subject, f"public.of_admin_{postgres_subject.pair.original}"
    subject.mirror_clone()
    subject.user.administrate(f"CREATE TABLE {table} ()", f"GRANT ALL ON {table} TO {subject.pair.clone}")
    with caplog.at_level(logging.WARNING):
        new = subject.mirror_clone()
    assert f'REVOKE SELECT ON TABLE {table} FROM "{subject.pair.clone}"' in caplog.text  # noqa: S608 - a message
    assert subject.works(subject.pair.clone, new)


def test_many_rights_of_others_are_told_in_part(postgres_subject: Subject, caplog: pytest.LogCaptureFixture) -> None:
    """A log line has an end: so many are named, and that there may be more."""
    subject = postgres_subject
    subject.mirror_clone()
    tables = [f"public.t{number}_{subject.pair.original}" for number in range(MOST + 1)]
    subject.user.administrate(
        *(f"CREATE TABLE {table} ()" for table in tables),
        *(f"GRANT SELECT ON {table} TO {subject.pair.clone}" for table in tables),
    )
    with caplog.at_level(logging.WARNING):
        subject.mirror_clone()
    assert caplog.text.count("REVOKE SELECT ON TABLE") == MOST
    assert "There may be more" in caplog.text


def test_rights_in_a_closed_database_are_logged(
    postgres_subject: Subject, unique_name: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    """Where the superuser may not log in to a database, the clone's rights stay there, and the pair rotates."""
    subject, clone, database = postgres_subject, postgres_subject.pair.clone, unique_name("db")
    subject.mirror_clone()
    subject.user.as_superuser(f"CREATE DATABASE {database}")
    home, subject.user.dbname = subject.user.dbname, database
    subject.user.as_superuser(f"CREATE SCHEMA s_{database}", f"GRANT USAGE ON SCHEMA s_{database} TO {clone}")
    subject.user.dbname = home
    subject.user.administrate(f"ALTER DATABASE {database} CONNECTION LIMIT 0")
    with caplog.at_level(logging.WARNING):
        new = subject.mirror_clone()
    assert f"Not all rights of {clone} in database {database} were moved" in caplog.text
    assert subject.works(clone, new)
