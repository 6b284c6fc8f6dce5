"""What the lab, the benchmarks and the tests need to know of a database engine: all of it stands in its kit.

Nobody outside the kits and the product's own packages asks which engine it is: whoever needs something that differs by
engine asks the kit for it. What the product states itself (the engine's name, whether it keeps an old password) is read
from there.
"""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Protocol

from lab.servers import CertificateAuthority, DatabaseServer, Login, ServerFacts
from lab.servers.model import Connection
from lab.tap.decoder import Decoder
from secret_rotation.credentials import SecretFormat
from secret_rotation.engine import Engine
from secret_rotation.handler import EngineType

Read = Callable[[str], list[tuple[Any, ...]]]
"""Runs a query as the administrator, in a session that stays open."""


class EngineClass(EngineType, Protocol):
    """An engine's class in the product: what it states of the engine, and how to make one that trusts a CA bundle."""

    name: str
    keeps_old_password: bool
    has_accounts_by_host: bool
    max_username_length: int
    secret_format: SecretFormat

    def __call__(self, ca_bundle: Path | None = None) -> Engine:
        """The engine, trusting these certificate authorities."""


@dataclass(frozen=True)
class Trouble:
    """Something that keeps a user from logging in with the right password.

    Attributes:
        cause: the statement with which an administrator causes it.
        remedy: the statement that ends it.
        error: the name of the product's error.
        words: regular expressions for what the error's message says.
        sessions: how many sessions the user has open meanwhile.
        rejections: how many logins with a wrong password come first.
    """

    cause: str
    remedy: str
    error: str
    words: tuple[str, ...]
    sessions: int = 0
    rejections: int = 0


class Kit(ABC):
    """One engine. Its SQL is built from user names that are valid without quotes; `account` takes any."""

    engine: ClassVar[EngineClass]
    """The product's own class."""
    brand: ClassVar[str]
    """The name that people know."""
    engine_key: ClassVar[str]
    """The value of the key "engine" of a secret, and of a server's `engine`."""
    driver: ClassVar[ModuleType]
    """The driver of the lab and of the product, a module as PEP 249 has it."""
    program: ClassVar[str]
    """The name of the server's process."""
    server_names: ClassVar[tuple[str, ...]]
    """What a server pool calls the servers of this engine, one for each version, the newest last."""
    choice_variable: ClassVar[str] = ""
    """The environment variable that chooses versions and their source: see `lab.engines.versions`."""
    images: ClassVar[Mapping[str, str]] = {}
    """Docker's official image for each version that tests run against, the newest last."""
    decoder: ClassVar[type[Decoder]]
    """Makes what a tap needs to understand one connection."""
    administration_database: ClassVar[str | None]
    """Where the statements of a superuser or administrator run; None is the application's own database."""
    superuser_preparation: ClassVar[tuple[str, ...]] = ()
    """What a superuser's session has to run before it has all of its rights."""
    count_of_clients: ClassVar[str]
    """A query for the number of open sessions of clients, without the one that asks."""
    hold_all_passwords: ClassVar[str]
    """A statement that takes a lock for which each change of any user's password has to wait."""
    way_of_statements: ClassVar[tuple[type, str]]
    """The product's class, and its method, through which each statement goes to the server."""
    messages_of_change: ClassVar[tuple[str, ...]]
    """How the names of those messages begin that set a password, as the decoder calls them."""
    message_of_rejection: ClassVar[str]
    """The message with which the server rejects a password."""
    message_of_goodbye: ClassVar[str]
    """The message with which a client ends its session."""

    def __init_subclass__(cls) -> None:
        missing = [name for name in Kit.__annotations__ if not hasattr(cls, name)]
        if missing:
            raise TypeError(f"{cls.__name__} does not say: {', '.join(missing)}")

    @property
    def name(self) -> str:
        """The product's name for the engine, by which the functions are called, too."""
        return self.engine.name

    def __str__(self) -> str:
        return self.name

    # Servers

    @abstractmethod
    def start(
        self, server_name: str | None = None, *, authority: CertificateAuthority | None = None, **settings: object
    ) -> DatabaseServer:
        """Start a server of one of `server_names`, the newest unless told otherwise, with further settings.

        The server's certificate is from this authority, the default one unless told otherwise.

        Raises:
            ServerError: it could not be prepared or started.
        """

    @abstractmethod
    def shared(self, facts: ServerFacts) -> DatabaseServer:
        """A server that somebody else has started, as a client sees it."""

    def chosen_server_names(self) -> tuple[str, ...]:
        """Those of `server_names` that tests run against: all of them, unless the environment chooses.

        Raises:
            ProvisionError: it chooses what there is not.
        """
        return self.server_names

    # Users

    @abstractmethod
    def database_of(self, username: str) -> str:
        """The database that the application of this user works in."""

    @abstractmethod
    def create_users(self, server: DatabaseServer, logins: Sequence[Login]) -> None:
        """Create users as an application has them, each with a table of notes that it reads and writes."""

    @abstractmethod
    def account(self, username: str) -> str:
        """A user as the engine's SQL names it, whatever the name holds."""

    @abstractmethod
    def creation(self, username: str, password: str) -> tuple[str, ...]:
        """The statements that create a user who logs in and sets its own password, and may do nothing else."""

    @abstractmethod
    def notes(self, username: str) -> str:
        """The table that belongs to a user, as SQL names it from any database."""

    @abstractmethod
    def changes_of_password(self, username: str, password: str) -> tuple[str, ...]:
        """The statements with which a superuser sets a password, so that no other one is left."""

    @abstractmethod
    def change_of_own_password(self, username: str, password: str) -> str:
        """The statement with which a user sets its own password."""

    @abstractmethod
    def lock_out(self, username: str) -> str:
        """The statement that keeps a user from logging in, whatever the password."""

    @abstractmethod
    def let_in(self, username: str) -> str:
        """The statement that ends `lock_out`."""

    @abstractmethod
    def hold_password(self, username: str) -> str:
        """A statement that takes a lock for which each change of this user's password has to wait."""

    @abstractmethod
    def rejected_login(self, username: str) -> str:
        """A regular expression for a rejected login in the server's log; the user's name is one, too."""

    @abstractmethod
    def enrichment(self, username: str) -> tuple[str, ...]:
        """What gives a user all that a rotation could lose: roles, limits, settings, rights on a column."""

    @abstractmethod
    def revoke_role(self, username: str) -> str:
        """The statement that takes one of those roles away again."""

    @abstractmethod
    def grant_by_mistake(self, username: str) -> str:
        """The statement by which an operator gives an enriched user a right too much."""

    @abstractmethod
    def revoke_the_mistake(self, username: str) -> str:
        """The statement by which the operator takes it back."""

    @abstractmethod
    def drop(self, username: str) -> tuple[str, ...]:
        """The statements with which an administrator drops a user, and keeps what it owned."""

    @abstractmethod
    def rename(self, before: str, after: str) -> str:
        """The statement with which an administrator gives a user another name."""

    @abstractmethod
    def create_superuser(self, login: Login, subjects: Sequence[str]) -> tuple[str, ...]:
        """The statements with which an administrator makes another superuser, which may change these users."""

    @abstractmethod
    def let_create_users(self, username: str) -> str:
        """The statement that makes a user one that may create others."""

    @abstractmethod
    def troubles(self, username: str) -> Mapping[str, Trouble]:
        """What can keep a user from logging in with the right password, by a name for it."""

    # What can be seen from outside

    @abstractmethod
    def hold_rotations(self, username: str) -> str:
        """A query that takes the lock of a user's rotations, as whoever can log in may do."""

    @abstractmethod
    def setting(self, name: str) -> str:
        """A query for the value of one of the server's settings."""

    @abstractmethod
    def rights(self, read: Read, username: str) -> list[str]:
        """What a user may do, a line for each thing, in a form that can be compared. Nothing for a missing user."""

    @abstractmethod
    def sessions_of(self, username: str) -> str:
        """A query for a user's open sessions: the port of the client of each."""

    @abstractmethod
    def sessions_from(self, ports: Sequence[int]) -> str:
        """A query for the number of open sessions whose clients have one of these ports."""

    def work(self, session: Connection, username: str) -> bool:
        """Do in an open session what the application does: write a note into its table, and read it again.

        Returns:
            Whether the note is there.
        """
        note, cursor = secrets.token_hex(4), session.cursor()
        cursor.execute(f"INSERT INTO notes_{username} VALUES ('{note}')")  # noqa: S608 - names of our own
        cursor.execute(f"SELECT count(*) FROM notes_{username} WHERE note = '{note}'")  # noqa: S608
        return bool(cursor.fetchone()[0] == 1)

    def run(self, server: DatabaseServer, login: Login, dbname: str, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as a superuser or administrator.

        Returns:
            The rows of the last one.
        """
        database = self.administration_database or dbname
        return server.run(login, *self.superuser_preparation, *statements, dbname=database)
