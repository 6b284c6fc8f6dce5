"""The delays of a network, made: between clients and a database, and in each call of Secrets Manager."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.networks import Network
from benchmarks.result import MILLISECONDS
from lab.distance import Distance
from lab.secretsmanager import LocalSecretsManager
from lab.secretsmanager.faults import ANY_OPERATION, delay
from lab.servers import DatabaseServer


@contextmanager
def port_of(server: DatabaseServer, network: Network) -> Iterator[int]:
    """Where the server is to be reached as far away as it is in this network."""
    if network.database_ms:
        with Distance(server.port, network.database_ms / MILLISECONDS) as distance:
            yield distance.port
    else:
        yield server.port


@contextmanager
def delayed_calls(cloud: LocalSecretsManager, network: Network) -> Iterator[None]:
    """Let each call take its time, for the length of a block."""
    with cloud.faults.during(delay(ANY_OPERATION, network.call_ms / MILLISECONDS, times=None)):
        yield
