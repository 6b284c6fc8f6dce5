"""One connection through a tap: passes messages on, each after the observer has seen it."""

from collections.abc import Callable, Iterable
from select import POLLIN, poll

from lab.tap.decoder import Decoder
from lab.tap.end import End
from lab.tap.message import DISCONNECT, FORWARD, FROM_DATABASE, TO_DATABASE, Direction, Message, Verdict
from lab.tap.tls import Tls


class Conversation:
    """What a client and the server say to each other.

    Args:
        number: of the connection.
        judge: what the observer says to a message.
    """

    def __init__(
        self, number: int, client: End, server: End, decoder: Decoder, tls: Tls, judge: Callable[[Message], Verdict]
    ) -> None:
        self._number = number
        # The server's messages first: where both sides are done, it was the server that ended it.
        self._sources = {FROM_DATABASE: server, TO_DATABASE: client}
        self._decoder = decoder
        self._tls = tls
        self._judge = judge
        self._last = ""

    def run(self) -> None:
        """Pass messages on until one side hangs up, or a message is dropped.

        Raises:
            GarbageError: one side does not speak the protocol.
        """
        while all(self._pass_on(direction) for direction in self._ready()):
            pass

    def _ready(self) -> list[Direction]:
        """The directions in which there is something to read; waits for it."""
        ends = self._sources.values()
        ready = [end for end in ends if end.is_ready] or _readable(ends)
        return [direction for direction, end in self._sources.items() if end in ready]

    def _pass_on(self, direction: Direction) -> bool:
        """Pass on what has come, in one write; whether the connection goes on."""
        data = self._sources[direction].receive()
        if data is None:
            if not self._decoder.has_ended:
                self._may_pass(direction, DISCONNECT)
            return False
        sink, passed = self._sources[direction.opposite], bytearray()
        for frame in self._decoder.feed(direction, data):
            is_event = not (frame.repeats and self._last == frame.name)
            if is_event and not self._may_pass(direction, frame.name):
                sink.send(passed)
                return False
            passed += frame.data
            if frame.early_tls is not None:
                sink.send(passed)
                passed.clear()
                self._start_tls(frame.early_tls)
        sink.send(passed)
        return True

    def _may_pass(self, direction: Direction, name: str) -> bool:
        self._last = name
        return self._judge(Message(direction, self._number, name, self._decoder.username)) is FORWARD

    def _start_tls(self, early: bytes) -> None:
        self._sources[FROM_DATABASE].start_tls(self._tls.towards_server, self._tls.server_hostname)
        self._sources[TO_DATABASE].start_tls(self._tls.towards_client, early=early)


def _readable(ends: Iterable[End]) -> list[End]:
    """Wait for something to read. Not by select(), which fails where the process has more than 1,024 files open."""
    by_descriptor = {end.fileno(): end for end in ends}
    poller = poll()
    for descriptor in by_descriptor:
        poller.register(descriptor, POLLIN)
    return [by_descriptor[descriptor] for descriptor, _ in poller.poll()]
