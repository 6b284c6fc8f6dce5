"""The addresses of a host, within a time limit: neither the resolver nor the drivers have one for all of them."""

import os
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

from secret_rotation.errors import DatabaseUnreachableError

Answer = TypeVar("Answer")

MAX_ADDRESSES = 8
"""How many addresses of a host are tried: whoever names the host in the secret may give it hundreds."""


def addresses(host: str, port: int, seconds: float) -> list[str]:
    """Every address of the host, in the resolver's order.

    Raises:
        OSError: the name does not resolve; TimeoutError, which is one, where no answer came in time.
    """
    try:
        resolver = _IDLE.pop()
    except IndexError:
        resolver = _Resolver()
    return resolver.ask(host, port).result(seconds)


def explain(error: OSError) -> str:
    """Why there are no addresses, and what to do about it; begins in lower case or with a name, to follow a colon."""
    if isinstance(error, TimeoutError):
        return "DNS gave no answer in time. Check the DNS of the function's VPC."
    return "the host name has no address. Check 'host' in the secret, and the DNS of the function's VPC."


def first_to_answer(found: Sequence[str], end: float, attempt: Callable[[str, float], Answer]) -> Answer:
    """Attempt one address after the other until `end`, and return what the first one gives that can be reached.

    `attempt` is told an address, and how many seconds it may take.

    Raises:
        OSError, DatabaseError: as `attempt`: the last address cannot be reached, the time is up, or what answered at
            one of them shows that another address would not help.
    """
    *others, last = found[:MAX_ADDRESSES]
    for position, address in enumerate(others):
        # Shared out, so that an address that is a black hole leaves time for the next.
        share = (end - time.monotonic()) / (len(others) + 1 - position)
        try:
            return attempt(address, share)
        except (OSError, DatabaseUnreachableError) as error:
            helps_elsewhere = isinstance(error, OSError) or error.elsewhere
            if not helps_elsewhere or time.monotonic() >= end:
                raise
    return attempt(last, end - time.monotonic())


class _Resolver:
    """A thread that resolves names. It is kept: a new one would read the resolver's configuration anew.

    While it is busy or hangs, it is not among the idle ones, and only whoever asked it waits for it.
    """

    def __init__(self) -> None:
        self._questions: SimpleQueue[tuple[str, int, Future[list[str]]]] = SimpleQueue()
        # A daemon, so that a resolver that hangs does not also hold up the end of the process.
        Thread(target=self._serve, name="resolver", daemon=True).start()

    def ask(self, host: str, port: int) -> Future[list[str]]:
        """Ask for the addresses of a host."""
        answer: Future[list[str]] = Future()
        self._questions.put((host, port, answer))
        return answer

    def _serve(self) -> None:
        while True:
            _resolve(*self._questions.get())
            _IDLE.append(self)


_IDLE: list[_Resolver] = []
os.register_at_fork(after_in_child=_IDLE.clear)  # threads stay behind


def _resolve(host: str, port: int, answer: Future[list[str]]) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        answer.set_exception(error)
    except ValueError:  # a label of more than 63 characters, an empty one, or a NUL
        answer.set_exception(OSError("no host name"))
    else:
        answer.set_result(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
