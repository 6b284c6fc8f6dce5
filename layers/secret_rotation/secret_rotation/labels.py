"""The staging labels of a secret as a pure state machine: what a step finds, and what it may then do.

A rotation moves labels between versions:

    before       createSecret        finishSecret
    AWSCURRENT   AWSCURRENT          AWSPREVIOUS
                 AWSPENDING (token)  AWSCURRENT (token); AWSPENDING may stay on it or go

Secrets Manager labels the token AWSPENDING before it invokes createSecret, and takes AWSPREVIOUS along by itself when
AWSCURRENT moves. Nothing here reads or writes anything.
Source: Secrets Manager API Reference, RotateSecret and UpdateSecretVersionStage.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from secret_rotation.commands import put_secret_value, secrets_manager
from secret_rotation.errors import LabelConflictError
from secret_rotation.request import Step

AWSCURRENT = "AWSCURRENT"
AWSPENDING = "AWSPENDING"
AWSPREVIOUS = "AWSPREVIOUS"


class Verdict(Enum):
    """What a step may do about the version that is being rotated to."""

    ACT = auto()
    ALREADY_DONE = auto()


@dataclass(frozen=True, slots=True)
class Labels:
    """Which version of a secret carries which labels, as DescribeSecret tells it."""

    secret_arn: str
    stages_by_version: Mapping[str, frozenset[str]]

    def holder(self, stage: str) -> str | None:
        """The version id that carries the label, or None."""
        return next((version for version, stages in self.stages_by_version.items() if stage in stages), None)

    @property
    def unfinished(self) -> str | None:
        """The version of a rotation that is not complete: AWSPENDING, and not AWSCURRENT as well."""
        holder = self.holder(AWSPENDING)
        return None if holder == self.holder(AWSCURRENT) else holder

    @property
    def current(self) -> str:
        """The version id of AWSCURRENT.

        Raises:
            LabelConflictError: no version carries the label.
        """
        holder = self.holder(AWSCURRENT)
        if holder is None:
            raise LabelConflictError(f"No version of {self.secret_arn} is AWSCURRENT. {self._without_current()}")
        return holder

    def _without_current(self) -> str:
        """What to do. Secrets Manager moves the label, but takes it from none: most likely there never was a value."""
        previous = self.holder(AWSPREVIOUS)
        if previous is not None:
            command = label_command(self.secret_arn, AWSCURRENT, MoveToVersionId=previous)
            return f"Put the label back on the version that had it last: {command}"
        return (
            "It never had a value, or lost the label. Write its JSON (see docs/reference.md) into a file secret.json, "
            f"then run {put_secret_value(self.secret_arn)}"
        )

    def stages(self, version_id: str) -> frozenset[str] | None:
        """The labels of a version, or None where no label makes the version known."""
        return self.stages_by_version.get(version_id)


def judge(step: Step, labels: Labels, token: str) -> Verdict:
    """Say whether a step may act for the token, or finds its work done.

    A token that is AWSCURRENT was promoted by an earlier delivery: every step is done, and repeating it would change a
    password that is in use.

    Raises:
        LabelConflictError: the token is unknown, or not AWSPENDING.
    """
    stages = labels.stages(token)
    if stages is None:
        raise LabelConflictError(
            f"Version {token} is not one of the labelled versions of {labels.secret_arn}, "
            f"so {step} has nothing to work on. {_pending_elsewhere(labels)}"
        )
    if AWSCURRENT in stages:
        return Verdict.ALREADY_DONE
    if AWSPENDING not in stages:
        raise LabelConflictError(
            f"Version {token} of {labels.secret_arn} is labelled {', '.join(sorted(stages)) or 'nothing'}, "
            f"not AWSPENDING, so {step} must not touch it. {_pending_elsewhere(labels)}"
        )
    return Verdict.ACT


def _pending_elsewhere(labels: Labels) -> str:
    holder = labels.holder(AWSPENDING)
    if holder is None:
        return f"No rotation is under way: start one with {secrets_manager('RotateSecret', labels.secret_arn)}"
    return f"Version {holder} is AWSPENDING. If its rotation is stuck: {clear_pending(labels.secret_arn, holder)}"


def label_command(secret_arn: str, stage: str, **versions: str) -> str:
    """The command that moves a label to a version (`MoveToVersionId`), from one (`RemoveFromVersionId`), or both."""
    return secrets_manager("UpdateSecretVersionStage", secret_arn, VersionStage=stage, **versions)


def clear_pending(secret_arn: str, version_id: str) -> str:
    """The commands that take AWSPENDING off a version, and begin a rotation with a new one."""
    return (
        label_command(secret_arn, AWSPENDING, RemoveFromVersionId=version_id)
        + " && "
        + secrets_manager("RotateSecret", secret_arn)
    )
