"""The dry run of an attachment, seen to its end: testSecret on a copy of AWSCURRENT, which is then removed."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from rotationctl.causes import Cause, cause_in
from rotationctl.failures import is_passing
from rotationctl.function_log import LogReader
from rotationctl.secret import Secret
from rotationctl.watch import POLL_SECONDS, Clock

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


SHOWS_WITHIN = timedelta(seconds=10)
"""How long AWSPENDING may take to come: before that, nothing can be said by its absence."""


class Verdict(Enum):
    """What the dry run says."""

    PASSED = auto()
    FAILED = auto()
    UNTOLD = auto()


@dataclass(frozen=True, slots=True)
class DryRun:
    """Follows dry runs by the functions' logs, and by AWSPENDING, which comes and goes.

    The answer of RotateSecret is the same whether the test passes or not, and so is what becomes of the labels: only
    the log tells. Functions of this product end each step with a line that has its duration.
    """

    secrets: "SecretsManagerClient"
    log: LogReader
    clock: Clock
    timeout_seconds: float

    def follow(self, secret: Secret, since: datetime, log_group: str | None) -> tuple[Verdict, Cause | None]:
        """Wait for the end of the dry run that began at this moment, and say how it ended.

        Args:
            secret: what the function was attached to.
            since: the moment.
            log_group: of the function; None where it is not known, or the function is another's, which may log
                anything.
        """
        began = self.clock.now()
        found: tuple[Verdict, Cause | None] | None = None
        while True:
            is_over = self._is_over(secret)
            found = found or self._look(secret, since, log_group)
            if found and is_over:
                return found
            waited = self.clock.now() - began
            mute = self._why_mute(log_group)
            if is_over and mute and waited >= SHOWS_WITHIN:
                return Verdict.UNTOLD, Cause("", mute)
            if waited >= timedelta(seconds=self.timeout_seconds):
                return found or (Verdict.FAILED, self._silence())
            self.clock.sleep(POLL_SECONDS)

    def _is_over(self, secret: Secret) -> bool:
        """Whether no version is AWSPENDING any more; not as far as anybody knows where AWS does not answer now."""
        try:
            return Secret.from_answer(self.secrets.describe_secret(SecretId=secret.arn)).pending is None
        except Exception as error:
            if not is_passing(error):
                raise
            return False

    def _look(self, secret: Secret, since: datetime, log_group: str | None) -> tuple[Verdict, Cause | None] | None:
        if log_group is None:
            return None
        pattern = f'{{ $.step = "testSecret" && $.secret_arn = {json.dumps(secret.arn)} }}'
        for line in self.log.lines(log_group, since, pattern):
            if line.get("level") == "ERROR":
                return Verdict.FAILED, cause_in(line)
            if "duration_ms" in line:
                return Verdict.PASSED, None
        return None

    def _why_mute(self, log_group: str | None) -> str | None:
        """Why nothing can be read of the function; None where it can."""
        if log_group is None:
            return "No log of this product's kind is known of its function."
        return self.log.unreadable.get(log_group)

    def _silence(self) -> Cause:
        message = (
            f"The function has not reported within {self.timeout_seconds:g} s. It could not be invoked, or did not "
            "reach Secrets Manager or the database: see its network."
        )
        return Cause("timed out", message, "testSecret")
