"""CloudTrail's events about one secret.

They are looked up by their names, each name by itself, since a lookup takes one attribute: the service events of
rotation name no resource, and by the secret's name or ARN there would be an event for each time that a client read it.
Sources: CloudTrail API Reference, LookupEvents: 90 days, 50 events a call, 2 calls a second; Secrets Manager User
Guide, "AWS CloudTrail entries for Secrets Manager". Events that people published have a request id that ends with the
rotation's token.
"""

import heapq
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from rotationctl.lookup import Lookup, record_of, secret_of
from rotationctl.secret import Secret

SERVICE_EVENTS = (
    "RotationStarted", "RotationSucceeded", "RotationFailed", "RotationAbandoned",
    "TestRotationStarted", "TestRotationSucceeded", "TestRotationFailed",
)  # fmt: skip
CALLS = ("RotateSecret", "CancelRotateSecret", "PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage")
KEPT_DAYS = 90
ASKED_WITHIN = timedelta(minutes=5)
"""A rotation begins so soon after it was asked for."""
_SUFFIX = re.compile(r"-\w{6}")
"""What Secrets Manager puts behind the name in an ARN."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event about the secret.

    Attributes:
        token: the version that it is about: the rotation's, or the one that a call named.
        by: who called: an ARN, or the AWS service that did it for somebody; None for the service's own events.
        asked: the parameters of the call, without any value.
        event_id: CloudTrail's own.
        error: AWS's error code where a call was refused, and what a failed rotation's event says.
    """

    event_id: str
    name: str
    at: datetime
    token: str | None
    by: str | None
    asked: Mapping[str, Any]
    error: str | None


def read_events(lookup: Lookup, secret: Secret, since: datetime) -> Iterator[Event]:
    """The events about a secret, the newest first."""
    since = max(since, datetime.now(UTC) - timedelta(days=KEPT_DAYS))
    starts = {**dict.fromkeys((*SERVICE_EVENTS, *CALLS), since), "RotateSecret": since - ASKED_WITHIN}
    streams = [chain.from_iterable(lookup.pages(name, start)) for name, start in starts.items()]
    for found in heapq.merge(*streams, key=lambda found: -found["EventTime"].timestamp()):
        event = _event(found, secret)
        if event is not None:
            yield event


def _event(found: Mapping[str, Any], secret: Secret) -> Event | None:
    """The event, where it is about the secret."""
    record = record_of(found)
    if found["EventName"] in SERVICE_EVENTS:
        return _of_service(found, record, secret)
    asked = record.get("requestParameters") or {}
    answered = record.get("responseElements") or {}
    if not (_means(asked.get("secretId"), secret) or secret.arn in (answered.get("arn"), answered.get("aRN"))):
        return None
    token = asked.get("clientRequestToken") or answered.get("versionId")
    return _made(found, token, _who(record), asked, record.get("errorCode"))


def _of_service(found: Mapping[str, Any], record: Mapping[str, Any], secret: Secret) -> Event | None:
    arn = secret_of(record)
    if arn != secret.arn:
        return None
    token = str(record.get("requestID") or "").partition(f"{arn}-")[2] or None
    return _made(found, token, None, {}, record.get("errorMessage"))


def _made(
    found: Mapping[str, Any], token: str | None, by: str | None, asked: Mapping[str, Any], error: str | None
) -> Event:
    return Event(found["EventId"], found["EventName"], found["EventTime"], token, by, asked, error)


def _means(given: object, secret: Secret) -> bool:
    """Whether a call means this secret: by its name, its ARN, or the ARN without what was put behind the name."""
    if not isinstance(given, str):
        return False
    rest = secret.arn.removeprefix(given)
    return given in (secret.name, secret.arn) or (given.startswith("arn:") and bool(_SUFFIX.fullmatch(rest)))


def _who(record: Mapping[str, Any]) -> str | None:
    identity = record.get("userIdentity") or {}
    who: str | None = identity.get("arn") or identity.get("invokedBy") or identity.get("principalId")
    return who
