"""How many connections a database has, asked of the database while others work on it."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from lab.engines import kit_of
from lab.servers import DatabaseServer

PAUSE_SECONDS = 0.02
PATIENCE_SECONDS = 30.0


@dataclass
class Connections:
    """How many there were at once, at the most."""

    peak: int = 0


@contextmanager
def watched_connections(server: DatabaseServer) -> Iterator[Connections]:
    """Count them for the length of a block."""
    seen, stop = Connections(), threading.Event()

    def sample() -> None:
        while not stop.wait(PAUSE_SECONDS):
            seen.peak = max(seen.peak, _count(cursor, server))

    with closing(server.connect(server.administrator)) as session, session.cursor() as cursor:
        thread = threading.Thread(target=sample, name="connections", daemon=True)
        thread.start()
        try:
            yield seen
        finally:
            stop.set()
            thread.join()


def left_open(server: DatabaseServer) -> int:
    """How many connections stay, though nobody works any more."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with closing(server.connect(server.administrator)) as session, session.cursor() as cursor:
        # A client that has said goodbye is counted until the server has noticed.
        while (count := _count(cursor, server)) and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
    return count


def _count(cursor: Any, server: DatabaseServer) -> int:  # noqa: ANN401 - of either driver
    cursor.execute(kit_of(server).count_of_clients)
    return int(cursor.fetchone()[0])
