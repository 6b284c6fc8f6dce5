"""A relay in front of a database server that sees each protocol message, and can cut the line at any of them.

Use it where the bytes of lab.relay are not enough:

    with Tap(server) as tap:
        tap.observer = lambda message: DROP if message.name == "CommandComplete ALTER ROLE" else FORWARD
"""

from lab.tap.message import DROP, FORWARD, FROM_DATABASE, TO_DATABASE, Direction, Message, Observer, Verdict
from lab.tap.tap import Tap

__all__ = [
    "DROP",
    "FORWARD",
    "FROM_DATABASE",
    "TO_DATABASE",
    "Direction",
    "Message",
    "Observer",
    "Tap",
    "Verdict",
]
