"""The two engines of the model: they keep secret_rotation.engine's contract, on the world instead of a server.

What never fails and never changes is no operation: logging in as the superuser, ending a session that holds no lock.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import ClassVar

from secret_rotation import errors
from secret_rotation.deadline import Deadline
from secret_rotation.engine import Pair
from secret_rotation.engines.mysql import MySQL
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.errors import NotPrimaryPasswordError, StatementFailedError
from secret_rotation.model import Credentials, Password, SecretFormat
from tests.model import database
from tests.model.replay import Replay
from tests.model.world import Answer


class ModelSession:
    """A session of either kind of user."""

    def __init__(self, replay: Replay, number: int, credentials: Credentials, lock_scope: str) -> None:
        self._replay = replay
        self._number = number
        self._username = credentials.username
        self._lock_scope = lock_scope
        self._is_locking = False

    def verify_identity(self) -> None:
        """In the model everybody is who they are."""

    def lock(self, username: str) -> bool:
        """See Session."""
        self._is_locking = True
        lock = f"{self._lock_scope}{username}"
        if self._perform(database.LOCKS, lock=lock):
            return False
        self._perform(database.WAITS, lock=lock)
        return True

    def set_own_password(self, old: Password, new: Password) -> None:
        """See Session."""
        self._perform(database.CHANGES_ITS_OWN, username=self._username, old=old.reveal(), new=new.reveal())

    def overwrite_own_password(self, new: Password, known: Iterable[Password]) -> None:
        """See Session; only the MySQL-like engine ever comes here."""
        for password in known:
            try:
                self._overwrite(password.reveal(), new)
            except NotPrimaryPasswordError:
                continue
            return
        self._overwrite(None, new)

    def discard_old_password(self) -> None:
        """See Session."""
        self._perform(database.DISCARDS, username=self._username)

    def end(self) -> None:
        """Give back what the session holds."""
        if self._is_locking:
            self._perform(database.ENDS)

    # A superuser's session from here on.

    def refuse_privileged(self, username: str) -> None:
        """In the model nobody is privileged."""

    def exists(self, username: str) -> bool:
        """See SuperuserSession."""
        return bool(self._perform(database.EXISTS, username=username))

    def is_pair(self, pair: Pair) -> bool:
        """See SuperuserSession."""
        return bool(self._perform(database.IS_PAIR, original=pair.original))

    def set_password(self, username: str, password: Password) -> None:
        """See SuperuserSession."""
        self._perform(database.SETS, username=username, password=password.reveal())

    def mirror(self, pair: Pair, username: str, password: Password) -> None:
        """Of a mirror the model has what decides who can log in: the clone is created, the password comes last."""
        if username == pair.clone:
            self._perform(database.CREATES, username=username, password=password.reveal())
        self.set_password(username, password)

    def _overwrite(self, old: str | None, new: Password) -> None:
        self._perform(database.OVERWRITES, username=self._username, old=old, new=new.reveal())

    def _perform(self, name: str, **arguments: str | None) -> object:
        return _value(self._replay.perform(name, session=self._number, **arguments))


class ModelPostgreSQL:
    """One password for each user; locks are those of one database."""

    name: ClassVar[str] = PostgreSQL.name
    secret_format: ClassVar[SecretFormat] = PostgreSQL.secret_format
    default_exclude_characters: ClassVar[str] = PostgreSQL.default_exclude_characters
    max_username_length: ClassVar[int] = PostgreSQL.max_username_length
    keeps_old_password: ClassVar[bool] = PostgreSQL.keeps_old_password

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self._numbers = count()

    @staticmethod
    def username_length(username: str) -> int:
        """See Engine."""
        return len(username)

    @contextmanager
    def connect(self, credentials: Credentials, deadline: Deadline) -> Iterator[ModelSession]:
        """See Engine."""
        password = credentials.password.reveal()
        _value(self._replay.perform(database.LOGS_IN, username=credentials.username, password=password))
        with self.connect_superuser(credentials, deadline) as session:
            yield session

    @contextmanager
    def connect_superuser(self, credentials: Credentials, deadline: Deadline) -> Iterator[ModelSession]:  # noqa: ARG002 - the engine's
        """See Engine."""
        session = ModelSession(self._replay, next(self._numbers), credentials, self._lock_scope(credentials))
        try:
            yield session
        finally:
            session.end()

    def _lock_scope(self, credentials: Credentials) -> str:
        return f"{credentials.dbname}:"


class ModelMySQL(ModelPostgreSQL):
    """Two passwords for each user; locks are those of the server."""

    name: ClassVar[str] = MySQL.name
    secret_format: ClassVar[SecretFormat] = MySQL.secret_format
    default_exclude_characters: ClassVar[str] = MySQL.default_exclude_characters
    max_username_length: ClassVar[int] = MySQL.max_username_length
    keeps_old_password: ClassVar[bool] = MySQL.keeps_old_password

    def _lock_scope(self, credentials: Credentials) -> str:  # noqa: ARG002 - the other engine's
        return ""


def _value(answer: Answer) -> object:
    """The answer's value, or its error raised."""
    if answer.error is None:
        return answer.value
    kind = getattr(errors, answer.error)
    message = "as the model has it"
    raise kind(message, code="model") if issubclass(kind, StatementFailedError) else kind(message)
