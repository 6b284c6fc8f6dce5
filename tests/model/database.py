"""What a database server does with one operation of a session: the rules of the two engines, on immutable accounts.

test_conformance.py runs the same operations on real servers.
"""

from typing import TYPE_CHECKING, Any

from secret_rotation.engine import CLONE_SUFFIX
from secret_rotation.errors import LoginRejectedError, NotPrimaryPasswordError, PermissionDeniedError
from tests.model.world import Account, Answer, Operation, SessionId, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Effect = tuple[World, Answer]
OK = Answer()

LOGS_IN, LOCKS, WAITS, ENDS = "logs in", "tries to lock", "waits for the lock", "ends its session"
CHANGES_ITS_OWN, OVERWRITES, DISCARDS = (
    "changes its own password",
    "overwrites its own password",
    "discards the old one",
)
EXISTS, IS_PAIR, CREATES, SETS = (
    "looks for the user",
    "looks for the pair",
    "creates the clone, locked",
    "sets a password",
)
CHANGES = frozenset({CHANGES_ITS_OWN, OVERWRITES, SETS})


class Database:
    """A server with one kind of passwords.

    `keeps_old_password` is MySQL's: a second password beside the first, and changes that compare and swap.
    `users_may_change` is whether a user has the right to change its own password.
    """

    def __init__(self, *, keeps_old_password: bool, users_may_change: bool = True) -> None:
        self._dual = keeps_old_password
        self._users_may_change = users_may_change
        self._effects: Mapping[str, Callable[..., Effect]] = {
            LOGS_IN: self._log_in,
            LOCKS: self._lock,
            WAITS: self._lock,
            ENDS: self._end,
            CHANGES_ITS_OWN: self._change,
            OVERWRITES: self._overwrite,
            DISCARDS: self._discard,
            EXISTS: self._exists,
            IS_PAIR: self._is_pair,
            CREATES: self._create,
            SETS: self._set,
        }

    def knows(self, operation: Operation) -> bool:
        """Whether this is an operation of a database."""
        return operation.name in self._effects

    def apply(self, world: World, delivery: str, operation: Operation) -> Effect:
        """Run one operation of a delivery."""
        arguments: dict[str, Any] = dict(operation.arguments)
        session = SessionId(delivery, arguments.pop("session", 0))
        return self._effects[operation.name](world, session, **arguments)

    def _log_in(self, world: World, _: SessionId, username: str, password: str) -> Effect:
        account = world.account(username)
        accepted = account is not None and account.accepts(password)
        return world, OK if accepted else Answer(error=LoginRejectedError.__name__)

    def _lock(self, world: World, session: SessionId, lock: str) -> Effect:
        if world.holder_of(lock) not in (None, session):
            return world, Answer(False)  # noqa: FBT003 - the answer to "is it mine?"
        return world._replace(locks=tuple(sorted({*world.locks, (lock, session)}))), Answer(True)  # noqa: FBT003

    def _end(self, world: World, session: SessionId) -> Effect:
        return world.without_locks(session.delivery, session.number), OK

    def _change(self, world: World, _: SessionId, username: str, old: str, new: str) -> Effect:
        account = _known(world, username)
        if not self._users_may_change:
            return world, Answer(error=PermissionDeniedError.__name__)
        if not self._dual:
            return world.with_account(account._replace(primary=new)), OK
        if account.primary != old:
            return world, Answer(error=NotPrimaryPasswordError.__name__)
        return world.with_account(account._replace(primary=new, secondary=old)), OK

    def _overwrite(self, world: World, _: SessionId, username: str, old: str | None, new: str) -> Effect:
        """Without RETAIN; `old` is what REPLACE names, None where the statement has no REPLACE."""
        account = _known(world, username)
        if old is not None and account.primary != old:
            return world, Answer(error=NotPrimaryPasswordError.__name__)
        return world.with_account(account._replace(primary=new)), OK

    def _discard(self, world: World, _: SessionId, username: str) -> Effect:
        return world.with_account(_known(world, username)._replace(secondary=None)), OK

    def _exists(self, world: World, _: SessionId, username: str) -> Effect:
        return world, Answer(world.account(username) is not None)

    def _is_pair(self, world: World, _: SessionId, original: str) -> Effect:
        """Each clone in this model was made by a rotation."""
        return world, Answer(world.account(original + CLONE_SUFFIX) is not None)

    def _create(self, world: World, _: SessionId, username: str, password: str) -> Effect:
        """What a mirror on MySQL begins with where the clone is missing; PostgreSQL does all in one transaction."""
        if not self._dual or world.account(username) is not None:
            return world, OK
        return world.with_account(Account(username, password, locked=True)), OK

    def _set(self, world: World, _: SessionId, username: str, password: str) -> Effect:
        """Where MySQL has a second password, it ends with the first."""
        return world.with_account(Account(username, password)), OK


def _known(world: World, username: str) -> Account:
    account = world.account(username)
    assert account is not None, username
    return account
