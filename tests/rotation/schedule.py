"""Deliveries that run at once on real servers, one operation at a time, in an order that a seed decides.

Each delivery runs in a thread of its own, which waits at a gate before every call of Secrets Manager and every
operation on the database. One of those that wait is let through; when it has come to its next gate, or hangs in the
database because another one holds a lock, so is the next.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from random import Random
from typing import Any

from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.engine import Engine, Session
from secret_rotation.errors import RotationError

HANGS_SECONDS = 0.5
"""An operation that takes longer waits for a lock."""

KEEPS_TURN = 0.8
"""How likely it is that a delivery goes on: what breaks is what was long overtaken, not what merely alternates."""

Gate = Callable[[str], None]


class Schedule:
    """Whose turn it is. `trace` has every operation, in order; `outcomes` the name of each delivery's error, or "".

    A delivery hangs before the operations that `hangs_before` has for it, until there is nobody else who does not; of
    several that hang, the last one named goes on.
    """

    def __init__(self, seed: str) -> None:
        self.random = Random(seed)  # noqa: S311 - an order that can be reproduced, no secret
        self._changed = threading.Condition()
        self._waiting: dict[str, str] = {}
        self._running: set[str] = set()
        self._hanging: set[str] = set()
        self._next: str | None = None
        self._is_over = False
        self._last: str | None = None
        self.hangs_before: dict[str, set[str]] = {}
        self.trace: list[str] = []
        self.outcomes: dict[str, str] = {}

    def gate(self, delivery: str) -> Gate:
        """What a delivery calls before each operation."""

        def wait(operation: str) -> None:
            with self._changed:
                self._waiting[delivery] = operation
                self._stops(delivery)
                self._changed.wait_for(lambda: self._is_over or self._next == delivery)
                self._next = None

        return wait

    def run(self, deliveries: Mapping[str, Callable[[], object]], after_each: Callable[[], None]) -> None:
        """Run the deliveries to their ends; `after_each` is called whenever one was let through."""
        self._running = set(deliveries)
        threads = [threading.Thread(target=self._deliver, args=delivery) for delivery in deliveries.items()]
        for thread in threads:
            thread.start()
        try:
            while self._let_one_through():
                after_each()
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()
            for thread in threads:
                thread.join()

    def _let_one_through(self) -> bool:
        with self._changed:
            if not self._changed.wait_for(lambda: self._running <= self._hanging, HANGS_SECONDS):
                self._hanging = set(self._running)
            self._changed.wait_for(lambda: self._ready() or not self._running)
            if not self._waiting:
                return False
            self._next = self._last = self._chosen(self._ready())
            self.trace.append(f"{self._next}: {self._waiting.pop(self._next)}")
            self._running.add(self._next)
            self._changed.notify_all()
            return True

    def _ready(self) -> list[str]:
        ready = [who for who, what in self._waiting.items() if what not in self.hangs_before.get(who, ())]
        hanging = [who for who in self.hangs_before if who in self._waiting]
        return sorted(ready) or ([] if self._running else hanging[-1:])

    def _chosen(self, ready: list[str]) -> str:
        if self._last in ready and self.random.random() < KEEPS_TURN:
            return self._last
        return self.random.choice(ready)

    def _deliver(self, delivery: str, run: Callable[[], object]) -> None:
        outcome = "no RotationError"
        try:
            run()
            outcome = ""
        except RotationError as error:
            outcome = type(error).__name__
        finally:
            with self._changed:
                self.outcomes[delivery] = outcome
                self._stops(delivery)

    def _stops(self, delivery: str) -> None:
        self._running.discard(delivery)
        self._hanging.discard(delivery)
        self._changed.notify_all()


class InTurn:
    """An object whose methods are called when it is their turn."""

    def __init__(self, inner: object, gate: Gate) -> None:
        self._inner = inner
        self._gate = gate

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the inner object has
        method = getattr(self._inner, name)

        def call(*arguments: object, **named: object) -> object:
            self._gate(name)
            return method(*arguments, **named)

        return call


class EngineInTurn:
    """An engine whose logins and sessions go on when it is their turn; everything else is the engine's own."""

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the engine has
        return getattr(self._engine, name)

    def connect(self, credentials: Credentials, deadline: Deadline) -> AbstractContextManager[Any]:
        """See Engine."""
        return self._in_turn("connect", self._engine.connect(credentials, deadline))

    def connect_superuser(self, credentials: Credentials, deadline: Deadline) -> AbstractContextManager[Any]:
        """See Engine."""
        return self._in_turn("connect_superuser", self._engine.connect_superuser(credentials, deadline))

    @contextmanager
    def _in_turn(self, login: str, session: AbstractContextManager[Session]) -> Iterator[InTurn]:
        self._gate(login)
        with session as entered:
            yield InTurn(entered, self._gate)
            self._gate("close")
