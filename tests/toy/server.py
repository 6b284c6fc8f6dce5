"""A toy of a database server: it keeps users in memory, and talks in lines of JSON over TCP, with TLS or without."""

import json
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from lab.servers import DatabaseServer, Login, ServerFacts, default_authority
from lab.servers.model import Connection

SUPERUSER, ADMINISTRATOR = Login("toy_master", "master's"), Login("toy_root", "root's")
DATABASE = "toys"
_TLS_HANDSHAKE = b"\x16"


class Refused(Exception):  # noqa: N818 - what the server answers, by its word for it
    """The server's no, in a word that its clients know."""


@dataclass
class Toys:
    """What the server remembers."""

    passwords: dict[str, str] = field(default_factory=dict)
    locked_out: set[str] = field(default_factory=set)
    holders: dict[str, str] = field(default_factory=dict)
    locks: dict[str, int] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def check_login(self, username: str, password: str, dbname: str | None) -> None:
        """Raise Refused unless the user may come in."""
        if self.passwords.get(username) != password:
            raise Refused("rejected")
        if username in self.locked_out:
            raise Refused("locked out")
        if dbname not in (None, DATABASE):
            raise Refused("no database")


@dataclass
class Guest:
    """Somebody who has logged in without a connection, for the kit's `work`."""

    username: str

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class ServedSession:
    """The server's side of one connection: a method for each thing that a client can ask for."""

    toys: Toys
    number: int
    connection: socket.socket
    log: Callable[[str], None]
    username: str = ""

    def log_in(self, username: str, password: str, dbname: str | None, seconds: float) -> None:
        """Begin; a session that is silent for longer ends."""
        try:
            self.toys.check_login(username, password, dbname)
        except Refused:
            self.log(f"rejected {username}\n")
            raise
        self.username = username
        self.connection.settimeout(seconds)

    def lock(self, name: str, seconds: float) -> bool:
        """Take a lock; whether it had to be waited for."""
        locks = self.toys.locks
        had_to_wait = locks.get(name, self.number) != self.number
        if not self.toys.changed.wait_for(lambda: locks.get(name, self.number) == self.number, seconds):
            raise Refused("locked")
        locks[name] = self.number
        return had_to_wait

    def whoami(self) -> str:
        return self.username

    def exists(self, username: str) -> bool:
        return username in self.toys.passwords

    def holder(self, original: str) -> str | None:
        return self.toys.holders.get(original)

    def set_password(self, username: str, password: str) -> None:
        """Change a password: one's own, or as the superuser anybody's but the administrator's."""
        if username == ADMINISTRATOR.username or self.username not in (username, SUPERUSER.username):
            raise Refused("not permitted")
        self.toys.passwords[username] = password

    def mirror(self, original: str, clone: str, username: str, password: str, holder: str) -> None:
        """Make a pair, and set the password of one of the two."""
        self.toys.holders[original] = holder
        self.set_password(username if username == original else clone, password)

    def close(self) -> None:
        """Give back all locks."""
        self.connection.close()
        with self.toys.changed:
            for name in [name for name, number in self.toys.locks.items() if number == self.number]:
                del self.toys.locks[name]
            self.toys.changed.notify_all()


class ToyServer(DatabaseServer):
    """Listens until it is stopped; a thread for each connection."""

    def __init__(self) -> None:
        self._temporary = TemporaryDirectory(prefix="lab-toy-")
        folder = Path(self._temporary.name)
        (folder / "log").touch()
        (folder / "ca.pem").write_bytes(default_authority().bundle)
        certificate = default_authority().issue()
        (folder / "server.pem").write_bytes(certificate.chain + certificate.private_key)
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(folder / "server.pem")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.toys = Toys({login.username: login.password for login in (SUPERUSER, ADMINISTRATOR)})
        port = self._listener.getsockname()[1]
        ends = SUPERUSER, ADMINISTRATOR
        super().__init__(ServerFacts("toy", "1", "localhost", port, folder / "ca.pem", *ends, folder / "log"))
        threading.Thread(target=self._listen, daemon=True).start()

    def connect(self, login: Login, dbname: str | None = None) -> Connection:
        self.toys.check_login(login.username, login.password, dbname)
        return cast("Connection", Guest(login.username))

    def is_refusal(self, error: Exception) -> bool:
        return isinstance(error, Refused)

    def stop(self) -> None:
        self._listener.close()
        self._temporary.cleanup()

    def _listen(self) -> None:
        with suppress(OSError):
            for number in count():
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with suppress(OSError), connection:
            if connection.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
                connection = self._tls.wrap_socket(connection, server_side=True)
            session = ServedSession(self.toys, number, connection, self._write)
            with closing(session):
                self._answer(session)

    def _answer(self, session: ServedSession) -> None:
        with session.connection.makefile("rw") as lines:
            for line in lines:
                name, arguments = json.loads(line)
                with self.toys.changed:
                    lines.write(json.dumps(_outcome(getattr(session, name), arguments)) + "\n")
                lines.flush()

    def _write(self, text: str) -> None:
        with self.log_path.open("a") as log:
            log.write(text)


def _outcome(method: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"answer": method(**arguments)}
    except Refused as refused:
        return {"refused": str(refused)}
