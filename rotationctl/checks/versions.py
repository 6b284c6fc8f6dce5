"""Checks of the secret's versions and their labels."""

from rotationctl.checks.case import Case
from rotationctl.checks.outcome import Outcome, failed, ok, warning
from rotationctl.output import moment
from rotationctl.recovery import Condition, diagnose
from rotationctl.state import UNUSED_AFTER, State, judge
from secret_rotation.labels import AWSPREVIOUS

MOST_VERSIONS, MANY_VERSIONS = 100, 80
"""Secrets Manager keeps about a hundred, and deletes none that is younger than a day.

Source: Secrets Manager User Guide, "Quotas".
"""


def _labels(case: Case) -> Outcome:
    secret = case.secret
    if secret.current is None:
        return failed(Condition.NO_CURRENT.meaning, case.adviser.recover(secret))
    if secret.last_rotated and secret.labels.holder(AWSPREVIOUS) is None:
        text = (
            "No version is AWSPREVIOUS, although it has rotated: there is nothing to go back to. A rotation mends it."
        )
        return warning(text, case.adviser.rotate(secret))
    return ok(f"AWSCURRENT is on version {secret.current}.")


def _pending(case: Case) -> Outcome:
    secret = case.secret
    condition = diagnose(secret, case.versions if secret.pending else [], case.adviser.now).condition
    if condition is Condition.ROTATING:
        return warning(condition.meaning, case.adviser.watch(secret))
    if condition.needs_somebody:
        return failed(condition.meaning, case.adviser.recover(secret))
    return ok("None is under way.")


def _count(case: Case) -> Outcome:
    number = len(case.versions)
    if number <= MANY_VERSIONS:
        return ok(f"It has {number}, and may have about {MOST_VERSIONS}.")
    return warning(
        f"It has {number} versions; at {MOST_VERSIONS} within a day nothing more is stored. Find out what rotates or "
        "writes it so often.",
        case.adviser.history(case.secret),
    )


def _use(case: Case) -> Outcome:
    secret = case.secret
    last = moment(secret.last_accessed)
    if judge(secret, case.adviser.now) is State.UNUSED:
        text = f"Nobody has read it for {UNUSED_AFTER.days} days, not even the function (last: {last or 'never'})."
        return warning(text, case.adviser.show_secret(secret))
    return ok(f"Its value was last read on {last[:10]}." if last else "It is new.")


CHECKS = {
    "versions.labels": _labels,
    "versions.pending": _pending,
    "versions.count": _count,
    "versions.use": _use,
}
