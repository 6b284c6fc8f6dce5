"""How many connections a database has, asked of the database while others work on it."""

import threading
import time
from contextlib import closing
from types import TracebackType
from typing import Any, Self

from lab.servers import DatabaseServer
from lab.servers.pool import MYSQL

PAUSE_SECONDS = 0.02
PATIENCE_SECONDS = 5.0
# Without the session that asks.
QUERIES = {
    MYSQL: "SELECT variable_value - 1 FROM performance_schema.global_status WHERE variable_name = 'Threads_connected'",
    "postgres": "SELECT count(*) - 1 FROM pg_stat_activity WHERE backend_type = 'client backend'",
}


class Connections:
    """Counts from when it is entered until it is left; `peak` is the most that it has seen."""

    def __init__(self, server: DatabaseServer) -> None:
        self._server = server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="connections", daemon=True)
        self.peak = 0

    def __enter__(self) -> Self:
        self._session = self._server.connect(self._server.administrator)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._session.close()

    def _sample(self) -> None:
        with self._session.cursor() as cursor:
            while not self._stop.wait(PAUSE_SECONDS):
                self.peak = max(self.peak, _count(cursor, self._server.engine))


def left_open(server: DatabaseServer) -> int:
    """How many connections stay, though nobody works any more."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with closing(server.connect(server.administrator)) as session, session.cursor() as cursor:
        # A client that has said goodbye is counted until the server has noticed.
        while (count := _count(cursor, server.engine)) and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
    return count


def _count(cursor: Any, engine: str) -> int:  # noqa: ANN401 - of either driver
    cursor.execute(QUERIES[engine])
    return int(cursor.fetchone()[0])
