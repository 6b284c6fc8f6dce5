"""Doing things side by side, and doing what several ask for once."""

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

Answer = TypeVar("Answer")


def side_by_side(tasks: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """What the tasks answer, in their order; all of them run at once.

    The threads are daemons: Ctrl-C ends the program although AWS has not answered yet.

    Raises:
        Exception: what the first of the tasks raised that raised something, once all have ended.
    """
    ends: list[Callable[[], Answer]] = [_unfinished] * len(tasks)

    def run(number: int) -> None:
        ends[number] = _end_of(tasks[number])

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [end() for end in ends]


class Once:
    """Answers to questions that several ask, at once perhaps: each is found out once, and an error is everybody's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._ends: dict[Hashable, Callable[[], Any]] = {}

    def ask(self, question: Hashable, find_out: Callable[[], Answer]) -> Answer:
        """The answer to a question.

        Raises:
            Exception: what finding it out raised, again for whoever asks.
        """
        with self._lock:
            lock = self._locks.setdefault(question, threading.Lock())
        with lock:
            if question not in self._ends:
                self._ends[question] = _end_of(find_out)
        answer: Answer = self._ends[question]()
        return answer


def _end_of(task: Callable[[], Answer]) -> Callable[[], Answer]:
    try:
        answer = task()
    except Exception as error:  # noqa: BLE001 - it is raised where somebody wants the answer
        return _raising(error)
    return lambda: answer


def _raising(error: Exception) -> Callable[[], Any]:
    def end() -> Any:  # noqa: ANN401 - it never answers
        raise error

    return end


def _unfinished() -> Any:  # noqa: ANN401 - as above
    raise RuntimeError("a thread has ended without a word")
