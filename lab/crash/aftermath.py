"""What a kill leaves behind, and whether the promise holds of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lab.crash.moment import Moment
from lab.crash.privileges import Rights
from lab.crash.scenario import Scenario
from lab.crash.target import Target
from secret_rotation.labels import AWSCURRENT, AWSPENDING, AWSPREVIOUS

PATIENCE_SECONDS = 20.0


class PromiseBrokenError(AssertionError):
    """Something is not as it must be, whatever was killed."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """The secret and its database, seen from outside.

    Attributes:
        pending: where the token's version stands: "empty", "stored", "AWSCURRENT", or "no label".
        logs_in: "old", "new" or both: the version that was AWSCURRENT before this rotation, and that of its token.
    """

    pending: str
    logs_in: str


@dataclass(frozen=True, slots=True)
class StateBefore:
    """The same before the rotation: what the promise is measured by."""

    version: str
    rights: Mapping[str, Rights]

    @classmethod
    def of(cls, target: Target) -> "StateBefore":
        """Look, and make sure that all is well before anything is killed."""
        require(target.works(target.secret.version_with(AWSCURRENT)), "AWSCURRENT does not work before the kill")
        return cls(str(target.secret.version_with(AWSCURRENT)), target.rights())

    def with_rights_of_original(self, rights: Mapping[str, Rights]) -> "StateBefore":
        """The same once an operator has changed what the original may do."""
        return replace(self, rights={**self.rights, "original": rights["original"]})


@dataclass(frozen=True, slots=True)
class CleanRun:
    """What a rotation of a scenario is where nothing interrupts it.

    Attributes:
        moments: those that pass.
        rights: those that it leaves.
        rights_in_the_end: those after the recovery from a kill, and after all further rotations.
    """

    moments: tuple[Moment, ...]
    rights: Mapping[str, Rights]
    rights_in_the_end: Mapping[str, Rights]


def require(holds: object, otherwise: str) -> None:
    """Raise PromiseBrokenError unless it holds."""
    if not holds:
        raise PromiseBrokenError(otherwise)


def aftermath_of(target: Target, token: str, before: StateBefore) -> Aftermath:
    """Look at labels and logins."""
    logins = {"old": target.logs_in(before.version), "new": target.logs_in(token)}
    return Aftermath(_pending(target, token), ", ".join(name for name, accepted in logins.items() if accepted))


def _pending(target: Target, token: str) -> str:
    labels = target.secret.labels().get(token, set())
    if AWSCURRENT in labels:
        return AWSCURRENT
    if AWSPENDING not in labels:
        return "no label"
    return "stored" if target.secret.login_of(token) else "empty"


def check_kill(scenario: Scenario, target: Target, token: str, before: StateBefore, clean: CleanRun) -> Aftermath:
    """The promise right after the kill."""
    check_labels(target)
    found = aftermath_of(target, token, before)
    if "old" in found.logs_in or found.pending == AWSCURRENT:
        require(target.works(target.secret.version_with(AWSCURRENT)), "AWSCURRENT does not log in and work")
    else:
        require(scenario.pairing.has_gap, "AWSCURRENT does not log in")
        require("new" in found.logs_in, "neither AWSCURRENT nor AWSPENDING logs in")
    _check_rights(target.rights(), before.rights, clean, found)
    check_nothing_is_left(target)
    return found


def check_complete(scenario: Scenario, target: Target, clean: CleanRun, *, is_mirrored: bool = True) -> None:
    """The promise after a rotation that ended well.

    `is_mirrored` is False where the two users were last made equal before the kill: what an operator has changed since
    reaches the other one with the next rotation.
    """
    check_labels(target)
    current = target.secret.version_with(AWSCURRENT)
    require(
        target.secret.version_with(AWSPENDING) in (None, current),
        "AWSPENDING is left on another version than AWSCURRENT",
    )
    require(target.works(current), "AWSCURRENT does not log in and work after the recovery")
    if not scenario.pairing.has_gap:
        require(
            target.works(target.secret.version_with(AWSPREVIOUS)),
            "AWSPREVIOUS does not log in and work after the recovery",
        )
    rights, expected = target.rights(), clean.rights_in_the_end
    waits = not is_mirrored and rights == {**expected, "clone": clean.rights["clone"]}
    require(rights == expected or waits, f"the rights are {rights}, and not {expected}")
    check_nothing_is_left(target)


def check_labels(target: Target) -> None:
    """Each label is on one version at the most, AWSCURRENT on one, and AWSPREVIOUS on another."""
    labels = [label for labels in target.secret.labels().values() for label in labels]
    require(labels.count(AWSCURRENT) == 1, "AWSCURRENT is not on exactly one version")
    require(len(labels) == len(set(labels)), "a label is on two versions")
    require(
        target.secret.version_with(AWSPREVIOUS) != target.secret.version_with(AWSCURRENT),
        "AWSPREVIOUS is on AWSCURRENT",
    )


def check_nothing_is_left(target: Target) -> None:
    """No session of the function's is open on the server, so neither is a lock or a transaction."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left := target.sessions_left():
        require(time.monotonic() < deadline, f"sessions are left behind on the server: {left}")
        time.sleep(0.01)


def _check_rights(
    rights: Mapping[str, Rights], before: Mapping[str, Rights], clean: CleanRun, found: Aftermath
) -> None:
    """A clone that is being made may have only a part of its rights, but then it must not let anybody in."""
    require(rights["original"] == before["original"], "the original's rights have changed")
    whole = (before["clone"], clean.rights["clone"], clean.rights_in_the_end["clone"])
    is_half_made = rights["clone"] not in whole
    require(not (is_half_made and (before["clone"] or "new" in found.logs_in)), "a half-made clone can log in")
