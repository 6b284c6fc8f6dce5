"""A host of hundreds of addresses, as its owner may have it: a login takes no longer than at a host of one."""

import socket
import time

import pytest

from secret_rotation.addresses import MAX_ADDRESSES
from secret_rotation.deadline import RESERVE_SECONDS, Deadline
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.errors import DatabaseUnreachableError
from tests.attacks.hostile_postgresql import Script, flood, iterations, read, served
from tests.attacks.victim import credentials
from tests.lab.helpers import wait_until

LIMIT_SECONDS = 6.0
SLACK_SECONDS = RESERVE_SECONDS
"""Then Lambda ends the invocation."""
ADDRESSES = 200


@pytest.fixture(autouse=True)
def _hundreds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a resolver says of the host: hundreds of addresses of this machine."""

    def getaddrinfo(host: str, port: int, **_: int) -> list[tuple[object, ...]]:
        assert host == "many.test"
        numbers = range(1, ADDRESSES + 1)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.1.{number}", port)) for number in numbers]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def silent(connection: socket.socket) -> None:
    """Take what comes, and say nothing."""
    while read(connection):
        pass


@pytest.mark.parametrize(
    ("script", "tried"),
    [
        pytest.param(iterations(16_000_000), 1, id="computing"),
        pytest.param(flood("notices", ready=False), 1, id="flood"),
        pytest.param(silent, MAX_ADDRESSES, id="silence"),
    ],
)
def test_a_host_of_hundreds_of_addresses(script: Script, tried: int) -> None:
    """Only a few are tried, and no further one after a server that no other address of it could excuse."""
    clients: list[str] = []

    def counted(connection: socket.socket) -> None:
        clients.append(connection.getsockname()[0])
        script(connection)

    with served(counted, address="0.0.0.0") as port:  # noqa: S104 - all of 127.0.1.0/24
        begun, there = time.monotonic(), credentials(port, host="many.test")
        deadline = Deadline.after(RESERVE_SECONDS + LIMIT_SECONDS)
        with pytest.raises(DatabaseUnreachableError), PostgreSQL().connect(there, deadline):
            pass
        assert time.monotonic() - begun < LIMIT_SECONDS + SLACK_SECONDS
        wait_until(lambda: len(clients) >= tried)
    assert len(clients) == tried
