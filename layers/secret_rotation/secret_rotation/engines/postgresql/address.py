"""The addresses of a host, asked for with a time limit: neither libpq nor the resolver below it has one."""

import socket
from concurrent.futures import Future
from threading import Thread


def addresses(host: str, port: int, seconds: float) -> list[str]:
    """Every address of the host, in the resolver's order.

    Raises:
        OSError: the name does not resolve; TimeoutError, which is one, where no answer came in time.
    """
    answer: Future[list[str]] = Future()
    # A daemon, so that a resolver that hangs does not also hold up the end of the process.
    Thread(target=_resolve, args=(host, port, answer), name="resolver", daemon=True).start()
    return answer.result(seconds)


def _resolve(host: str, port: int, answer: Future[list[str]]) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        answer.set_exception(error)
    except UnicodeError:  # a label of more than 63 characters, or an empty one
        answer.set_exception(OSError("no host name"))
    else:
        answer.set_result(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
