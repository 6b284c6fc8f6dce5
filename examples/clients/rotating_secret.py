"""Log in to a database with a secret that rotates. Copy this file: it needs nothing but boto3.

    secret = RotatingSecret("prod/shop")
    connection = secret.log_in(connect, is_refusal)

`connect` opens a connection with the values that it is given, and `is_refusal` tells a refused login from all else that
can go wrong, as the files beside this one do for their drivers.
"""

import json
import logging
import random
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import boto3
from botocore.config import Config

Values = dict[str, Any]
"""What the secret's JSON says."""
Connection = TypeVar("Connection")

MAX_AGE_SECONDS = 300.0
"""How long the secret is kept. The interval of rotations must be longer, and by far."""
WAITS_SECONDS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""How long to wait after each login that is refused, where the secret is no newer than what was refused.

With a single user on PostgreSQL it is not, for the length of the gap. On a replica, or behind a pooler, it may be newer
than what the server knows.
"""
PAUSE_SECONDS = 0.1
"""At least so long between two calls, however many threads are refused."""
OUTAGE_SECONDS = 10.0
"""How long to go on with the values that there are before Secrets Manager is asked again, where it did not answer."""
PATIENCE_SECONDS = 1.0
"""How long a refused thread waits for the one that reads."""
FOREVER = -1
"""As locks have it."""

_log = logging.getLogger(__name__)


class RotatingSecret:
    """The values of a secret's AWSCURRENT, which all threads of a program may share.

    One thread at a time reads them. While it does, and in an outage of Secrets Manager, all others go on with what it
    said last, which is right as long as nothing rotates.
    """

    def __init__(self, secret_id: str, max_age_seconds: float = MAX_AGE_SECONDS) -> None:
        # A call to Secrets Manager that fails is tried again by boto3 itself.
        config = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4})
        self._client = boto3.client("secretsmanager", config=config)
        self._secret_id = secret_id
        self._max_age_seconds = max_age_seconds
        self._reader = threading.Lock()
        self._text = ""
        self._asked_at = self._ask_at = float("-inf")

    def values(self) -> Values:
        """User name, password and all else, always from one version. With alternating users the name changes, too.

        Whoever calls gets a copy of its own.

        Raises:
            Exception: the secret cannot be read, and never could.
        """
        if self._is_old():
            self._refresh(self._is_old, wait_seconds=0 if self._text else FOREVER)
        return self._parsed()

    def log_in(self, connect: Callable[[Values], Connection], is_refusal: Callable[[Exception], bool]) -> Connection:
        """Connect; where the login is refused, do it again with what the secret says then, for some seconds.

        Raises:
            Exception: whatever `connect` raised last.
        """
        values = self.values()
        for seconds in WAITS_SECONDS:
            try:
                return connect(dict(values))
            except Exception as error:
                if not is_refusal(error):
                    raise
            values = self._after(values, seconds)
        return connect(dict(values))

    def _after(self, refused: Values, seconds: float) -> Values:
        """Newer values than these: at once if there are any, as when the cache is old; else what there is later."""
        newest = self._newest(refused)
        if newest != refused:
            return newest
        # Never exactly as long: clients that were refused together shall not come back together.
        time.sleep(seconds * random.uniform(0.5, 1))  # noqa: S311 - no secret depends on it
        return self._newest(refused)

    def _newest(self, refused: Values) -> Values:
        def is_refused() -> bool:
            return self._parsed() == refused and time.monotonic() - self._asked_at > PAUSE_SECONDS

        if is_refused():
            self._refresh(is_refused, PATIENCE_SECONDS)
        return self._parsed()

    def _refresh(self, is_stale: Callable[[], bool], wait_seconds: float) -> None:
        """Read the secret in one thread, unless another one has done so meanwhile."""
        if not self._reader.acquire(timeout=wait_seconds):
            return
        try:
            if is_stale():
                self._try_to_read()
        finally:
            self._reader.release()

    def _try_to_read(self) -> None:
        try:
            text = self._read()
            json.loads(text)
        except Exception as error:
            if not self._text:
                raise
            # By its class alone: nobody knows what a message quotes.
            _log.warning("%s cannot be read (%s): going on with what it was.", self._secret_id, type(error).__name__)
            self._ask_at = time.monotonic() + OUTAGE_SECONDS
        else:
            self._text, self._ask_at = text, time.monotonic() + self._max_age_seconds
        self._asked_at = time.monotonic()

    def _read(self) -> str:
        # Without a stage: that is AWSCURRENT. A client has no use for AWSPENDING or AWSPREVIOUS.
        return str(self._client.get_secret_value(SecretId=self._secret_id)["SecretString"])

    def _is_old(self) -> bool:
        return time.monotonic() > self._ask_at

    def _parsed(self) -> Values:
        values: Values = json.loads(self._text)
        return values


def uses_tls(values: Values) -> bool:
    """Whether to demand verified TLS: always, unless the secret itself says `"ssl": false`."""
    return str(values.get("ssl")).strip().lower() != "false"


def certified_name(values: Values) -> str:
    """The name that the server's certificate must be for; `host` may be an alias of it."""
    return str(values.get("tlsname") or values["host"])


def ip_address(values: Values) -> str:
    """Where `host` leads now, for drivers that take the name for TLS and the address apart."""
    return str(socket.getaddrinfo(values["host"], None, type=socket.SOCK_STREAM)[0][4][0])
