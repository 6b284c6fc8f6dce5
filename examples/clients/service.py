"""The part of the examples that is not about secrets: workers that do one request after the other, and say so.

On standard output there is a line for each request, "ok" or "failed" and why, until SIGTERM. `python -m lab client`
runs programs that do so through rotations.
"""

import signal
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

WORKERS = 4
PAUSE_SECONDS = 0.03
"""Of each worker between two requests."""


def serve(request: Callable[[], None]) -> None:
    """Do requests until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    workers = [threading.Thread(target=_work, args=(request, stop)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def serve_logins(log_in: Callable[[], Any]) -> None:
    """Do requests, each in a connection of its own, until SIGTERM."""

    def request() -> None:
        with closing(log_in()) as session, session.cursor() as cursor:
            cursor.execute("SELECT 1")

    serve(request)


def _work(request: Callable[[], None], stop: threading.Event) -> None:
    while not stop.wait(PAUSE_SECONDS):
        try:
            request()
        except Exception as error:  # noqa: BLE001 - whatever it is, the request has failed
            _say(f"failed {' '.join(str(error).split())}")
        else:
            _say("ok")


def _say(line: str) -> None:
    print(f"{line}\n", end="", flush=True)  # in one piece, so that workers do not mix their lines
