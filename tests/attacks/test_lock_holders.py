"""Any login can hold the lock of somebody's rotations: the error says who does, and how to end it."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager

import pytest

from lab.engines import kit_of
from lab.engines.mysql import MySQLServer
from lab.engines.postgresql import PostgresServer
from lab.servers import DatabaseServer, Login
from secret_rotation.engine import Session
from secret_rotation.errors import StatementFailedError, UnsafeRotationError
from secret_rotation.password import Password
from tests.engines.conftest import Subject
from tests.engines.holder import HOLDER
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.lab.helpers import wait_until
from tests.rotation.faulted import statements_watched

TERMINATE = r"SELECT pg_catalog\.pg_terminate_backend\(\d+\)(?:, pg_catalog\.pg_terminate_backend\(\d+\))*;|KILL \d+;"


def _subject(server: DatabaseServer, make_user: MakeUser) -> Subject:
    return Subject(kit_of(server).engine(server.ca_bundle), make_user(server))


@pytest.fixture
def subject(either_engine: DatabaseServer, make_user: MakeUser) -> Subject:
    """A user on one server of each engine."""
    return _subject(either_engine, make_user)


@pytest.fixture
def squatter(subject: Subject, make_user: MakeUser) -> ApplicationUser:
    """Another application's user on the same server."""
    return make_user(subject.server)


@contextmanager
def _squat(squatter: ApplicationUser, lock: str) -> Iterator[None]:
    """While the squatter holds a lock."""
    with closing(squatter.server.connect(Login(squatter.username, squatter.password), squatter.dbname)) as session:
        session.cursor().execute(lock)
        yield


@contextmanager
def _squat_on(subject: Subject, squatter: ApplicationUser) -> Iterator[None]:
    """While the squatter holds the lock of the subject's rotations."""
    with _squat(squatter, squatter.kit.hold_rotations(subject.user.username)):
        yield


def _as_user(subject: Subject) -> AbstractContextManager[Session]:
    return subject.session(subject.credentials())


def _refusal(subject: Subject, waiting: AbstractContextManager[Session]) -> str:
    """The error with which a rotation does not get the lock; what it says ends the holder, and frees the lock."""
    username = subject.user.username
    with waiting as session:
        with pytest.raises(StatementFailedError) as raised:
            session.lock(username)
        assert username in str(raised.value)
        subject.user.administrate(*re.findall(TERMINATE, str(raised.value)))
        session.lock(username)
    return str(raised.value)


def test_a_stranger_that_holds_the_lock_is_named(subject: Subject, squatter: ApplicationUser) -> None:
    """The superuser's session learns whose the holder is, and that this is no rotation."""
    with _squat_on(subject, squatter):
        refusal = _refusal(subject, subject.superuser_session())
    assert squatter.username in refusal
    assert "no rotation" in refusal or "has no business there" in refusal


def test_a_user_learns_how_to_end_a_holder_that_it_may_not_see(mysql: MySQLServer, make_user: MakeUser) -> None:
    """On MySQL, where it sees nobody else's sessions, it is told the connection."""
    subject = _subject(mysql, make_user)
    with _squat_on(subject, make_user(mysql)):
        assert f"a user other than {subject.user.username}" in _refusal(subject, _as_user(subject))


def test_a_user_learns_who_holds_the_lock(newest_postgres: PostgresServer, make_user: MakeUser) -> None:
    """On PostgreSQL a user sees whose the session is that has the lock."""
    subject, squatter = _subject(newest_postgres, make_user), make_user(newest_postgres)
    with _squat_on(subject, squatter):
        assert squatter.username in _refusal(subject, _as_user(subject))


def test_all_who_share_the_lock_are_named(newest_postgres: PostgresServer, make_user: MakeUser) -> None:
    """On PostgreSQL several sessions may hold the lock at once, and all of them have to end."""
    subject, squatter = _subject(newest_postgres, make_user), make_user(newest_postgres)
    shared = f"SELECT pg_advisory_lock_shared(hashtextextended('secret_rotation {subject.user.username}', 0))"
    with _squat(squatter, shared), _squat(squatter, shared):
        assert _refusal(subject, _as_user(subject)).count(squatter.username) == 2


def test_another_rotation_is_told_from_a_stranger(subject: Subject) -> None:
    """A session of a rotation is known by its name on PostgreSQL, and by its user on MySQL."""
    with subject.session(subject.credentials()) as rotation:
        rotation.lock(subject.user.username)
        refusal = _refusal(subject, subject.superuser_session())
    assert "another rotation" in refusal or f"of {subject.user.username} at " in refusal


def test_a_holder_that_has_ended_by_now_is_told(subject: Subject, squatter: ApplicationUser) -> None:
    """Where the lock is free again when its holder is looked for, the error says that a repeat is enough."""

    def end() -> None:
        holding.close()
        wait_until(lambda: not squatter.sessions())

    with statements_watched() as statements, ExitStack() as holding, _as_user(subject) as session:
        holding.enter_context(_squat_on(subject, squatter))
        with statements.before(3, end), pytest.raises(StatementFailedError, match="has ended by now"):
            session.lock(subject.user.username)


def test_a_wait_that_is_cancelled_blames_no_holder(newest_postgres: PostgresServer, make_user: MakeUser) -> None:
    """On PostgreSQL an administrator may cancel the statement that waits: that is another error."""
    subject = _subject(newest_postgres, make_user)
    name = subject.user.username
    cancel = f"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = '{name}' AND wait_event = 'advisory'"  # noqa: S608

    def is_cancelled() -> bool:
        cursor.execute(cancel)
        return bool(cursor.fetchall())

    with (
        _squat_on(subject, make_user(newest_postgres)),
        _as_user(subject) as session,
        closing(newest_postgres.administrate()) as administrator,
        administrator.cursor() as cursor,
        ThreadPoolExecutor() as executor,
    ):
        waiting = executor.submit(session.lock, name)
        wait_until(is_cancelled)
        with pytest.raises(StatementFailedError, match="did not finish in time") as raised:
            waiting.result(60)
    assert raised.value.code == "57014"


def test_a_pair_that_became_anothers_meanwhile_is_refused(subject: Subject) -> None:
    """Rotations in two databases hold two locks; the one that comes second finds whose the pair is."""
    subject.mirror_clone()
    with subject.superuser_session() as session, pytest.raises(UnsafeRotationError, match=f"just become .*{HOLDER}"):
        session.mirror(subject.pair, subject.pair.clone, Password("unused"), "another")
