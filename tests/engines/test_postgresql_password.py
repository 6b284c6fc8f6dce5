"""Passwords of PostgreSQL: they leave the function as verifiers only, and no error holds one."""

import secrets
import traceback
from collections.abc import Callable, Iterator

import psycopg2
import pytest
from psycopg2 import errorcodes
from psycopg2.sql import SQL, Literal

from secret_rotation.deadline import Deadline
from secret_rotation.engines.postgresql.connection import DRIVER_ERRORS
from secret_rotation.engines.postgresql.failures import login_failure, statement_failure
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.errors import DatabaseError, DatabaseUnreachableError, PermissionDeniedError, StatementFailedError
from secret_rotation.password import Password
from secret_rotation.tls import Trust
from tests.engines.conftest import Subject
from tests.engines.holder import HOLDER


def _set_everywhere(subject: Subject, password: Password) -> None:
    with subject.session(subject.credentials()) as session:
        session.set_own_password(subject.password, password)
        session.overwrite_own_password(password, [])
    with subject.superuser_session() as session:
        session.set_password(subject.user.username, password)
        session.mirror(subject.pair, subject.pair.clone, password, HOLDER)
        with pytest.raises(DatabaseError):
            session.set_password("no_such_role", password)


def _tree(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for derived in kind.__subclasses__():
        yield from _tree(derived)


def test_the_server_gets_a_verifier(postgres_subject: Subject) -> None:
    """What the server stores is the SCRAM verifier that it was sent, and the password logs in."""
    subject, password = postgres_subject, Password(secrets.token_urlsafe())
    _set_everywhere(subject, password)
    for name in (subject.pair.original, subject.pair.clone):
        ((text,),) = subject.user.administrate(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{name}'")  # noqa: S608
        assert text.startswith("SCRAM-SHA-256$4096:")
    assert subject.logs_in(password)


def test_a_password_that_looks_like_a_verifier_is_a_password(postgres_subject: Subject) -> None:
    """A password in the form of a hash is hashed like any other."""
    password = Password("md5" + secrets.token_hex(16))
    postgres_subject.mirror(postgres_subject.pair.clone, password)
    assert postgres_subject.logs_in(password, postgres_subject.pair.clone)


def test_a_password_is_nowhere_in_the_server(postgres_subject: Subject) -> None:
    """Neither the log (of failed statements too) nor pg_stat_statements nor pg_stat_activity has the password."""
    subject, password = postgres_subject, Password(secrets.token_hex(16))
    subject.user.administrate("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    with subject.session(subject.credentials()):
        _set_everywhere(subject, password)
        views = ("pg_stat_statements", "pg_stat_activity")
        texts = [row for view in views for row in subject.user.administrate(f"TABLE {view}")]
    assert password.reveal() not in repr(texts)
    log = subject.server.log_path.read_text(errors="replace")
    assert f'ALTER ROLE "{subject.pair.clone}" PASSWORD' in log
    assert password.reveal() not in log


@pytest.mark.parametrize("username", ["original", "clone"])
def test_a_user_that_acts_as_another_role_sets_its_own_password(postgres_subject: Subject, username: str) -> None:
    """A role set at login, which may not change the user's password, does not stand in the way."""
    subject, owner = postgres_subject, f"owner_{postgres_subject.pair.original}"
    subject.user.as_superuser(
        f"CREATE ROLE {owner}",
        f"GRANT {owner} TO {subject.pair.original}",
        f"ALTER ROLE {subject.pair.original} SET role = {owner}",
    )
    old = subject.mirror_clone() if username == "clone" else subject.password
    name, new = getattr(subject.pair, username), Password(secrets.token_urlsafe())
    with subject.session(subject.credentials(name, old)) as session:
        session.set_own_password(old, new)
    assert subject.logs_in(new, name)


def test_a_user_set_to_read_only_sets_its_own_password(postgres_subject: Subject) -> None:
    """A user whose transactions are read-only by its settings is not mistaken for a read-only server."""
    subject, new = postgres_subject, Password("new")
    subject.user.as_superuser(f"ALTER ROLE {subject.user.username} SET default_transaction_read_only = on")
    with subject.session(subject.credentials()) as session:
        session.set_own_password(subject.password, new)
    assert subject.logs_in(new)


def test_functions_of_others_are_not_called(postgres_subject: Subject, unique_name: Callable[..., str]) -> None:
    """A function in the database that fits a call better than PostgreSQL's own is never run, least by the superuser."""
    subject, database = postgres_subject, unique_name("db")
    subject.user.as_superuser(f"CREATE DATABASE {database}")
    subject.user.dbname = database
    subject.user.administrate(
        "CREATE FUNCTION public.unnest(text[]) RETURNS SETOF text LANGUAGE plpgsql "
        "AS $$ BEGIN RAISE EXCEPTION 'called by %', current_user; END $$"
    )
    superuser = subject.credentials(subject.superuser().username, subject.superuser().password)
    with subject.engine.connect_superuser(superuser, Deadline.after(60)) as session:
        session.mirror(subject.pair, subject.pair.clone, Password("new"), HOLDER)
    with subject.session(subject.credentials(subject.pair.clone, Password("new"))) as session:
        session.verify_identity()


def test_a_missing_right_has_its_sqlstate(postgres_subject: Subject) -> None:
    """Where the server says 42501, as with rds.restrict_password_commands, a superuser may be tried next."""
    with postgres_subject.session(postgres_subject.credentials()) as session:
        assert isinstance(session, PostgreSQLSession)
        with pytest.raises(PermissionDeniedError, match="rds_password") as raised:
            session.change_password(postgres_subject.server.superuser.username, Password("x"))
    assert raised.value.code == "42501"


def test_every_sqlstate_is_an_error_of_ours(newest: Subject) -> None:
    """Whatever the server raises becomes a DatabaseError with its SQLSTATE, and its text is not repeated."""
    codes = sorted({code for code in vars(errorcodes).values() if isinstance(code, str) and len(code) == 5})
    with newest.session(newest.credentials()) as session:
        assert isinstance(session, PostgreSQLSession)
        for code in (code for code in codes if code.isalnum() and code.upper() == code and code[:2] != "00"):
            block = f"BEGIN RAISE EXCEPTION 'hunter2' USING ERRCODE = '{code}'; END"
            with pytest.raises(DatabaseError) as raised:
                session.run(SQL("DO {}").format(Literal(block)), "DO")
            assert "hunter2" not in "".join(traceback.format_exception(raised.value))


def test_every_exception_of_psycopg2_is_an_error_of_ours(newest: Subject) -> None:
    """There is no exception of psycopg2 that is not mapped, at login or later, and none is quoted."""
    credentials = newest.credentials()
    for kind in (*_tree(psycopg2.Error), *_tree(psycopg2.Warning)):
        assert issubclass(kind, DRIVER_ERRORS)
        error = kind("hunter2")
        for failure in (login_failure(error, credentials, Trust()), statement_failure(error, "ALTER", credentials)):
            assert type(failure) is DatabaseUnreachableError
            assert "hunter2" not in str(failure)


def test_a_password_that_has_no_verifier_is_an_error(postgres_subject: Subject) -> None:
    """Where no verifier can be made of a password, nothing is sent: the server would log what it can't read."""
    with postgres_subject.superuser_session() as session, pytest.raises(StatementFailedError, match="nothing was sent"):
        session.set_password("app", Password("\ud800"))
