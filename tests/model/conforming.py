"""A user on a real server and one in the model, behind the same few methods."""

from collections.abc import Hashable
from contextlib import AbstractContextManager

from lab.interleavings.database import Database
from lab.interleavings.deployment import DEADLINE
from lab.interleavings.engine import ModelEngine
from lab.interleavings.replay import Replay
from lab.interleavings.state import Answer, DatabaseUser, Operation, SecretState, SharedState
from secret_rotation.credentials import Credentials
from secret_rotation.engine import Engine, Session, SuperuserSession
from secret_rotation.pairs import Pair
from secret_rotation.password import Password
from tests.engines.conftest import Subject
from tests.engines.holder import HOLDER


class RealSubject:
    """A user on a real server. `first` stands for the password that it was created with."""

    def __init__(self, subject: Subject, first: Password) -> None:
        self._subject = subject
        self.pair = subject.pair
        with subject.superuser_session() as superuser:
            superuser.set_password(self.pair.original, first)
        self._first = first

    def user(self) -> AbstractContextManager[Session]:
        return self._subject.session(self._subject.credentials(password=self._first))

    def superuser(self) -> AbstractContextManager[SuperuserSession]:
        return self._subject.superuser_session()

    def logs_in(self, username: str, password: Password) -> bool:
        return self._subject.logs_in(password, username)


class Immediate(Replay):
    """Runs each operation at once, with nothing else going on."""

    def __init__(self, database: Database, state: SharedState) -> None:
        super().__init__()
        self._database = database
        self.state = state

    def perform(self, name: str, **arguments: Hashable) -> Answer:
        self.state, answer = self._database.apply(self.state, "", Operation(name, tuple(arguments.items())))
        return answer


class ModelSubject:
    """The same user in the model."""

    def __init__(self, engine: type[Engine], username: str, first: Password) -> None:
        self.pair = Pair.of(username)
        self._first = first
        database = Database(keeps_old_password=engine.keeps_old_password)
        self._server = Immediate(database, SharedState(SecretState(()), (DatabaseUser(username, first.reveal()),)))
        self._engine = ModelEngine(engine, self._server, HOLDER)

    def user(self) -> AbstractContextManager[Session]:
        return self._engine.connect(self._credentials(self.pair.original, self._first), DEADLINE)

    def superuser(self) -> AbstractContextManager[SuperuserSession]:
        return self._engine.connect_superuser(self._credentials("superuser", Password("")), DEADLINE)

    def logs_in(self, username: str, password: Password) -> bool:
        user = self._server.state.user(username)
        return user is not None and user.accepts(password.reveal())

    def _credentials(self, username: str, password: Password) -> Credentials:
        return Credentials("db", 1, username, password, None, tls=True, superuser_arn=None, secret="")
