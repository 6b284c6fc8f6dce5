"""What functions of this product have logged: lines of JSON, out of CloudWatch Logs.

Source: CloudWatch Logs API Reference, FilterLogEvents.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from rotationctl.failures import code_of, explain, is_passing
from rotationctl.functions import function_name, recognise
from rotationctl.paging import pages

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class Logs(Protocol):
    """What is used of boto3's client of CloudWatch Logs."""

    def filter_log_events(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's parameters
        """A page of the events of a log group that fit a pattern."""
        ...


def lines(client: Logs, group: str, since: datetime, pattern: str) -> list[Mapping[str, Any]]:
    """The lines of a log group that are JSON and fit a pattern, the oldest first; boto3's exceptions pass."""
    return [line for _, line in dated_lines(client, group, since, pattern)]


def dated_lines(
    client: Logs, group: str, since: datetime, pattern: str
) -> Iterator[tuple[datetime, Mapping[str, Any]]]:
    """The same, each with the moment at which it was logged."""
    for event in events(client, group, since, pattern):
        if (line := _parsed(event["message"])) is not None:
            yield datetime.fromtimestamp(event["timestamp"] / 1000, UTC), line


def events(client: Logs, group: str, since: datetime, pattern: str) -> Iterator[Mapping[str, Any]]:
    """The events of a log group that fit a pattern, as AWS has them; boto3's exceptions pass.

    Raises:
        StrangeAnswerError: the same page came again.
    """
    start = max(0, int(since.timestamp() * 1000))
    request = {"logGroupName": group, "startTime": start, "filterPattern": pattern}
    for page in pages("FilterLogEvents", client.filter_log_events, request, "nextToken"):
        yield from page["events"]


def _parsed(message: str) -> Mapping[str, Any] | None:
    try:
        line = json.loads(message)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


@dataclass(frozen=True, slots=True)
class LogReader:
    """Reads logs while something goes on, as far as they can be read.

    Attributes:
        options: those with which AWS was reached, for what is said of a log that cannot be read.
        unreadable: the log groups that cannot be read, with the reason; they are not asked for again.
    """

    client: Logs
    options: Sequence[str]
    unreadable: dict[str, str] = field(default_factory=dict)

    def lines(self, group: str, since: datetime, pattern: str) -> list[Mapping[str, Any]]:
        """As `lines`; none where nothing was logged yet, AWS does not answer just now, or the group is unreadable."""
        if group in self.unreadable:
            return []
        try:
            return lines(self.client, group, since, pattern)
        except Exception as error:
            if code_of(error) == "ResourceNotFoundException" or is_passing(error):
                return []
            failure = explain(error, self.options)
            if failure is None:
                raise
            self.unreadable[group] = str(failure)
            return []


@dataclass(frozen=True, slots=True)
class LogGroups:
    """Finds out where functions log, and asks Lambda for each function once at most.

    Attributes:
        client: makes boto3's client of Lambda, where one is needed.
    """

    client: Callable[[], "LambdaClient"]
    _known: dict[str, str | None] = field(default_factory=dict)

    def of(self, arn: str) -> str | None:
        """The log group of a function: by its name, or as Lambda says. None where neither tells."""
        known = recognise(arn)
        if known and known.log_group:
            return known.log_group
        if arn not in self._known:
            self._known[arn] = self._asked(arn)
        return self._known[arn]

    def _asked(self, arn: str) -> str | None:
        try:
            return log_group(self.client(), arn)
        except Exception as error:
            if explain(error) is None:
                raise
            return None


def log_group(client: "LambdaClient", arn: str) -> str:
    """The log group of a function, as Lambda says; boto3's exceptions pass."""
    answer = client.get_function_configuration(FunctionName=arn)
    return answer.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{function_name(arn)}"
