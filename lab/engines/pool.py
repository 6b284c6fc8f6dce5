"""Servers that many processes share: each is started when somebody first asks for it, and stopped with the pool.

The processes of a parallel test run (pytest-xdist) ask the pool's owner over a local socket. What they get can log in
anywhere, but cannot stop or change the server: the others are using it.
"""

import secrets
import threading
from concurrent.futures import Future
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener

from lab.engines import kit_for_key, kit_of_server_name
from lab.servers import DatabaseServer, ServerFacts, ServerStartError


class ServerPool:
    """The owner of shared servers. Their names are those of the kits' `server_names`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._servers: dict[str, Future[DatabaseServer]] = {}

    def facts(self, name: str) -> ServerFacts:
        """The facts of a server, started now if nobody asked before.

        Raises:
            ServerError: it could not be started; said to everybody who asks.
        """
        with self._lock:
            is_first = name not in self._servers
            future = self._servers.setdefault(name, Future())
        if is_first:
            _fulfil(future, name)
        return future.result().facts

    def started(self) -> list[ServerFacts]:
        return [server.facts for server in self._running()]

    def stop(self) -> None:
        for server in self._running():
            server.stop()
        self._servers.clear()

    def _running(self) -> list[DatabaseServer]:
        done = [self._servers[name] for name in sorted(self._servers)]
        return [future.result() for future in done if future.done() and not future.exception()]


class PoolListener:
    """Answers the other processes of this user that know the key."""

    def __init__(self, pool: ServerPool) -> None:
        """Listen on a socket of this machine from now on."""
        self._pool = pool
        self.key = secrets.token_bytes()
        self._listener = Listener(family="AF_UNIX", authkey=self.key)
        self.address = str(self._listener.address)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except (AuthenticationError, EOFError):
                continue
            except OSError:  # closed
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: Connection) -> None:
        with connection:
            try:
                connection.send(self._pool.facts(connection.recv()))
            except Exception as error:  # noqa: BLE001 - whoever asked gets it
                connection.send(str(error))


def ask(address: str, key: bytes, name: str) -> ServerFacts:
    """The facts of a server from the pool of another process.

    Raises:
        ServerStartError: the pool could not start it.
    """
    with Client(address, family="AF_UNIX", authkey=key) as connection:
        connection.send(name)
        answer: ServerFacts | str = connection.recv()
    if isinstance(answer, str):
        raise ServerStartError(answer)
    return answer


def shared(facts: ServerFacts) -> DatabaseServer:
    """A server that others use too."""
    return kit_for_key(facts.engine).shared(facts)


def _fulfil(future: Future[DatabaseServer], name: str) -> None:
    try:
        future.set_result(kit_of_server_name(name).start(name))
    except BaseException as error:  # noqa: BLE001 - it belongs to everybody who waits
        future.set_exception(error)
