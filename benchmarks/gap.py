"""The single-user gap as a client sees it: from its first refused login to its next accepted one.

The client logs in again and again, each time with what AWSCURRENT holds then. It does so without TLS and with a short
pause, so that it takes little from the function. A gap is known to within one pause and one login, about 10 ms.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psycopg2

from benchmarks.subject import Subject

PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 0.003


@dataclass
class Client:
    """Attributes: `refused_ms`, the longest time without a login so far."""

    log_in: Callable[[], None]
    refused_ms: float = 0.0
    _refused_at: float | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _accepted: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Log in until told to stop."""
        while not self._stop.wait(PAUSE_SECONDS):
            began = time.perf_counter()
            with suppress(psycopg2.OperationalError):
                self.log_in()
                self._note_accepted()
                continue
            self._refused_at = self._refused_at or began

    def wait_for_login(self) -> None:
        """Wait until a login that begins from now on, or is under way, is accepted."""
        for _ in range(2):
            self._accepted.clear()
            self._accepted.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        """End after the login that is under way."""
        self._stop.set()

    def _note_accepted(self) -> None:
        if self._refused_at is not None:
            self.refused_ms = max(self.refused_ms, (time.perf_counter() - self._refused_at) * 1000)
            self._refused_at = None
        self._accepted.set()


def measure_gap(subject: Subject) -> float:
    """Rotate once while a client logs in; how long it was refused, in milliseconds."""
    with _client(subject) as client:
        client.wait_for_login()
        subject.rotate()
        client.wait_for_login()
    return client.refused_ms


@contextmanager
def _client(subject: Subject) -> Iterator[Client]:
    def log_in() -> None:
        value = subject.value()
        psycopg2.connect(
            host=subject.server.host,
            port=subject.server.port,
            user=value["username"],
            password=value["password"],
            dbname=value["dbname"],
            sslmode="disable",
        ).close()

    client = Client(log_in)
    thread = threading.Thread(target=client.run, name="client", daemon=True)
    thread.start()
    try:
        yield client
    finally:
        client.stop()
        thread.join(PATIENCE_SECONDS)
