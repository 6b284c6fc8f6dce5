"""The state machine of fleet/template.yaml: started, and followed as far as anybody looks."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from rotationctl.failures import is_passing, is_throttled
from rotationctl.secret import Secret
from rotationctl.watch import Clock

POLL_SECONDS = 5.0
SUCCEEDED = "SUCCEEDED"
MAX_INPUT_BYTES = 250_000
"""Of the 256 KiB that an execution's input may have.

Source: Step Functions Developer Guide, "Quotas".
"""
_OVER = ("succeeded", "failed", "timedOut")
"""In these states a secret has had its turn."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_AFTER = timedelta(seconds=1)
"""No rotation ends within so short a time after another, whatever AWS rounds."""


@dataclass(slots=True)
class HandedOver:
    """What the state machine was given, by the ARNs of secrets.

    Attributes:
        begun: an execution was started for them.
        gone_through: it has come to the end of its list, whatever became of each.
        failed_run: the map run whose failures may be listed: the last one in which there was any; None without.
    """

    begun: set[str] = field(default_factory=set)
    gone_through: set[str] = field(default_factory=set)
    failed_run: str | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """The state machine.

    Attributes:
        client: boto3's client of Step Functions.
        name: its name, or its ARN.
    """

    client: Any
    clock: Clock
    name: str

    def run(self, secrets: Sequence[Secret], tell: Callable[[str], None], handed_over: HandedOver) -> None:
        """Rotate these secrets, an execution for as many as one takes, and wait for the ends; boto3's exceptions pass.

        After one that did not succeed, because too many rotations failed or somebody ended it, no other is started.

        Args:
            secrets: which.
            tell: is told how far it is.
            handed_over: is kept up to date, so that it holds where an exception or Ctrl-C ends this.
        """
        for batch in _batches(secrets):
            arns = [item["secret"] for item in batch]
            handed_over.begun.update(arns)  # also where the answer is lost
            try:
                execution = self._start(batch)
            except Exception as error:
                if is_throttled(error) or not is_passing(error):
                    handed_over.begun.difference_update(arns)
                raise
            tell(f"Started {execution}. It goes on whether anybody looks or not.")
            status, run, counts = self._follow(execution, tell)
            if counts.get("failed"):
                handed_over.failed_run = run
            if status == SUCCEEDED or sum(counts.get(word, 0) for word in _OVER) >= len(batch):
                handed_over.gone_through.update(arns)
            if status != SUCCEEDED:
                break

    def _start(self, batch: Sequence[Mapping[str, str]]) -> str:
        name = f"rotationctl-{uuid.uuid4()}"
        arn = self.name if self.name.startswith("arn:") else _arn(self.name, batch[0]["secret"])
        answer = self.client.start_execution(stateMachineArn=arn, name=name, input=json.dumps({"secrets": batch}))
        return str(answer["executionArn"])

    def _follow(self, execution: str, tell: Callable[[str], None]) -> tuple[str, str | None, Mapping[str, int]]:
        """How an execution ended, its map run, and how many of its secrets ended in which state."""
        told = ""
        while True:
            status, run, counts = self._look(execution)
            shown = ", ".join(f"{number} {word}" for word, number in counts.items())
            if shown not in ("", told):
                tell(shown)
                told = shown
            if status != "RUNNING":
                return status, run, counts
            self.clock.sleep(POLL_SECONDS)

    def _look(self, execution: str) -> tuple[str, str | None, Mapping[str, int]]:
        """How an execution is; still running where nobody can say just now."""
        try:
            status = self.client.describe_execution(executionArn=execution)["status"]
            return status, *self._counts(execution)
        except Exception as error:
            if not is_passing(error):
                raise
            return "RUNNING", None, {}

    def _counts(self, execution: str) -> tuple[str | None, Mapping[str, int]]:
        """The map run of an execution, and how many of its secrets are in which state."""
        runs = self.client.list_map_runs(executionArn=execution)["mapRuns"]
        if not runs:
            return None, {}
        run = runs[0]["mapRunArn"]
        counts = self.client.describe_map_run(mapRunArn=run)["itemCounts"]
        words = ("pending", "running", "succeeded", "failed", "timedOut", "aborted")
        return run, {word: counts[word] for word in words if counts.get(word)}


def mark(secret: Secret) -> datetime:
    """A moment before which a secret has not rotated again: after its last rotation, by AWS's own clock."""
    return secret.last_rotated + _AFTER if secret.last_rotated else _NEVER


def _batches(secrets: Sequence[Secret]) -> Iterator[list[Mapping[str, str]]]:
    batch: list[Mapping[str, str]] = []
    size = 0
    for secret in secrets:
        item = {"secret": secret.arn, "since": mark(secret).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        length = len(json.dumps(item)) + 2
        if batch and size + length > MAX_INPUT_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += length
    if batch:
        yield batch


def _arn(name: str, secret_arn: str) -> str:
    """The ARN of a state machine where a secret is."""
    _, partition, _, region, account, *_ = secret_arn.split(":")
    return f"arn:{partition}:states:{region}:{account}:stateMachine:{name}"
