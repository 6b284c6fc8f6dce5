"""In which condition a rotation is that does not go on, and the one safe way out, as steps for a person to type."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from rotationctl.logins import Login, Logins
from rotationctl.secret import Secret
from rotationctl.state import NOT_OURS, State, judge
from rotationctl.versions import Version
from secret_rotation.labels import AWSPREVIOUS


class Condition(StrEnum):
    """The conditions, each with its meaning and whether somebody has to act; the first that holds is the one."""

    meaning: str
    needs_somebody: bool

    ELSEWHERE = "not rotated here", "Nobody here rotates this secret, so that there is nothing to recover.", False
    ROTATING = "rotating", "A rotation is under way, and has changed something within the last 15 minutes.", False
    NO_LOGIN = "no version logs in", "The database rejects every version (known with --local only).", True
    NO_CURRENT = "no current version", "No version is AWSCURRENT, so that clients and rotations find nothing.", True
    OUTDATED = (
        "outdated",
        "AWSPENDING is on a version older than AWSCURRENT: to go on would undo what came since.",
        True,
    )
    CANCELLED = "cancelled", "Rotation was turned off while one was under way, and nobody goes on with it.", True
    STUCK = (
        "stuck",
        "A rotation stopped halfway. Its password may be set in the database, or not.",
        True,
    )
    REFUSED = "refused", "No rotation is incomplete, and yet AWSCURRENT does not log in (with --local only).", True
    GIVEN_UP = (
        "given up",
        "A version made since AWSCURRENT has lost its label: it may be the one that logs in. --local finds out.",
        False,
    )
    COMPLETE = "complete", "No rotation is incomplete.", False

    def __new__(cls, word: str, meaning: str, needs_somebody: bool) -> Self:  # noqa: FBT001 - the members above
        """Make a member, which is its word."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.meaning = meaning
        member.needs_somebody = needs_somebody
        return member


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A secret, its versions, what is known of their logins, and the condition that this is."""

    secret: Secret
    versions: Sequence[Version]
    logins: Logins | None
    condition: Condition


def diagnose(secret: Secret, versions: Sequence[Version], now: datetime, logins: Logins | None = None) -> Diagnosis:
    """Find out the condition that a secret's rotation is in.

    Args:
        secret: the secret.
        versions: all of its versions.
        now: when.
        logins: what logging in has told, where somebody has.
    """
    return Diagnosis(secret, versions, logins, _condition(secret, versions, judge(secret, now), logins))


def _condition(secret: Secret, versions: Sequence[Version], state: State, logins: Logins | None) -> Condition:
    current = Login.NOT_TRIED if logins is None else logins.of(secret.current)
    outdated = secret.pending is not None and is_outdated(secret, versions)  # whatever changed just now
    holds = {
        Condition.ELSEWHERE: state in NOT_OURS,
        Condition.ROTATING: state is State.ROTATING and secret.current is not None and not outdated,
        Condition.NO_LOGIN: logins is not None and logins.none_logs_in,
        Condition.NO_CURRENT: secret.current is None,
        Condition.OUTDATED: outdated,
        Condition.CANCELLED: secret.pending is not None and not secret.rotation_enabled,
        Condition.STUCK: secret.pending is not None,
        Condition.REFUSED: current is Login.REJECTED,
        Condition.GIVEN_UP: current is not Login.ACCEPTED and _has_orphans(secret, versions),
        Condition.COMPLETE: True,
    }
    return next(condition for condition in Condition if holds[condition])


def is_outdated(secret: Secret, versions: Sequence[Version]) -> bool:
    """Whether AWSPENDING is on a version that is older than AWSCURRENT."""
    created = {version.version_id: version.created for version in versions}
    pending, current = created.get(secret.pending or ""), created.get(secret.current or "")
    is_older = pending is not None and current is not None and pending < current
    return is_older or secret.labels.holder(AWSPREVIOUS) == secret.pending


def _has_orphans(secret: Secret, versions: Sequence[Version]) -> bool:
    since = next((version.created for version in versions if version.version_id == secret.current), None)
    return since is not None and any(
        version.created is not None and version.created > since and not version.labels for version in versions
    )
