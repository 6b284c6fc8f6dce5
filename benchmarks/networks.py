"""The networks that a rotation is measured in: how far it is to the database, and how long a call of AWS takes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Network:
    """Delays on top of what the machine takes that measures.

    Attributes:
        database_ms: to the database and back.
        call_ms: a call of Secrets Manager, from its request to its answer.
    """

    name: str
    database_ms: float = 0
    call_ms: float = 0


LOOPBACK = Network("loopback")
ZONE, MIDDLE, FAR = Network("one zone", 0.5, 5), Network("middle", 1, 8), Network("far", 5, 20)
"""Database and function in one availability zone, in two zones of a region, and further away than that."""
DISTANT = (ZONE, MIDDLE, FAR)
