"""What a database server does with one operation of a session: the rules of every engine, on an immutable state.

They are no fiction: tests/model/test_conformance.py runs the same operations on real servers.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from lab.interleavings.state import Answer, DatabaseUser, Operation, SessionId, SharedState
from secret_rotation.errors import LoginRejectedError, NotPrimaryPasswordError, PermissionDeniedError
from secret_rotation.pairs import CLONE_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Effect = tuple[SharedState, Answer]
OK, YES, NO = Answer(), Answer(value=True), Answer(value=False)


class Statement(StrEnum):
    """What a session asks of the server; where it says of what, of a password."""

    LOG_IN = "logs in"
    LOCK = "tries to lock"
    WAIT_FOR_LOCK = "waits for the lock"
    END = "ends its session"
    CHANGE_OWN = "changes its own password"
    OVERWRITE_OWN = "overwrites its own password"
    DISCARD_OLD = "discards the old one"
    FIND_USER = "looks for the user"
    READ_RECORD = "reads the record of the pair"
    CREATE_CLONE = "creates the clone, locked"
    SET_OTHER = "sets a password"


PASSWORD_CHANGES = frozenset({Statement.CHANGE_OWN, Statement.OVERWRITE_OWN, Statement.SET_OTHER})


class Database:
    """A server.

    `keeps_old_password` is the engine's: a second password beside the first, and changes that compare and swap.
    `users_may_change` is whether a user has the right to change its own password.
    """

    def __init__(self, *, keeps_old_password: bool, users_may_change: bool = True) -> None:
        self._keeps_old_password = keeps_old_password
        self._users_may_change = users_may_change
        self._effects: Mapping[str, Callable[..., Effect]] = {
            Statement.LOG_IN: self._log_in,
            Statement.LOCK: self._lock,
            Statement.WAIT_FOR_LOCK: self._lock,
            Statement.END: self._end,
            Statement.CHANGE_OWN: self._change_own,
            Statement.OVERWRITE_OWN: self._overwrite_own,
            Statement.DISCARD_OLD: self._discard_old,
            Statement.FIND_USER: self._find_user,
            Statement.READ_RECORD: self._read_record,
            Statement.CREATE_CLONE: self._create_clone,
            Statement.SET_OTHER: self._set_other,
        }

    def knows(self, operation: Operation) -> bool:
        """Whether this is an operation of a database."""
        return operation.name in self._effects

    def apply(self, state: SharedState, process: str, operation: Operation) -> Effect:
        arguments: dict[str, Any] = dict(operation.arguments)
        session = SessionId(process, arguments.pop("session", 0))
        return self._effects[operation.name](state, session, **arguments)

    def _log_in(self, state: SharedState, _: SessionId, username: str, password: str) -> Effect:
        user = state.user(username)
        accepted = user is not None and user.accepts(password)
        return state, OK if accepted else Answer(error=LoginRejectedError.__name__)

    def _lock(self, state: SharedState, session: SessionId, lock: str) -> Effect:
        if state.holder_of(lock) not in (None, session):
            return state, NO
        return state._replace(locks=tuple(sorted({*state.locks, (lock, session)}))), YES

    def _end(self, state: SharedState, session: SessionId) -> Effect:
        return state.without_locks(session.process, session.number), OK

    def _change_own(self, state: SharedState, _: SessionId, username: str, old: str, new: str) -> Effect:
        user = _known(state, username)
        if not self._users_may_change:
            return state, Answer(error=PermissionDeniedError.__name__)
        if not self._keeps_old_password:
            return state.with_user(user._replace(primary=new)), OK
        if user.primary != old:
            return state, Answer(error=NotPrimaryPasswordError.__name__)
        return state.with_user(user._replace(primary=new, secondary=old)), OK

    def _overwrite_own(self, state: SharedState, _: SessionId, username: str, old: str | None, new: str) -> Effect:
        """Without RETAIN; `old` is what REPLACE names, None where the statement has no REPLACE."""
        user = _known(state, username)
        if old is not None and user.primary != old:
            return state, Answer(error=NotPrimaryPasswordError.__name__)
        return state.with_user(user._replace(primary=new)), OK

    def _discard_old(self, state: SharedState, _: SessionId, username: str) -> Effect:
        return state.with_user(_known(state, username)._replace(secondary=None)), OK

    def _find_user(self, state: SharedState, _: SessionId, username: str) -> Effect:
        return state, NO if state.user(username) is None else YES

    def _read_record(self, state: SharedState, session: SessionId, original: str) -> Effect:
        """Each clone in this model was made by a rotation of the one secret."""
        return self._find_user(state, session, original + CLONE_SUFFIX)

    def _create_clone(self, state: SharedState, _: SessionId, username: str, password: str) -> Effect:
        """What a mirror on MySQL begins with where the clone is missing; PostgreSQL does all in one transaction."""
        if not self._keeps_old_password or state.user(username) is not None:
            return state, OK
        return state.with_user(DatabaseUser(username, password, locked=True)), OK

    def _set_other(self, state: SharedState, _: SessionId, username: str, password: str) -> Effect:
        """Where MySQL has a second password, it ends with the first."""
        return state.with_user(DatabaseUser(username, password)), OK


def _known(state: SharedState, username: str) -> DatabaseUser:
    [user] = (user for user in state.users if user.username == username)
    return user
