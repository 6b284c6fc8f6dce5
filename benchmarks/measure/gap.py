"""The single-user gap as a client sees it: from its first refused login to its next accepted one.

The client logs in again and again, each time with what AWSCURRENT holds then, with a short pause. A gap is known to
within one pause and one login, about 10 ms. One that is shorter than that is told by how many of the client's logins it
has refused, in several rotations: most often none, or one.
"""

import time

from benchmarks.measure.function import MeasuredFunction
from benchmarks.result import MILLISECONDS
from lab.steady_client import SteadyClient


def measure_gap(function: MeasuredFunction) -> float:
    """Rotate once while a client logs in again and again.

    Returns:
        How long it was refused, in milliseconds.
    """
    with SteadyClient(function.application) as client:
        client.wait_for_logins(2)
        function.rotate()
        client.wait_for_logins(2)  # the first of them may have begun before the end of the gap
        return client.tally.refused_seconds * MILLISECONDS


def measure_short_gap(function: MeasuredFunction, rotations: int) -> float:
    """Rotate so many times while a client logs in again and again.

    Returns:
        How long it was refused in each rotation on average, in milliseconds.
    """
    with SteadyClient(function.application) as client:
        client.wait_for_logins(2)
        before, started = client.tally, time.monotonic()
        for _ in range(rotations):
            function.rotate()
        client.wait_for_logins(1)
        seen, seconds = client.tally.since(before), time.monotonic() - started
    return seen.failed / seen.logins * seconds / rotations * MILLISECONDS
