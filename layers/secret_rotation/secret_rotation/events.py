"""Tells EventBridge what became of a rotation, for whoever acts on it: redeploys a service, reloads a pool.

    Rotation Succeeded  finishSecret has moved AWSCURRENT; once more where Secrets Manager repeats the step
    Rotation Failed     a step has stopped; Secrets Manager will try the rotation again

A rotation that fails is told once by each Lambda environment that it fails in: how often Secrets Manager tries cannot
be known from inside. Consumers know repeats by `version_id`. Of a dry run nothing is told, nor of an invocation that
Lambda kills: CloudTrail has both. An event never fails a rotation, nor holds it up for longer than `Patience` says.
"""

import json
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from secret_rotation import aws
from secret_rotation.aws_errors import explained
from secret_rotation.credentials import secret_name
from secret_rotation.deadline import MINIMUM_SECONDS, Deadline
from secret_rotation.errors import RotationError, SecretStoreError
from secret_rotation.patience import Patience
from secret_rotation.request import RotationRequest, Step

SOURCE = "secret-rotation"
SUCCEEDED, FAILED = "Rotation Succeeded", "Rotation Failed"

_MOST_REMEMBERED = 128
_LONGEST_MESSAGE = 30_000
"""In characters, each of which may take six bytes of the 256 KB that an event may have.

Source: EventBridge User Guide, "Calculating Amazon EventBridge PutEvents event entry size"."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class RotationEvents:
    """What one Lambda environment tells EventBridge.

    Attributes:
        who: engine and strategy, for each event.
        keeps_old_password: whether AWSPREVIOUS may go on logging in until the next rotation, unless it is discarded.
        endpoint_url: only needed where the SDK cannot find the endpoint by itself.
    """

    who: Mapping[str, str]
    keeps_old_password: bool
    patience: Patience
    endpoint_url: str | None
    _told: deque[tuple[str, str]] = field(default_factory=partial(deque, maxlen=_MOST_REMEMBERED), init=False)
    _paused_until: float = field(default=0.0, init=False)

    def step_succeeded(self, request: RotationRequest, deadline: Deadline, *, has_discarded: bool) -> None:
        """Tell that the rotation is finished, if this step was its last."""
        if request.step is Step.FINISH_SECRET:
            ends = "next_rotation" if self.keeps_old_password and not has_discarded else "now"
            self._tell(SUCCEEDED, request, {"old_password_ends": ends}, deadline)

    def step_failed(self, request: RotationRequest, error: RotationError, deadline: Deadline) -> None:
        """Tell that the rotation has failed, if this environment has not told so yet."""
        rotation = (request.secret_arn, request.token)
        if error.in_dry_run or rotation in self._told:
            return
        message = str(error)[:_LONGEST_MESSAGE]
        if self._tell(FAILED, request, {"error": type(error).__name__, "message": message}, deadline):
            self._told.append(rotation)

    def _tell(self, kind: str, request: RotationRequest, more: Mapping[str, str], deadline: Deadline) -> bool:
        started, longest = self.patience.monotonic(), 2 * self.patience.event_seconds
        if started < self._paused_until or deadline.remaining_seconds() - longest < MINIMUM_SECONDS:
            _log.warning("EventBridge was not told of this: it did not answer before, or no time is left.")
            return False
        try:
            self._send(_entry(kind, request, {**self.who, **more}))
        except Exception as error:  # noqa: BLE001 - whatever it is, the rotation goes on
            reason = error.code if isinstance(error, SecretStoreError) else type(error).__name__
            _log.warning(
                "EventBridge was not told of this (%s). The function's role needs events:PutEvents on the default bus, "
                "and a function in a VPC an interface endpoint for events, or a NAT gateway.",
                reason,
            )
            if self.patience.monotonic() - started > self.patience.event_seconds / 2:
                self._paused_until = self.patience.monotonic() + self.patience.event_pause_seconds
            return False
        return True

    def _send(self, entry: dict[str, Any]) -> None:
        seconds = self.patience.event_seconds
        once = replace(self.patience, aws_connect_seconds=seconds, aws_answer_seconds=seconds, aws_attempts=1)
        with explained("PutEvents", "the default event bus", "events"):
            # A client for each event: the connection of the last one may be long dead, and this is tried only once.
            answer = aws.client("events", once, self.endpoint_url).put_events(Entries=[entry])
        # What the bus did not take is told in an answer like any other. Source: EventBridge API Reference, PutEvents.
        taken = answer.get("Entries") or [{"ErrorCode": "NoEntry"}]
        if "ErrorCode" in taken[0]:
            raise SecretStoreError("The event bus did not take the event.", code=taken[0]["ErrorCode"])


def _entry(kind: str, request: RotationRequest, more: Mapping[str, str]) -> dict[str, Any]:
    arn = request.secret_arn
    detail = {
        "secret_arn": arn,
        "secret_name": secret_name(arn).rpartition(":secret:")[2],
        "version_id": request.token,
        "step": request.step.value,
        **more,
    }
    return {"Source": SOURCE, "DetailType": kind, "Resources": [arn], "Detail": json.dumps(detail)}
