"""An engine of the model: it keeps secret_rotation.engine's contract, on the shared state instead of a server.

What never fails and never changes is no operation: logging in as the superuser, ending a session that holds no lock.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count

from lab.interleavings.database import Statement
from lab.interleavings.replay import Replay
from lab.interleavings.state import Answer
from secret_rotation import errors
from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.engine import Engine, KnownPasswords, LoginAccount, OpenSession
from secret_rotation.errors import NotPrimaryPasswordError, StatementFailedError
from secret_rotation.pairs import Holding, Pair
from secret_rotation.password import Password


class ModelSession:
    """A session of either kind of user."""

    def __init__(self, engine: "ModelEngine", number: int, credentials: Credentials) -> None:
        self._replay = engine.replay
        self._holder = engine.holder
        self._number = number
        self._username = credentials.username
        self._dbname = credentials.dbname
        self._is_locking = False

    def verify_identity(self) -> None:
        """In the model everybody is who they are."""

    def account(self) -> str:
        """No operation: the model has one account a user."""
        return self._username

    def told_account(self) -> str:
        """The same."""
        return self._username

    def verify_account(self) -> None:
        """The same."""

    def replication(self) -> str | None:
        """The model has one server."""
        return None

    def lock(self, username: str) -> bool:
        """A lock keeps out whoever is in the same database: that is all that every engine promises."""
        self._is_locking = True
        lock = f"{self._dbname}:{username}"
        if self._perform(Statement.LOCK, lock=lock):
            return False
        self._perform(Statement.WAIT_FOR_LOCK, lock=lock)
        return True

    def set_own_password(self, old: Password, new: Password) -> None:
        self._perform(Statement.CHANGE_OWN, username=self._username, old=old.reveal(), new=new.reveal())

    def check_own_change(self) -> None:
        """In the model nothing stops a change but what changes meanwhile."""

    def overwrite_own_password(self, new: Password, known: Iterable[Password]) -> None:
        """See Session; only an engine that keeps the old password ever comes here."""
        for password in known:
            try:
                self._overwrite(password.reveal(), new)
            except NotPrimaryPasswordError:
                continue
            return
        self._overwrite(None, new)

    def discard_old_password(self) -> None:
        self._perform(Statement.DISCARD_OLD, username=self._username)

    def other_sessions(self) -> list[OpenSession]:
        """No rotation asks."""
        return []

    def end_session(self, one: OpenSession) -> bool:  # noqa: ARG002 - the same
        """There is none."""
        return True

    def end(self) -> None:
        """Give back what the session holds."""
        if self._is_locking:
            self._perform(Statement.END)

    # A superuser's session from here on.

    def other_accounts(self, username: str, own: str | None, passwords: KnownPasswords) -> None:
        """A user is one account."""

    def refuse_unusable(self, user: Credentials) -> None:
        """In the model nobody is rejected but for the password."""

    def refuse_privileged(self, username: str) -> None:
        """In the model nobody is privileged."""

    def login_accounts(self) -> list[LoginAccount]:
        """No rotation asks."""
        return []

    def exists(self, username: str) -> bool:
        return bool(self._perform(Statement.FIND_USER, username=username))

    def holding(self, pair: Pair) -> Holding | None:
        is_on_record = self._perform(Statement.READ_RECORD, original=pair.original)
        return Holding(self._holder, is_intact=True) if is_on_record else None

    def hand_over(self, pair: Pair, secret: str) -> str:
        """There is no other secret in the model."""
        raise NotImplementedError

    def set_password(self, username: str, password: Password) -> None:
        self._perform(Statement.SET_OTHER, username=username, password=password.reveal())

    def mirror(self, pair: Pair, username: str, password: Password, secret: str) -> None:  # noqa: ARG002 - the only one
        """Of a mirror the model has what decides who can log in: the clone is created, the password comes last."""
        if username == pair.clone:
            self._perform(Statement.CREATE_CLONE, username=username, password=password.reveal())
        self.set_password(username, password)

    def check_mirror(self, pair: Pair, username: str, secret: str) -> None:
        """In the model nothing stops a mirror."""

    def _overwrite(self, old: str | None, new: Password) -> None:
        self._perform(Statement.OVERWRITE_OWN, username=self._username, old=old, new=new.reveal())

    def _perform(self, statement: Statement, **arguments: str | None) -> object:
        return _value(self._replay.perform(statement, session=self._number, **arguments))


class ModelEngine:
    """An engine whose facts are those of the real one. `holder` is the secret on record for every pair."""

    def __init__(self, engine: type[Engine], replay: Replay, holder: str) -> None:
        self.name = engine.name
        self.secret_format = engine.secret_format
        self.default_exclude_characters = engine.default_exclude_characters
        self.max_username_length = engine.max_username_length
        self.keeps_old_password = engine.keeps_old_password
        self.has_accounts_by_host = engine.has_accounts_by_host
        self.username_length = engine.username_length
        self.replay = replay
        self.holder = holder
        self._numbers = count()

    @contextmanager
    def connect(self, credentials: Credentials, deadline: Deadline) -> Iterator[ModelSession]:
        password = credentials.password.reveal()
        _value(self.replay.perform(Statement.LOG_IN, username=credentials.username, password=password))
        with self.connect_superuser(credentials, deadline) as session:
            yield session

    @contextmanager
    def connect_superuser(self, credentials: Credentials, deadline: Deadline) -> Iterator[ModelSession]:  # noqa: ARG002 - the engine's
        session = ModelSession(self, next(self._numbers), credentials)
        try:
            yield session
        finally:
            session.end()


def _value(answer: Answer) -> object:
    """The answer's value, or its error raised."""
    if answer.error is None:
        return answer.value
    kind = getattr(errors, answer.error)
    message = "as the model has it"
    raise kind(message, code="model") if issubclass(kind, StatementFailedError) else kind(message)
