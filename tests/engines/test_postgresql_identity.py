"""A login of PostgreSQL that succeeds can still act as the wrong user: it is noticed before a password is changed."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from secret_rotation.deadline import Deadline
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.errors import UnsafeRotationError
from secret_rotation.password import Password
from tests.engines.conftest import Subject
from tests.engines.holder import HOLDER
from tests.fixtures.databases import MakeUser
from tests.fixtures.servers import postgres_since, server_called

MakeName = Callable[..., str]


def _verify(subject: Subject, username: str | None = None, password: Password | None = None) -> None:
    with subject.session(subject.credentials(username, password)) as session:
        session.verify_account()
        session.verify_identity()


@pytest.fixture(params=postgres_since(16))
def with_set_option(request: pytest.FixtureRequest, make_user: MakeUser) -> Subject:
    """A user on each server whose memberships say whether SET ROLE is allowed."""
    return _subject(request, make_user)


@pytest.fixture(params=postgres_since(17))
def with_login_triggers(request: pytest.FixtureRequest, make_user: MakeUser) -> Subject:
    """A user on each server that has event triggers at login."""
    return _subject(request, make_user)


def _subject(request: pytest.FixtureRequest, make_user: MakeUser) -> Subject:
    server = server_called(request.config, request.param)
    return Subject(PostgreSQL(server.ca_bundle), make_user(server))


def test_a_role_taken_at_login_is_the_right_identity(postgres_subject: Subject) -> None:
    """A clone that acts as its original is who it must be."""
    _verify(postgres_subject, postgres_subject.pair.clone, postgres_subject.mirror_clone())


@pytest.mark.parametrize("place", ["", " IN DATABASE postgres"])
def test_a_revoked_membership_is_noticed(postgres_subject: Subject, place: str) -> None:
    """Where the clone may no longer become its original, login only warns; the error says that a rotation mends it."""
    subject, (original, clone) = postgres_subject, (postgres_subject.pair.original, postgres_subject.pair.clone)
    password = subject.mirror_clone()
    subject.user.as_superuser(f"ALTER ROLE {clone}{place} SET role = {original}", f"REVOKE {original} FROM {clone}")
    with pytest.raises(UnsafeRotationError, match="rotate again: setSecret mends it"):
        _verify(subject, clone, password)
    _verify(subject, clone, subject.mirror_clone())


def test_a_renamed_original_is_noticed(postgres_subject: Subject) -> None:
    """Where the original was renamed, the clone's setting leads nowhere, and the error names the role that is gone."""
    subject, original = postgres_subject, postgres_subject.pair.original
    password = subject.mirror_clone()
    subject.user.as_superuser(f"ALTER ROLE {original} RENAME TO {original}_new")
    with pytest.raises(UnsafeRotationError, match=original):
        _verify(subject, subject.pair.clone, password)


def test_a_membership_without_set_is_noticed(with_set_option: Subject) -> None:
    """From PostgreSQL 16 on SET FALSE keeps a member from becoming the role, and a rotation mends that, too."""
    subject, (original, clone) = with_set_option, (with_set_option.pair.original, with_set_option.pair.clone)
    password = subject.mirror_clone()
    subject.user.as_superuser(f"GRANT {original} TO {clone} WITH SET FALSE")
    with pytest.raises(UnsafeRotationError, match="rotate again"):
        _verify(subject, clone, password)
    _verify(subject, clone, subject.mirror_clone())


def test_a_role_set_to_none_is_no_role(postgres_subject: Subject, unique_name: MakeName) -> None:
    """A setting that keeps the user from a role of the whole database means that it acts as itself."""
    subject, group = postgres_subject, unique_name("group")
    subject.user.as_superuser(f"ALTER ROLE {subject.pair.original} SET role = none", f"CREATE ROLE {group}")
    _verify(subject)


@pytest.mark.parametrize("place", ["ROLE {user}", "ROLE {user} IN DATABASE {database}", "DATABASE {database}"])
def test_a_role_that_may_not_be_taken_has_its_remedy(
    postgres_subject: Subject, unique_name: MakeName, place: str
) -> None:
    """The error has the statement that ends the setting where it stands, and nobody is to be granted anything."""
    subject, database = postgres_subject, unique_name("db")
    subject.user.as_superuser(f"CREATE DATABASE {database}")
    subject.user.dbname = database
    names = {"user": subject.pair.original, "database": database}
    subject.user.administrate(f"ALTER {place.format(**names)} SET role = {subject.server.administrator.username}")
    with pytest.raises(UnsafeRotationError, match=subject.server.administrator.username) as raised:
        _verify(subject)
    with subject.session(subject.credentials()) as session:
        session.verify_account()
    assert "GRANT" not in str(raised.value)
    remedies = re.findall(r"ALTER [^;]* RESET role;", str(raised.value))
    subject.user.administrate(*remedies)
    _verify(subject)


def test_a_role_taken_by_a_login_trigger_has_its_remedy(with_login_triggers: Subject, unique_name: MakeName) -> None:
    """From PostgreSQL 17 on an event trigger can set a role at login; the error has the statement that stops it."""
    subject, database, group = with_login_triggers, unique_name("db"), unique_name("group")
    subject.user.as_superuser(
        f"CREATE DATABASE {database}", f"CREATE ROLE {group}", f"GRANT {group} TO {subject.pair.original}"
    )
    subject.user.dbname = database
    subject.user.administrate(
        "CREATE FUNCTION take_role() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN IF session_user = "
        f"'{subject.pair.original}' THEN PERFORM set_config('role', '{group}', false); END IF; END $$",
        'CREATE EVENT TRIGGER "Take role" ON login EXECUTE FUNCTION take_role()',
    )
    with pytest.raises(UnsafeRotationError, match=f"acts as {group}") as raised:
        _verify(subject)
    subject.user.administrate(*re.findall(r"ALTER EVENT TRIGGER [^;]*;", str(raised.value)))
    _verify(subject)


def test_the_superuser_acts_as_itself_whatever_runs_at_its_login(
    with_login_triggers: Subject, unique_name: MakeName
) -> None:
    """A role that an event trigger takes for the superuser, or its own setting, does not stand in its way."""
    subject, database, group = with_login_triggers, unique_name("db"), unique_name("group")
    superuser = subject.server.superuser.username
    subject.user.as_superuser(f"CREATE DATABASE {database}", f"CREATE ROLE {group}", f"GRANT {group} TO {superuser}")
    subject.user.dbname = database
    subject.user.administrate(
        f"ALTER ROLE {superuser} IN DATABASE {database} SET role = {group}",
        "CREATE FUNCTION take_role() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN IF session_user = "
        f"'{superuser}' THEN PERFORM set_config('role', '{group}', false); END IF; END $$",
        "CREATE EVENT TRIGGER take_role ON login EXECUTE FUNCTION take_role()",
    )
    credentials = replace(subject.superuser(), dbname=database)
    with subject.engine.connect_superuser(credentials, Deadline.after(60)) as session:
        session.mirror(subject.pair, subject.pair.clone, Password("new"), HOLDER)
    assert subject.logs_in(Password("new"), subject.pair.clone)


def test_a_name_that_the_server_cuts_is_another_account(postgres_subject: Subject, unique_name: MakeName) -> None:
    """A login that became another account is told from one as the user, whatever it acts as."""
    subject, name = postgres_subject, unique_name("n" * 63)[-63:]
    subject.user.administrate(f"CREATE ROLE {name} LOGIN PASSWORD '{subject.user.password}'")
    with (
        subject.session(subject.credentials(f"{name}_more")) as session,
        pytest.raises(UnsafeRotationError, match="63 bytes"),
    ):
        session.verify_account()
