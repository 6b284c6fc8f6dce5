"""A user on a real server and one in the model, behind the same few methods."""

from collections.abc import Hashable
from contextlib import AbstractContextManager

from secret_rotation.engine import Pair, Session, SuperuserSession
from secret_rotation.model import Credentials, Password
from tests.engines.conftest import Subject
from tests.fixtures.databases import MYSQL
from tests.model.database import Database
from tests.model.engines import ModelMySQL, ModelPostgreSQL
from tests.model.replay import Replay
from tests.model.setup import DEADLINE
from tests.model.world import Account, Answer, Operation, Secret, World


class RealSubject:
    """A user on a real server. `first` stands for the password that it was created with."""

    def __init__(self, subject: Subject, first: Password) -> None:
        self._subject = subject
        self.pair = subject.pair
        with subject.superuser_session() as superuser:
            superuser.set_password(self.pair.original, first)
        self._first = first

    def user(self) -> AbstractContextManager[Session]:
        """Log in as the user."""
        return self._subject.session(self._subject.credentials(password=self._first))

    def superuser(self) -> AbstractContextManager[SuperuserSession]:
        """Log in as the superuser."""
        return self._subject.superuser_session()

    def logs_in(self, username: str, password: Password) -> bool:
        """Whether the server accepts a login."""
        return self._subject.logs_in(password, username)


class Immediate(Replay):
    """Runs each operation at once, with nothing else going on."""

    def __init__(self, database: Database, world: World) -> None:
        super().__init__(())
        self._database = database
        self.world = world

    def perform(self, name: str, **arguments: Hashable) -> Answer:
        """The answer to an operation."""
        self.world, answer = self._database.apply(self.world, "", Operation(name, tuple(arguments.items())))
        return answer


class ModelSubject:
    """The same user in the model."""

    def __init__(self, engine: str, username: str, first: Password) -> None:
        self.pair = Pair.of(username)
        self._first = first
        database = Database(keeps_old_password=engine == MYSQL)
        self._server = Immediate(database, World(Secret(()), (Account(username, first.reveal()),)))
        self._engine = (ModelMySQL if engine == MYSQL else ModelPostgreSQL)(self._server)

    def user(self) -> AbstractContextManager[Session]:
        """Log in as the user."""
        return self._engine.connect(self._credentials(self.pair.original, self._first), DEADLINE)

    def superuser(self) -> AbstractContextManager[SuperuserSession]:
        """Log in as the superuser."""
        return self._engine.connect_superuser(self._credentials("superuser", Password("")), DEADLINE)

    def logs_in(self, username: str, password: Password) -> bool:
        """Whether the model accepts a login."""
        account = self._server.world.account(username)
        return account is not None and account.accepts(password.reveal())

    def _credentials(self, username: str, password: Password) -> Credentials:
        return Credentials("db", 1, username, password, None, tls=True, superuser_arn=None, secret="", document={})
