"""CloudWatch Logs, of the functions that are deployed here: what each invocation wrote, line by line."""

import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lab.cloud.errors import AwsError
from lab.cloud.filter_pattern import FilterPattern
from lab.lambda_environment.function import Invocation

STREAM = "2026/01/01/[$LATEST]1ab"
MAX_EVENTS = 10_000


@dataclass(frozen=True)
class LogLine:
    """A line in a log group.

    Attributes:
        at_ms: when it was written, in milliseconds since 1970.
        number: in the order in which lines arrived.
    """

    group: str
    at_ms: int
    number: int
    message: str

    def json(self) -> dict[str, object]:
        """An event of FilterLogEvents."""
        members = {"logStreamName": STREAM, "timestamp": self.at_ms, "message": self.message + "\n"}
        return {**members, "ingestionTime": self.at_ms, "eventId": f"{self.at_ms:020}{self.number:036}"}


class LogStore:
    """All lines that functions wrote."""

    def __init__(self) -> None:
        self._lines: list[LogLine] = []
        self._lock = threading.Lock()

    def take(self, group: str, invocation: Invocation, began: datetime, ended: datetime) -> None:
        """Keep what an invocation wrote, between the lines that Lambda writes itself.

        Source: Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs": START, END and REPORT.
        """
        request_id, first, last = uuid.uuid4(), _ms(began), _ms(ended)
        lines = [(line, _time_in(line, first, last)) for line in invocation.log.splitlines() if line]
        if invocation.error_type == "Sandbox.Timedout":
            lines.append((f"{ended.isoformat()} {request_id} {invocation.error_message}", last))
        report = f"REPORT RequestId: {request_id}\tDuration: {invocation.duration_ms:.2f} ms"
        start = f"START RequestId: {request_id} Version: $LATEST"
        with self._lock:
            for message, at_ms in [(start, first), *lines, (f"END RequestId: {request_id}", last), (report, last)]:
                self._lines.append(LogLine(group, at_ms, len(self._lines), message))

    def clear(self) -> None:
        with self._lock:
            self._lines.clear()

    def of(self, group: str) -> list[LogLine]:
        """The lines of a group, the oldest first."""
        with self._lock:
            lines = [line for line in self._lines if line.group == group]
        return sorted(lines, key=lambda line: (line.at_ms, line.number))


def filter_log_events(store: LogStore, groups: set[str], parameters: Mapping[str, Any]) -> dict[str, object]:
    """FilterLogEvents of one of these groups, in pages.

    Raises:
        AwsError: ResourceNotFoundException for another group; InvalidParameterException for a pattern that is none.
    Source: CloudWatch Logs API Reference, FilterLogEvents.
    """
    group = str(parameters.get("logGroupName") or parameters.get("logGroupIdentifier", "").rpartition("log-group:")[2])
    if group not in groups:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    pattern = FilterPattern.parse(str(parameters.get("filterPattern", "")))
    first, last = int(parameters.get("startTime", 0)), int(parameters.get("endTime", 2**62))
    shown = [line for line in store.of(group) if first <= line.at_ms <= last and pattern.matches(line.message)]
    start = int(parameters.get("nextToken") or 0)
    end = start + int(parameters.get("limit") or MAX_EVENTS)
    more = {"nextToken": str(end)} if end < len(shown) else {}
    return {"events": [line.json() for line in shown[start:end]], "searchedLogStreams": [], **more}


def describe_log_groups(groups: set[str], account_arn: str, parameters: Mapping[str, Any]) -> dict[str, object]:
    """DescribeLogGroups, of these groups."""
    prefix, part = str(parameters.get("logGroupNamePrefix", "")), str(parameters.get("logGroupNamePattern", ""))
    found = [name for name in sorted(groups) if name.startswith(prefix) and part in name]
    return {"logGroups": [_group(name, account_arn) for name in found]}


def _group(name: str, account_arn: str) -> dict[str, object]:
    arn = f"{account_arn}:log-group:{name}"
    return {"logGroupName": name, "arn": f"{arn}:*", "logGroupArn": arn, "creationTime": 0, "logGroupClass": "STANDARD"}


def _time_in(line: str, first: int, last: int) -> int:
    """When a function says that it wrote a line, as Powertools or metrics have it; or else when it ended."""
    return next((int(at) for at in _times(line) if first <= at <= last), last)


def _times(line: str) -> Iterator[float]:
    try:
        document = json.loads(line)
    except ValueError:
        return
    if isinstance(document, dict) and "timestamp" in document:
        yield datetime.fromisoformat(str(document["timestamp"])).timestamp() * 1000
    if isinstance(document, dict) and "_aws" in document:
        yield document["_aws"]["Timestamp"]


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
