"""How far a run is, on standard error: one line that changes on a terminal, one line for each task elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


class Progress:
    """Tells of one task after the other."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._redraws = stream.isatty()

    @contextmanager
    def task(self, text: str, total: int = 1) -> Iterator[Callable[[], None]]:
        """Show a task for the length of a block, which calls what it gets for each part of it that is done."""
        started, parts = time.monotonic(), 0

        def done() -> None:
            nonlocal parts
            parts += 1
            self._redraw(f"{text} {parts}/{total}")

        self._redraw(text)
        yield done
        self._line(f"{text}: {time.monotonic() - started:.1f} s")

    def _redraw(self, text: str) -> None:
        if self._redraws:
            print(f"\r\033[K{text}", end="", file=self._stream, flush=True)

    def _line(self, text: str) -> None:
        print(f"\r\033[K{text}" if self._redraws else text, file=self._stream, flush=True)
