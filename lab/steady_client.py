"""A client that opens one connection after the other with whatever AWSCURRENT says."""

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Self

from lab.application import Application

PAUSE_SECONDS = 0.005
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Tally:
    """What the client has seen.

    Attributes:
        logins: attempts, the failed ones included.
        failed: attempts that the database refused.
        refused_seconds: the longest time from the start of a refused login to the end of the next accepted one.
    """

    logins: int = 0
    failed: int = 0
    refused_seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.logins} login attempt{'s' * (self.logins != 1)}, {self.failed} failed"

    def since(self, earlier: "Tally") -> "Tally":
        """What has been added; the longest time stays that of all."""
        return Tally(self.logins - earlier.logins, self.failed - earlier.failed, self.refused_seconds)


class SteadyClient:
    """Runs in a thread of its own while the context is open. It neither caches the secret nor retries.

    It connects past the application's relay, so that the relay counts the function's connections only.

    Attributes:
        tally: what it has seen so far.
    """

    def __init__(self, application: Application[Any]) -> None:
        self._application = application
        self.tally = Tally()
        self._refused_at: float | None = None
        self._progress = threading.Condition()
        self._stop = threading.Event()
        self._ended: Future[None] = Future()

    def __enter__(self) -> Self:
        threading.Thread(target=self._run, name="client", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stop.set()
        if kind is None:
            self._ended.result(PATIENCE_SECONDS)

    def wait_for_logins(self, count: int) -> None:
        """Wait until so many further attempts have ended, or the client itself has."""
        with self._progress:
            wanted = self.tally.logins + count
            self._progress.wait_for(lambda: self.tally.logins >= wanted or self._ended.done(), PATIENCE_SECONDS)

    def _run(self) -> None:
        try:
            while not self._stop.wait(PAUSE_SECONDS):
                self._count(time.monotonic(), accepted=self._application.logs_in())
        except Exception as error:  # noqa: BLE001 - whoever closes the context gets it
            self._ended.set_exception(error)
        else:
            self._ended.set_result(None)

    def _count(self, began: float, *, accepted: bool) -> None:
        if not accepted:
            self._refused_at = self._refused_at or began
        refused = time.monotonic() - self._refused_at if self._refused_at else 0.0
        if accepted:
            self._refused_at = None
        with self._progress:
            seen = self.tally
            self.tally = Tally(seen.logins + 1, seen.failed + (not accepted), max(seen.refused_seconds, refused))
            self._progress.notify_all()
