"""What a kill leaves behind, and whether the promise holds of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from lab.crash.moment import Moment
from lab.crash.privileges import Rights
from lab.crash.scenario import Scenario
from lab.crash.subject import CURRENT, PENDING, Subject

PREVIOUS = "AWSPREVIOUS"
PATIENCE_SECONDS = 3.0


class PromiseBrokenError(AssertionError):
    """Something is not as it must be, whatever was killed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The secret and its database, seen from outside.

    Attributes:
        pending: where the token's version stands: "empty", "stored", "AWSCURRENT", or "no label".
        logs_in: "old", "new" or both: the version that was AWSCURRENT before this rotation, and that of its token.
    """

    pending: str
    logs_in: str


@dataclass(frozen=True, slots=True)
class Before:
    """The same before the rotation: what the promise is measured by."""

    version: str
    rights: Mapping[str, Rights]

    @classmethod
    def of(cls, subject: Subject) -> "Before":
        """Look, and make sure that all is well before anything is killed."""
        require(subject.works(subject.holder(CURRENT)), "AWSCURRENT does not work before the kill")
        return cls(str(subject.holder(CURRENT)), subject.rights())


@dataclass(frozen=True, slots=True)
class Clean:
    """What a rotation of a scenario is where nothing interrupts it: its moments, and the rights that it leaves."""

    moments: tuple[Moment, ...]
    rights: Mapping[str, Rights]


def require(holds: object, otherwise: str) -> None:
    """Raise PromiseBrokenError unless it holds."""
    if not holds:
        raise PromiseBrokenError(otherwise)


def standing(subject: Subject, token: str, before: Before) -> Standing:
    """Look at labels and logins."""
    logins = {"old": subject.logs_in(before.version), "new": subject.logs_in(token)}
    return Standing(_pending(subject, token), ", ".join(name for name, accepted in logins.items() if accepted))


def _pending(subject: Subject, token: str) -> str:
    labels = subject.cloud.labels(subject.arn).get(token, set())
    if CURRENT in labels:
        return CURRENT
    if PENDING not in labels:
        return "no label"
    return "stored" if subject.login_of(token) else "empty"


def check_kill(scenario: Scenario, subject: Subject, token: str, before: Before, clean: Clean) -> Standing:
    """The promise right after the kill."""
    check_labels(subject)
    found = standing(subject, token, before)
    if "old" in found.logs_in or found.pending == CURRENT:
        require(subject.works(subject.holder(CURRENT)), "AWSCURRENT does not log in and work")
    else:
        require(scenario.has_gap, "AWSCURRENT does not log in")
        require("new" in found.logs_in, "neither AWSCURRENT nor AWSPENDING logs in")
    _check_rights(subject.rights(), before.rights, clean.rights, found)
    check_nothing_is_left(subject)
    return found


def check_complete(scenario: Scenario, subject: Subject, clean: Clean) -> None:
    """The promise after a rotation that ended well."""
    check_labels(subject)
    current = subject.holder(CURRENT)
    require(subject.holder(PENDING) in (None, current), "AWSPENDING is left on another version than AWSCURRENT")
    require(subject.works(current), "AWSCURRENT does not log in and work after the recovery")
    if not scenario.has_gap:
        require(subject.works(subject.holder(PREVIOUS)), "AWSPREVIOUS does not log in and work after the recovery")
    rights = subject.rights()
    require(rights == clean.rights, f"the rights are {rights}, and not {clean.rights}")
    check_nothing_is_left(subject)


def check_labels(subject: Subject) -> None:
    """Each label is on one version at the most, AWSCURRENT on one, and AWSPREVIOUS on another."""
    labels = [label for labels in subject.cloud.labels(subject.arn).values() for label in labels]
    require(labels.count(CURRENT) == 1, "AWSCURRENT is not on exactly one version")
    require(len(labels) == len(set(labels)), "a label is on two versions")
    require(subject.holder(PREVIOUS) != subject.holder(CURRENT), "AWSPREVIOUS is on AWSCURRENT")


def check_nothing_is_left(subject: Subject) -> None:
    """No session of the function's is open on the server, so neither is a lock or a transaction."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left := subject.sessions_left():
        require(time.monotonic() < deadline, f"sessions are left behind on the server: {left}")
        time.sleep(0.01)


def _check_rights(
    rights: Mapping[str, Rights], before: Mapping[str, Rights], expected: Mapping[str, Rights], found: Standing
) -> None:
    """A clone that is being made may have only a part of its rights, but then it must not let anybody in."""
    require(rights["original"] == before["original"], "the original's rights have changed")
    is_half_made = rights["clone"] not in (before["clone"], expected["clone"])
    require(not (is_half_made and (before["clone"] or "new" in found.logs_in)), "a half-made clone can log in")
