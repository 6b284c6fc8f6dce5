"""A relay in front of a database server that sees each protocol message, and can cut the line at any of them.

Use it where the bytes of lab.relay are not enough:

    with tapped(server) as tap:  # of lab.engines
        tap.observer = lambda message: DROP if message.name == "CommandComplete ALTER ROLE" else FORWARD
"""

from lab.tap.message import DROP, FORWARD, FROM_DATABASE, TO_DATABASE, Message, Observer, Verdict
from lab.tap.tap import Tap

__all__ = ["DROP", "FORWARD", "FROM_DATABASE", "TO_DATABASE", "Message", "Observer", "Tap", "Verdict"]
