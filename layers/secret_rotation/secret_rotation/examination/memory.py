"""What verifications came to: a line each in the function's own log, which is all that the doctor may write.

The log is read back by FilterLogEvents: up to 10,000 lines or 1 MB in a call, and a page may be empty where more
follow. Lines take a few seconds to be found, so those of this environment are kept here too.
Source: CloudWatch Logs API Reference, FilterLogEvents; User Guide, "Filter pattern syntax", matching a single
term: no finer pattern, since one that matched nothing would look as if nothing was ever rejected.
"""

import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from secret_rotation.aws import LogsClient
from secret_rotation.aws_errors import explained
from secret_rotation.deadline import Deadline
from secret_rotation.errors import RotationError
from secret_rotation.examination.verification import KEY, Verification

WINDOW = timedelta(days=14)
"""A verification is written anew at each turn, so that a day would do, were no turn ever missed."""


class Memory:
    """The verifications of a log group; the client is made when it is first asked."""

    def __init__(self, make_client: Callable[[], LogsClient], log_group: str) -> None:
        self._make_client = make_client
        self._log_group = log_group
        self._own: dict[str, Verification] = {}

    def write(self, verification: Verification) -> None:
        """Write one line, whatever the level of the log is."""
        self._own[verification.secret] = verification
        sys.stdout.write(f"{verification.to_line()}\n")
        sys.stdout.flush()

    def read(self, now: datetime, deadline: Deadline) -> dict[str, Verification]:
        """The last verification of each secret, by its ARN.

        Raises:
            SecretStoreError: the log cannot be read.
            RotationError: the invocation's time is used up.
        """
        found: dict[str, Verification] = {}
        for verification in (*self._lines(now, deadline), *self._own.values()):
            last = found.get(verification.secret)
            if last is None or last.at <= verification.at:
                found[verification.secret] = verification
        return found

    def _lines(self, now: datetime, deadline: Deadline) -> Iterator[Verification]:
        if not self._log_group:
            raise RotationError("The log has no name: Lambda sets AWS_LAMBDA_LOG_GROUP_NAME.")
        client, page = self._make_client(), dict[str, Any]()
        since = int((now - WINDOW).timestamp() * 1000)
        while True:
            deadline.at_most(1)
            with explained("FilterLogEvents", self._log_group, "logs"):
                answer = client.filter_log_events(
                    logGroupName=self._log_group, startTime=since, filterPattern=KEY, **page
                )
            found = (Verification.from_line(event.get("message", "")) for event in answer.get("events", []))
            yield from (verification for verification in found if verification is not None)
            if not answer.get("nextToken"):
                return
            page = {"nextToken": answer["nextToken"]}
