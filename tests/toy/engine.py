"""The toy as an engine of the product: it keeps the whole contract, in as few lines as that takes."""

import json
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLCertVerificationError
from typing import Any, ClassVar, Self, TextIO

from secret_rotation.addresses import addresses, explain, first_to_answer
from secret_rotation.credentials import Credentials, SecretFormat
from secret_rotation.deadline import Deadline
from secret_rotation.engine import KnownPasswords, LoginAccount, OpenSession
from secret_rotation.errors import (
    DatabaseUnreachableError,
    LoginRefusedError,
    LoginRejectedError,
    PermissionDeniedError,
    StatementFailedError,
    UnsafeRotationError,
)
from secret_rotation.pairs import Holding, Pair
from secret_rotation.password import Password
from secret_rotation.settings import Settings
from secret_rotation.tls import TlsFailure, Trust

LOCK_SECONDS = 10.0
"""How long a session waits for the lock of a user."""

WRONG_HOST_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH


@dataclass
class ToySession:
    """A session of either kind of user."""

    lines: TextIO
    credentials: Credentials
    deadline: Deadline

    def ask(self, deed: str, **arguments: object) -> Any:  # noqa: ANN401 - as JSON has it
        """Ask the server for something, and raise what its refusal means."""
        try:
            self.lines.write(json.dumps([deed, arguments]) + "\n")
            self.lines.flush()
            outcome = json.loads(self.lines.readline())
        except (OSError, ValueError):
            address = f"{self.credentials.host}:{self.credentials.port}"
            raise DatabaseUnreachableError(f"{address} gives no answer.") from None
        if "refused" in outcome:
            raise self._failure(outcome["refused"])
        return outcome["answer"]

    def account(self) -> str:
        return self.credentials.username

    told_account = account

    def verify_account(self) -> None:
        if self.ask("whoami") != self.credentials.username:
            raise UnsafeRotationError("The login became another user.")

    verify_identity = verify_account

    def replication(self) -> str | None:
        return None

    def lock(self, username: str) -> bool:
        return bool(self.ask("lock", name=username, seconds=self.deadline.at_most(LOCK_SECONDS)))

    def set_own_password(self, old: Password, new: Password) -> None:  # noqa: ARG002 - for engines that compare
        self.verify_identity()
        self.set_password(self.credentials.username, new)

    def check_own_change(self) -> None:
        self.verify_identity()

    def overwrite_own_password(self, new: Password, known: Iterable[Password]) -> None:
        """Never asked for: no toy has a second password."""
        raise NotImplementedError

    def discard_old_password(self) -> None:
        """There is none."""

    def other_sessions(self) -> list[OpenSession]:
        """A toy does not tell."""
        return []

    def end_session(self, one: OpenSession) -> bool:
        """Never asked for."""
        raise NotImplementedError

    def set_password(self, username: str, password: Password) -> None:
        self.ask("set_password", username=username, password=password.reveal())

    def other_accounts(self, username: str, own: str | None, passwords: KnownPasswords) -> None:
        """A user is one account."""

    def refuse_unusable(self, user: Credentials) -> None:
        """A toy rejects nobody but for the password."""

    def refuse_privileged(self, username: str) -> None:
        if username.startswith("toy_") or not self.exists(username):
            raise UnsafeRotationError(f"{username} is no ordinary user.")

    def login_accounts(self) -> list[LoginAccount]:
        """A toy does not tell."""
        return []

    def exists(self, username: str) -> bool:
        return bool(self.ask("exists", username=username))

    def holding(self, pair: Pair) -> Holding | None:
        holder = self.ask("holder", original=pair.original)
        return None if holder is None else Holding(holder, is_intact=True)

    def hand_over(self, pair: Pair, secret: str) -> str:
        return json.dumps({"holder": secret, "of": pair.original})

    def mirror(self, pair: Pair, username: str, password: Password, secret: str) -> None:
        self.check_mirror(pair, username, secret)
        names = {"original": pair.original, "clone": pair.clone, "username": username}
        self.ask("mirror", **names, password=password.reveal(), holder=secret)

    def check_mirror(self, pair: Pair, username: str, secret: str) -> None:  # noqa: ARG002 - for engines with rights
        if not self.exists(pair.original):
            raise UnsafeRotationError(f"There is no user {pair.original}, of which {pair.clone} is to be the clone.")

    def _failure(self, refusal: str) -> Exception:
        user, dbname = self.credentials.username, self.credentials.dbname
        failures = {
            "rejected": LoginRejectedError(f"The server rejected {user}."),
            "locked out": LoginRefusedError(f"{user} is locked out. Let it in."),
            "no database": LoginRefusedError(f"There is no database {dbname}. Correct 'dbname'."),
            "locked": StatementFailedError("Another session holds the lock of this user.", code=refusal),
            "not permitted": PermissionDeniedError(f"{user} may not set this password.", code=refusal),
        }
        return failures[refusal]


class Toy:
    """The engine."""

    name: ClassVar[str] = "toy"
    secret_format: ClassVar[SecretFormat] = SecretFormat(frozenset({"toy"}), default_port=1)
    default_exclude_characters: ClassVar[str] = ""
    max_username_length: ClassVar[int] = 40
    keeps_old_password: ClassVar[bool] = False
    has_accounts_by_host: ClassVar[bool] = False

    def __init__(self, ca_bundle: Path | None = None) -> None:
        self._trust = Trust.of(ca_bundle)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(settings.ca_bundle)

    @staticmethod
    def username_length(username: str) -> int:
        return len(username)

    @contextmanager
    def connect(self, credentials: Credentials, deadline: Deadline) -> Iterator[ToySession]:
        end = time.monotonic() + deadline.to_connect()
        try:
            found = addresses(credentials.host, credentials.port, end - time.monotonic())
        except OSError as error:
            raise DatabaseUnreachableError(f"{credentials.host}: {explain(error)}") from None
        connection = first_to_answer(found, end, lambda address, share: self._dial(address, share, credentials))
        with suppress(OSError), connection, connection.makefile("rw") as lines:
            session = ToySession(lines, credentials, deadline)
            login = {"username": credentials.username, "password": credentials.password.reveal()}
            seconds = max(deadline.remaining_seconds(), 0.1)
            session.ask("log_in", **login, dbname=credentials.dbname, seconds=seconds)
            connection.settimeout(seconds)
            yield session

    connect_superuser = connect

    def _dial(self, address: str, seconds: float, credentials: Credentials) -> socket.socket:
        try:
            connection = socket.create_connection((address, credentials.port), seconds)
            if not credentials.tls:
                return connection
            context = self._trust.ssl_context(credentials.certified_name)
            return context.wrap_socket(connection, server_hostname=credentials.certified_name)
        except SSLCertVerificationError as error:
            failure = TlsFailure.WRONG_HOST_NAME if error.verify_code in WRONG_HOST_NAME else TlsFailure.UNTRUSTED
            raise DatabaseUnreachableError(self._trust.explain(failure, credentials.certified_name)) from None
        except OSError:
            raise DatabaseUnreachableError(f"{credentials.host}:{credentials.port} cannot be reached.") from None
