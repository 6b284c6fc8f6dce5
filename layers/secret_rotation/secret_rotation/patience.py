"""How long a function waits for what, and the clock that it reads: a value, so that others can be passed in."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """The waits of one Lambda environment; the defaults are those of every deployed function.

    Attributes:
        settle_seconds: the waits before a read that contradicts what was written is believed. Reads may be a second or
            two behind a write.
        fresh_seconds: how long labels count as read just now. To clear AWSPENDING and to rotate anew up to setSecret
            takes longer than that.
        replica_seconds: the waits before a replica is asked again whether it knows a new password by now. Each costs a
            rejected login, and with the first there must not be more than in any other step: see `MAX_REJECTED_LOGINS`.
        replica_once_seconds: the only wait of that kind where nothing makes the server forget the rejected login.
        aws_connect_seconds: how long an attempt to connect to AWS may take.
        aws_answer_seconds: how long an attempt waits for the answer of AWS.
        aws_attempts: how often a call to AWS is tried, the first time included.
        event_seconds: how long telling EventBridge may take to connect, and then to be answered; it is tried once.
        event_pause_seconds: how long nothing is told to an EventBridge that took its time to fail.
        monotonic: the clock by which labels age.
        sleep: what waits.
    """

    settle_seconds: tuple[float, ...] = (0.2, 0.4, 0.8, 1.6)
    fresh_seconds: float = 1.0
    replica_seconds: tuple[float, ...] = (1.0, 7.0, 20.0)
    replica_once_seconds: float = 8.0
    aws_connect_seconds: float = 3
    aws_answer_seconds: float = 5
    aws_attempts: int = 3
    event_seconds: float = 1
    event_pause_seconds: float = 300
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @property
    def aws_call_seconds(self) -> float:
        """The time after which a call to AWS that cannot succeed has ended, well inside the function's timeout."""
        return (self.aws_connect_seconds + self.aws_answer_seconds) * self.aws_attempts


PATIENCE = Patience()
"""That of every deployed function."""
