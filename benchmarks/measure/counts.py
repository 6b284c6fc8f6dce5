"""What no machine changes: a rotation's calls, connections, statements, and how often it waits for an answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.measure.delays import delayed_calls
from benchmarks.measure.function import MeasuredFunction
from benchmarks.networks import FAR
from benchmarks.result import MILLISECONDS
from lab.engines import tapped
from lab.secretsmanager import FUNCTION_CALLER, LocalSecretsManager
from lab.secretsmanager.endpoint import Request
from lab.servers import DatabaseServer
from lab.tap import FROM_DATABASE, TO_DATABASE, Message
from lab.tap.message import CONNECT, Direction
from secret_rotation.patience import PATIENCE
from secret_rotation.request import Step

ATTEMPTS = 3

_TLS = "SSLRequest"
_STATEMENT = "Query"
"""How both protocols call the client's message that TLS begins with, and how those with statements begin."""


@dataclass
class DatabaseCounts:
    """Counts what a tap sees.

    Attributes:
        statements: messages with statements; several in one message are one.
        round_trips: how often the client waited for the server. To connect is one, and so is the handshake of TLS 1.3.
    """

    statements: int = 0
    round_trips: int = 0
    _last: dict[int, Direction] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def see(self, message: Message) -> None:
        """Count a message; the server's first one after one of the client's is what the client has waited for."""
        with self._lock:
            is_answer = message.direction is FROM_DATABASE and self._last.get(message.connection) is TO_DATABASE
            self.statements += message.direction is TO_DATABASE and message.name.startswith(_STATEMENT)
            self.round_trips += is_answer or message.name in (CONNECT, _TLS)
            self._last[message.connection] = message.direction


@dataclass
class CallCounts:
    """Counts a function's calls of Secrets Manager.

    Attributes:
        calls: all of them.
        one_after_another: those of the longest chain in which each began after the one before it had its answer.
    """

    calls: int = 0
    one_after_another: int = 0
    _under_way: dict[int, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def see(self, request: Request, done: bool) -> None:  # noqa: FBT001 - as the lab calls it
        """Count a request, which is seen twice."""
        if request.caller != FUNCTION_CALLER:
            return
        with self._lock:
            if done:
                self.one_after_another = max(self.one_after_another, self._under_way.pop(id(request)))
            else:
                self.calls += 1
                self._under_way[id(request)] = self.one_after_another + 1


@contextmanager
def _watched(cloud: LocalSecretsManager) -> Iterator[CallCounts]:
    """Count calls for the length of a block; each takes some time, so that those at the same time are seen as that."""
    counts = CallCounts()
    cloud.watch(counts.see)
    try:
        with delayed_calls(cloud, FAR):
            yield counts
    finally:
        cloud.watch(lambda *_: None)


def count(server: DatabaseServer, measured: MeasuredFunction) -> dict[str, float]:
    """Rotate through a tap: again where setSecret took so long that it may have read its labels twice.

    Returns:
        The counts of the last rotation by quantity.
    """
    for _ in range(ATTEMPTS - 1):
        counts, set_ms = _count_once(server, measured)
        if set_ms < PATIENCE.fresh_seconds * MILLISECONDS:
            return counts
    return _count_once(server, measured)[0]


def _count_once(server: DatabaseServer, measured: MeasuredFunction) -> tuple[dict[str, float], float]:
    """The counts of one rotation, and the time of its setSecret in milliseconds."""
    user, database = measured.application.user, DatabaseCounts()
    rejected = user.rejected_logins()
    with tapped(server) as tap, _watched(measured.application.secret.cloud) as cloud:
        tap.observer = database.see
        measured.connect_to(tap.port)
        steps = measured.rotate()
        tap.wait_until_idle()
    counts: dict[str, float] = {
        "calls": cloud.calls,
        "calls one after another": cloud.one_after_another,
        "connections": tap.connections,
        "statements": database.statements,
        "round trips to the database": database.round_trips,
        "rejected logins": user.rejected_logins() - rejected,
    }
    return counts, steps[Step.SET_SECRET]
