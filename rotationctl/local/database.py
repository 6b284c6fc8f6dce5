"""The database of a secret, as it is reached from here: the engine that its value names, and the layer's own logins."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotationctl.exits import Exit, Failure
from rotationctl.local.option import Local
from rotationctl.text import printable
from secret_rotation import engines as packages
from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline, Work
from secret_rotation.errors import InvalidSecretError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from secret_rotation.engine import Engine, Session


class UnusableError(Failure):
    """A version's value is nothing that a rotation could use."""


LOGIN_SECONDS = 30.0
"""For a login and what is done in its session. A cluster that is paused takes about 15 s to resume."""


@dataclass(frozen=True, slots=True)
class Database:
    """Where an engine's users log in."""

    engine: "Engine"
    local: Local

    def read(self, text: str, secret: str) -> Credentials:
        """What a version holds; `secret` is how messages call it.

        Raises:
            UnusableError: a key is missing or wrong.
        """
        try:
            return Credentials.parse(text, secret, self.engine.secret_format)
        except InvalidSecretError as error:
            raise UnusableError(printable(str(error)), Exit.NOT_FINE) from None

    def connect(self, credentials: Credentials) -> "AbstractContextManager[Session]":
        """Log in, over verified TLS unless the secret itself says otherwise.

        Raises:
            DatabaseError: as `Engine.connect`.
        """
        return self.engine.connect(self.local.reach(credentials), Deadline.after(LOGIN_SECONDS, Work.LOGIN))


def database_of(text: str, secret: str, local: Local) -> Database:
    """The database that a secret's value names, by its engine.

    Raises:
        UnusableError: it names none that is known, or a key is wrong.
        Failure: a driver is not installed.
    """
    faults = []
    for engine in engines(local):
        database = Database(engine, local)
        try:
            database.read(text, secret)
        except UnusableError as error:
            faults.append(error)
        else:
            return database
    # Of a value that fits no engine, the shortest complaint is that of the engine that it names.
    raise min(faults, key=lambda error: len(str(error)))


def engines(local: Local) -> Iterator["Engine"]:
    """Every engine of the layer. Each package exports its class."""
    for module in pkgutil.iter_modules(packages.__path__):
        try:
            package = importlib.import_module(f"{packages.__name__}.{module.name}")
        except ImportError as error:
            driver = (error.name or module.name).partition(".")[0]
            remedy = "Install it: pip install 'rotationctl[local]'"
            raise Failure(f"There is no {driver} here to log in with. {remedy}", Exit.USAGE) from None
        yield getattr(package, package.__all__[0])(local.ca_bundle)
