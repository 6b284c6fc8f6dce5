"""Servers that look at new passwords: what they are sent is a verifier, which some of them refuse."""

import secrets
from collections.abc import Iterator

import pytest
from psycopg2.sql import SQL, Composable

from lab.engines.postgresql import PostgresServer, start_postgres
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.errors import StatementFailedError
from secret_rotation.password import Password
from tests.engines.conftest import Subject
from tests.fixtures.databases import MakeUser
from tests.fixtures.servers import chosen_majors


@pytest.fixture(scope="module")
def checking_server() -> Iterator[PostgresServer]:
    """A server with PostgreSQL's own library for looking at passwords."""
    with start_postgres(max(chosen_majors()), shared_preload_libraries="passwordcheck") as server:
        yield server


@pytest.fixture
def checked(checking_server: PostgresServer, make_user: MakeUser) -> Subject:
    """A user on that server."""
    return Subject(PostgreSQL(checking_server.ca_bundle), make_user(checking_server))


def test_passwordcheck_takes_verifiers(checked: Subject) -> None:
    """A password set by its user, and one that a superuser sets, pass."""
    new = Password(secrets.token_urlsafe())
    with checked.session(checked.credentials()) as session:
        session.set_own_password(checked.password, new)
    assert checked.logs_in(new)
    assert checked.works(checked.pair.clone, checked.mirror_clone())


def test_a_refusal_of_a_policy_is_named(checked: Subject) -> None:
    """What passwordcheck refuses even as a verifier, the user's name, fails with what to set, and changes nothing."""
    with (
        checked.session(checked.credentials()) as session,
        pytest.raises(
            StatementFailedError, match=r"credcheck\.encrypted_password_allowed = on.*AWSPENDING stays"
        ) as error,
    ):
        session.set_own_password(checked.password, Password(checked.user.username))
    assert error.value.code == "22023"
    assert checked.logs_in(checked.password)


@pytest.mark.parametrize("code", ["28000", "P0001", "0A000", "22000", "XX000"])
def test_every_sqlstate_of_a_policy_is_named(newest: Subject, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """credcheck, new and old, and pg_tle have codes of their own; the same codes elsewhere mean something else."""
    raising, real = f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$", PostgreSQLSession.run

    def run(session: PostgreSQLSession, statements: Composable, doing: str, *limits: int) -> list[tuple[object, ...]]:
        return real(session, SQL(raising) if doing.endswith("PASSWORD") else statements, doing, *limits)

    monkeypatch.setattr(PostgreSQLSession, "run", run)
    with newest.session(newest.credentials()) as session:
        assert isinstance(session, PostgreSQLSession)
        with pytest.raises(StatementFailedError, match="credcheck") as error:
            session.set_own_password(newest.password, Password("new"))
        assert error.value.code == code
        with pytest.raises(StatementFailedError) as elsewhere:
            session.run(SQL(raising), "DO")
        assert "credcheck" not in str(elsewhere.value)
