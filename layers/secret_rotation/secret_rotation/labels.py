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

from secret_rotation.errors import LabelConflictError
from secret_rotation.model import Step

AWSCURRENT = "AWSCURRENT"
AWSPENDING = "AWSPENDING"
AWSPREVIOUS = "AWSPREVIOUS"


class Verdict(Enum):
    """What a step may do about the version that is being rotated to."""

    ACT = auto()
    ALREADY_DONE = auto()


@dataclass(frozen=True, slots=True)
class Labels:
    """Which version carries which labels, as DescribeSecret tells it."""

    stages_by_version: Mapping[str, frozenset[str]]

    def holder(self, stage: str) -> str | None:
        """The version id that carries the label, or None."""
        return next((version for version, stages in self.stages_by_version.items() if stage in stages), None)

    @property
    def current(self) -> str:
        """The version id of AWSCURRENT.

        Raises:
            LabelConflictError: no version carries the label.
        """
        holder = self.holder(AWSCURRENT)
        if holder is None:
            raise LabelConflictError(
                "No version of this secret is AWSCURRENT. Put the label back on the version that logs in: "
                "aws secretsmanager update-secret-version-stage --version-stage AWSCURRENT --move-to-version-id VERSION"
            )
        return holder

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
            f"Version {token} is not one of this secret's labelled versions, so {step} has nothing to work on. "
            + _pending_elsewhere(labels)
        )
    if AWSCURRENT in stages:
        return Verdict.ALREADY_DONE
    if AWSPENDING not in stages:
        raise LabelConflictError(
            f"Version {token} is labelled {', '.join(sorted(stages)) or 'nothing'}, not AWSPENDING, so {step} "
            "must not touch it. " + _pending_elsewhere(labels)
        )
    return Verdict.ACT


def _pending_elsewhere(labels: Labels) -> str:
    holder = labels.holder(AWSPENDING)
    if holder is None:
        return "No rotation is under way: start one with aws secretsmanager rotate-secret."
    return (
        f"Version {holder} is AWSPENDING. If its rotation is stuck: aws secretsmanager update-secret-version-stage "
        f"--version-stage AWSPENDING --remove-from-version-id {holder}, then rotate again."
    )
