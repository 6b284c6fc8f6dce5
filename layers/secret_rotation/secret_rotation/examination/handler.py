"""From an invocation of the doctor's function to its answer. No answer holds a value of a secret."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

import secret_rotation
from secret_rotation import aws
from secret_rotation.deadline import Deadline, Work, calls_end_by
from secret_rotation.defects import foreseen
from secret_rotation.doctor.catalogue import UnknownCheckError
from secret_rotation.errors import InvalidEventError, RotationError
from secret_rotation.examination.checkup import asked_for, examine
from secret_rotation.examination.daily import go_round
from secret_rotation.examination.entrance import Entrance
from secret_rotation.examination.memory import Memory
from secret_rotation.examination.parts import Parts
from secret_rotation.examination.requests import Action, DoctorRequest
from secret_rotation.examiner import Examiner
from secret_rotation.handler import LambdaContext
from secret_rotation.patience import PATIENCE, Patience
from secret_rotation.strategy import Strategy
from secret_rotation.telemetry import SOFTWARE, metrics_of, structured_log

Clock = Callable[[], datetime]
_WORK = {Action.CHECK: Work.CHECKS, Action.VERIFY: Work.ROUND}


@dataclass(frozen=True, slots=True)
class DoctorHandler:
    """What Lambda calls, with all that is made once for an environment."""

    parts: Parts
    memory: Memory
    now: Clock
    logger: Logger
    metrics: Metrics

    def __call__(self, event: object, context: LambdaContext) -> dict[str, Any]:
        """Do what the event asks for.

        Raises:
            RotationError: it cannot be done; the message says why.
        """
        self.logger.structure_logs(append=False, formatter_options=None, **SOFTWARE)
        try:
            request = DoctorRequest.from_event(event)
            keys = {"action": request.action.value, **({"secret_arn": request.secret} if request.secret else {})}
            self.logger.append_keys(**keys)
            deadline = Deadline(lambda: context.get_remaining_time_in_millis() / 1000, _WORK[request.action])
            with foreseen(), calls_end_by(deadline):
                return {"version": secret_rotation.__version__, **self._answer(request, deadline)}
        except RotationError as error:
            self.logger.error("%s", error, extra={"error": type(error).__name__})  # noqa: TRY400 - it says all
            raise

    def _answer(self, request: DoctorRequest, deadline: Deadline) -> dict[str, Any]:
        if request.action is Action.VERIFY:
            return self._verify(deadline)
        return {"checks": self._check(request, deadline)}

    def _check(self, request: DoctorRequest, deadline: Deadline) -> list[Mapping[str, str | None]]:
        try:
            asked = asked_for(request.only)
        except UnknownCheckError as error:
            raise InvalidEventError(f"There is no check and no layer of checks called {error}.") from None
        if request.strategy not in (None, *self.parts.strategies):
            raise InvalidEventError(f"The event's 'strategy' must be one of {', '.join(self.parts.strategies)}.")
        findings = examine(self.parts, request.secret, asked, deadline, request.strategy, self._remember)
        return [finding.to_json() for finding in findings]

    def _remember(self, entrance: Entrance) -> None:
        """What somebody had checked counts as verified: that is how a new host is confirmed."""
        verification = entrance.verification(self.now())
        if verification is not None:
            self.memory.write(verification)

    def _verify(self, deadline: Deadline) -> dict[str, Any]:
        found = go_round(self.parts, self.memory, self.now, deadline)
        if found.fault is not None:
            self.logger.error("%s", found.fault)
        for name, count in found.counts.items():
            self.metrics.add_metric(name, MetricUnit.Count, count)
        self.metrics.flush_metrics()
        return {"counts": found.counts, "verified": len(found.verified), "left": found.left, "fault": found.fault}


def doctor_handler(
    examiners: Sequence[type[Examiner]],
    strategies: Sequence[type[Strategy]],
    environ: Mapping[str, str] = os.environ,
    patience: Patience = PATIENCE,
    now: Clock = lambda: datetime.now(UTC),
) -> DoctorHandler:
    """Make the Lambda handler that examines secrets of these engines and strategies.

    Raises:
        InvalidSettingsError: an environment variable is wrong.
    """
    parts = Parts.make(examiners, strategies, environ, patience)
    memory = Memory(lambda: aws.client("logs", patience), environ.get("AWS_LAMBDA_LOG_GROUP_NAME", ""))
    return DoctorHandler(parts, memory, now, structured_log(environ), metrics_of(environ))
