"""What a trial does in the account: by rotationctl, by the client in the network, and by AWS's own calls."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from rotationctl.function_log import log_group

ROOT = Path(__file__).parents[2]
LONGEST_INVOCATION_SECONDS = 310
POLL_SECONDS = 5
FAILED = "FailedError"
"""What the client raises, whose message is the class of the error."""


class TrialError(Exception):
    """A trial cannot go on. The message says why, and holds no password."""


@dataclass(frozen=True)
class Answer:
    """How rotationctl ended.

    Attributes:
        row: the last JSON that it printed; empty where it printed none.
    """

    code: int
    row: dict[str, Any]
    told: str


@dataclass
class Cloud:
    """The account, in a region.

    Attributes:
        client_name: the function within the network; empty until it is there.
        queue_url: where the functions' events arrive; the same.
    """

    region: str
    client_name: str = ""
    queue_url: str = ""
    _clients: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    _heard: list[dict[str, Any]] = field(default_factory=list, init=False, repr=False)

    def client(self, service: str) -> Any:  # noqa: ANN401 - of any service
        """A client of boto3. One invocation is one: none is repeated."""
        if service not in self._clients:
            once = Config(read_timeout=LONGEST_INVOCATION_SECONDS, retries={"total_max_attempts": 1})
            config = once if service == "lambda" else Config()
            session = boto3.Session(region_name=self.region)
            self._clients[service] = session.client(service, config=config)  # type: ignore[call-overload]
        return self._clients[service]

    def rotationctl(self, *arguments: str) -> Answer:
        """Run rotationctl, which asks nobody and shows no value."""
        path = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "secret_rotation")])
        environment = os.environ | {"PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, "-m", "rotationctl", *arguments, "--json", "--region", self.region],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=environment,
        )  # fmt: skip
        return Answer(done.returncode, _last_json(done.stdout), (done.stderr.strip().splitlines() or [""])[-1])

    def ask(self, action: str, **event: str) -> dict[str, Any]:
        """Invoke the client within the network.

        Raises:
            TrialError: it failed.
        """
        payload = json.dumps({"action": action, **event})
        answer = self.client("lambda").invoke(FunctionName=self.client_name, Payload=payload)
        said = json.loads(answer["Payload"].read() or "null")
        if answer.get("FunctionError"):
            raise TrialError(f"the client could not {action}: {_class_of(said)}")
        return dict(said)

    def labels(self, secret: str) -> dict[str, list[str]]:
        """The labels of each version that has any."""
        return dict(self.client("secretsmanager").describe_secret(SecretId=secret)["VersionIdsToStages"])

    def current(self, secret: str) -> str:
        """The version that is AWSCURRENT."""
        return next(version for version, labels in self.labels(secret).items() if "AWSCURRENT" in labels)

    def hears(self, secret: str, kind: str, seconds: float, version: str | None = None) -> bool:
        """Whether an event of this detail type arrives for a secret, or for a version of it, in so many seconds."""

        def told() -> bool:
            answer = self.client("sqs").receive_message(
                QueueUrl=self.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            self._heard.extend(json.loads(message["Body"]) for message in answer.get("Messages", []))
            heard = [event for event in self._heard if event["detail-type"] == kind and secret in event["resources"]]
            return any(version in (None, event["detail"]["version_id"]) for event in heard)

        return holds_within(seconds, told)

    def reads(self, function: str, words: Sequence[str], seconds: float) -> bool:
        """Whether a line with all these words is in a function's log, or comes there within so many seconds."""
        group = log_group(self.client("lambda"), function)
        pattern = " ".join(f'"{one}"' for one in words)

        def written() -> bool:
            pages = self.client("logs").get_paginator("filter_log_events")
            return any(page["events"] for page in pages.paginate(logGroupName=group, filterPattern=pattern))

        return holds_within(seconds, written)

    def alarmed(self, alarm: str, seconds: float) -> bool:
        """Whether an alarm has gone off, or does so within so many seconds."""

        def gone_off() -> bool:
            answer = self.client("cloudwatch").describe_alarm_history(AlarmName=alarm, HistoryItemType="StateUpdate")
            return any(item["HistorySummary"].endswith("to ALARM") for item in answer["AlarmHistoryItems"])

        return holds_within(seconds, gone_off)

    @contextmanager
    def cut_off(self, database_group: str, function_group: str, port: int) -> Iterator[None]:
        """While the functions do not reach a database: its security group does not admit theirs."""
        from_functions = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port,
                          "UserIdGroupPairs": [{"GroupId": function_group}]}  # fmt: skip
        rule = {"GroupId": database_group, "IpPermissions": [from_functions]}
        self.client("ec2").revoke_security_group_ingress(**rule)
        try:
            yield
        finally:
            self.client("ec2").authorize_security_group_ingress(**rule)


def holds_within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Whether a condition holds, now or within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(min(POLL_SECONDS, seconds))
    return True


def _class_of(failure: dict[str, Any]) -> str:
    """What kind of error a client says that it ended with; all else that it says is left out."""
    kind = str(failure.get("errorType", "it gave no reason"))
    return str(failure.get("errorMessage")) if kind == FAILED else kind


def _last_json(printed: str) -> dict[str, Any]:
    """`recover` prints one object over many lines, `rotate` and `enable` one on each line."""
    for text in (printed, (printed.strip().splitlines() or [""])[-1]):
        try:
            found = json.loads(text)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}
