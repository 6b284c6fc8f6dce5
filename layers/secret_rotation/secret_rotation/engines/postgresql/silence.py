"""Silence of libpq, which writes to stderr what a server sends as a notice before its login is done.

psycopg2 takes notices only once the connection stands, and Lambda takes every line of stderr for one of the log.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_STDERR = 2


class _Silence:
    """Where stderr led before, and how many logins want it silent."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._logins = 0
        self._before = -1

    def begin(self) -> None:
        with self._lock:
            if self._logins == 0:
                self._before = os.dup(_STDERR)
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, _STDERR)
                os.close(nowhere)
            self._logins += 1

    def end(self) -> None:
        with self._lock:
            self._logins -= 1
            if self._logins == 0:
                os.dup2(self._before, _STDERR)
                os.close(self._before)


_silence = _Silence()


@contextmanager
def silence() -> Iterator[None]:
    """Nothing that is written to stderr meanwhile goes anywhere."""
    _silence.begin()
    try:
        yield
    finally:
        _silence.end()
