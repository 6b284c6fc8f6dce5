"""That the model's database is no fiction: the same operations, there and on real servers, let the same logins in."""

from collections.abc import Callable, Iterator

import pytest

from lab.engines import kit_of
from lab.servers import DatabaseServer
from secret_rotation.errors import RotationError
from secret_rotation.password import Password
from tests.engines.conftest import Subject
from tests.engines.holder import HOLDER
from tests.fixtures.databases import MakeUser
from tests.model.conforming import ModelSubject, RealSubject

FIRST, SECOND, THIRD, FOURTH = map(Password, ("first", "second", "third", "fourth"))


Stage = RealSubject | ModelSubject
"""A user whose password is FIRST, on some server."""
Script = Callable[[Stage], Iterator[object]]
"""Yields what came of each operation."""


def _outcome(operation: Callable[..., object], *arguments: object) -> object:
    try:
        return operation(*arguments)
    except RotationError as error:
        return type(error).__name__


def a_change_and_its_repeat(stage: Stage) -> Iterator[object]:
    """One session changes the password twice in the same way."""
    with stage.user() as session:
        yield _outcome(session.set_own_password, FIRST, SECOND)
        yield _outcome(session.set_own_password, FIRST, SECOND)


def two_sessions(stage: Stage) -> Iterator[object]:
    """Two sessions that logged in with one password change it one after the other."""
    with stage.user() as one, stage.user() as two:
        yield _outcome(one.set_own_password, FIRST, SECOND)
        yield _outcome(two.set_own_password, FIRST, THIRD)


def a_primary_password_taken_over(stage: Stage) -> Iterator[object]:
    """A session whose own password is the secondary one overwrites the primary: known, then unknown."""
    with stage.user() as session:
        yield _outcome(session.set_own_password, FIRST, SECOND)
        yield _outcome(session.overwrite_own_password, THIRD, [FOURTH, SECOND])
        yield _outcome(session.overwrite_own_password, FOURTH, [SECOND])


def a_password_discarded(stage: Stage) -> Iterator[object]:
    """The old password ends, whoever asks for it: also a session that logged in with it."""
    with stage.user() as session:
        yield _outcome(session.set_own_password, FIRST, SECOND)
        yield _outcome(session.discard_old_password)
        yield _outcome(session.set_own_password, SECOND, THIRD)


def a_reset(stage: Stage) -> Iterator[object]:
    """The superuser sets a password, and every older one ends."""
    with stage.user() as session, stage.superuser() as superuser:
        yield _outcome(session.set_own_password, FIRST, SECOND)
        yield _outcome(superuser.set_password, stage.pair.original, THIRD)
        yield _outcome(session.set_own_password, FIRST, FOURTH)


def a_pair(stage: Stage) -> Iterator[object]:
    """A clone is made, and the two take turns."""
    with stage.superuser() as superuser:
        for username, password in (
            (stage.pair.clone, SECOND),
            (stage.pair.clone, THIRD),
            (stage.pair.original, FOURTH),
        ):
            yield superuser.exists(stage.pair.clone), superuser.holding(stage.pair)
            yield _outcome(superuser.mirror, stage.pair, username, password, HOLDER)


def locks(stage: Stage) -> Iterator[object]:
    """A lock is free to its own session, to the next one once that has ended, and to another user's."""
    with stage.user() as session:
        yield _outcome(session.lock, stage.pair.original)
        yield _outcome(session.lock, stage.pair.original)
        with stage.superuser() as other:
            yield _outcome(other.lock, stage.pair.clone)
    with stage.superuser() as other:
        yield _outcome(other.lock, stage.pair.original)


SCRIPTS: list[Script] = [
    a_change_and_its_repeat,
    two_sessions,
    a_primary_password_taken_over,
    a_password_discarded,
    a_reset,
    a_pair,
    locks,
]


def _seen(stage: Stage, script: Script) -> list[object]:
    """What came of each operation, and who could log in after it."""
    users = {"original": stage.pair.original, "clone": stage.pair.clone}
    logins = [(who, password) for who in users for password in (FIRST, SECOND, THIRD, FOURTH)]
    return [
        (outcome, [(who, password.reveal()) for who, password in logins if stage.logs_in(users[who], password)])
        for outcome in script(stage)
    ]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_the_model_lets_in_who_the_server_lets_in(
    either_engine: DatabaseServer, script: Script, make_user: MakeUser
) -> None:
    """The same operations come to the same outcomes, and after each the same user names and passwords log in."""
    user = make_user(either_engine)
    engine = kit_of(either_engine).engine(either_engine.ca_bundle)
    real = RealSubject(Subject(engine, user), FIRST)
    model = ModelSubject(type(engine), user.username, FIRST)
    assert _seen(model, script) == _seen(real, script)
