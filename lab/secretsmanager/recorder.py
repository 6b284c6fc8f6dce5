"""What CloudTrail records of Secrets Manager: each call, and what it does by itself when it rotates.

Source: User Guide, "AWS CloudTrail entries for Secrets Manager". As events show that people published of 2021 to 2026,
a service event has the ARN in ``additionalEventData.SecretId``, names no resource, and its request's id ends with the
rotation's token. [unv] By which names the events of calls can be looked up: here it is the one that the call gave.
"""

import uuid

from lab.cloud import ACCOUNT, Event, Trail, identity_of
from lab.secretsmanager.backend import StrictBackend
from lab.secretsmanager.calls import OK, Call
from lab.secretsmanager.events import RotationEvent

SOURCE = "secretsmanager.amazonaws.com"
READS = ("BatchGet", "Describe", "Get", "List", "Validate")


class Recorder:
    """Writes events into a trail."""

    def __init__(self, trail: Trail, backend: StrictBackend) -> None:
        self._trail = trail
        self._backend = backend

    def call(self, call: Call) -> None:
        """Record a call of Secrets Manager that was answered."""
        if call.service != "secretsmanager":
            return
        asked = {name[0].lower() + name[1:]: value for name, value in call.parameters.items() if value != "(present)"}
        is_read = call.operation.startswith(READS)
        failed = {} if call.result == OK else {"errorCode": call.result, "errorMessage": "See the call log."}
        rotation = self._backend.rotations.get(call.secret_arn or "")
        function = {"function": rotation.function_arn.rpartition(":")[2]} if rotation else {}
        record = {
            "userIdentity": identity_of(call.caller, **function),
            "sourceIPAddress": "192.0.2.1",
            "userAgent": "lab",
            "requestParameters": asked or None,
            "responseElements": {"arn": call.secret_arn} if call.secret_arn and not is_read and not failed else None,
            "requestID": str(uuid.uuid4()),
            "eventType": "AwsApiCall",
            **failed,
        }
        given = asked.get("secretId") or asked.get("name")
        resources = (str(given),) if given else ()
        self._trail.add(Event(call.operation, SOURCE, self._backend.now(), record, is_read, resources))

    def event(self, event: RotationEvent) -> None:
        """Record what Secrets Manager did by itself."""
        rotation = self._backend.rotations.get(event.secret_arn)
        step = (event.error_message or "").partition(" ")[0]
        function = rotation.function_arn if rotation else ""
        failed = {"errorMessage": f"Error when executing lambda {function} during {step} step"} if step else {}
        record = {
            "userIdentity": {"accountId": ACCOUNT, "invokedBy": SOURCE},
            "sourceIPAddress": SOURCE,
            "userAgent": SOURCE,
            "requestParameters": None,
            "responseElements": None,
            "additionalEventData": {"SecretId": event.secret_arn},
            "requestID": f"Rotation-{event.secret_arn}-{event.token}",
            "eventType": "AwsServiceEvent",
            **failed,
        }
        self._trail.add(Event(event.name.value, SOURCE, event.time, record))
