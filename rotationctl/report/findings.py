"""What an auditor would write down about a secret, by the rules."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rotationctl.output import moment
from rotationctl.report.access import Access
from rotationctl.report.events import FAILED, SUCCEEDED, RotationEvent
from rotationctl.report.lifetime import Lifetime
from rotationctl.report.rules import Finding, Rule
from rotationctl.report.schedule import count, whole_days
from rotationctl.report.waiver import UNTIL_TAG, Waiver
from rotationctl.secret import Secret
from rotationctl.state import State, holding
from secret_rotation.examination.verification import Outcome, Verification

VERIFIED_WITHIN = timedelta(days=2)
EVENT_COMES_WITHIN = timedelta(hours=1)
"""Of what it tells, in its own time, and until it can be read."""
EVENTS_LAST = timedelta(days=89)
"""A day less than AWS keeps them, so that none is missed that is just about to go."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a secret.

    Attributes:
        access: what its policy says; None where that could not be read.
        events: how its rotations ended, the newest first; None where that could not be read.
        events_since: the moment before which events were not read; None where all were that there are.
        verified: whether a doctor logs in between rotations, for the functions of this product.
    """

    secret: Secret
    owner: str | None
    lifetime: Lifetime
    access: Access | None
    events: tuple[RotationEvent, ...] | None
    events_since: datetime | None
    verification: Verification | None
    verified: bool
    waiver: Waiver | None


def find(facts: Facts, now: datetime, max_age: timedelta) -> tuple[Finding, ...]:
    """All that is to be said about a secret at this moment."""
    found = [*_of_state(facts.secret, now), *_of_age(facts, now, max_age), *_of_the_rest(facts, now)]
    holding = facts.waiver if facts.waiver and facts.waiver.holds(now) else None
    waived = (Finding(rule, text, holding if rule.waivable else None) for rule, text in found)
    return tuple(sorted(waived, key=lambda finding: list(Rule).index(finding.rule)))


_Found = Iterator[tuple[Rule, str]]
_TEXTS: Mapping[State, tuple[Rule, Callable[[Secret], str]]] = {
    State.STUCK: (Rule.NOT_COMPLETE, lambda secret: f"The rotation to version {secret.pending} does not go on."),
    State.OVERDUE: (Rule.OVERDUE, lambda secret: f"It should have rotated by {moment(secret.next_rotation)}."),
    State.OFF: (Rule.OFF, lambda _: "Rotation was configured, and is off."),
    State.NEVER: (Rule.NEVER, lambda _: "Rotation is on, and none has succeeded."),
    State.UNUSED: (Rule.UNUSED, lambda secret: f"It was last read on {_day(secret.last_accessed)}."),
    State.OTHER: (Rule.OTHER_FUNCTION, lambda _: "What its function does is not known here."),
}


def _of_state(secret: Secret, now: datetime) -> _Found:
    for state in holding(secret, now):
        if state in _TEXTS:
            rule, text = _TEXTS[state]
            yield rule, text(secret)


def _of_age(facts: Facts, now: datetime, max_age: timedelta) -> _Found:
    since, days = facts.secret.last_rotated or facts.secret.created, facts.lifetime.days
    if since is not None and now - since > max_age:
        yield Rule.TOO_OLD, f"Its password is {count(whole_days(now - since))} old; {count(max_age.days)} are allowed."
    if days is not None and timedelta(days=days) > max_age:
        yield Rule.LIVES_TOO_LONG, f"A password may live {count(days)}; {count(max_age.days)} are allowed."


def _of_the_rest(facts: Facts, now: datetime) -> _Found:
    yield from _of_events(facts, now)
    if facts.access is not None and facts.access.open_to_all:
        yield Rule.OPEN_POLICY, "Its policy lets everybody read it, in any account."
    expected = facts.verified and facts.secret.function is not None
    yield from _of_verification(facts.verification, facts.secret.current, now, expected=expected)
    if facts.waiver is not None and not facts.waiver.holds(now):
        yield _of_waiver(facts.waiver)
    if facts.owner is None:
        yield Rule.NO_OWNER, "No tag names its owner."


def _of_events(facts: Facts, now: datetime) -> _Found:
    events, rotated = facts.events, facts.secret.last_rotated
    # The event of a success may come a quarter of an hour after that of the failure that it followed.
    if events and events[0].name == FAILED and (rotated is None or rotated < events[0].at):
        yield Rule.LAST_FAILED, f"Its last rotation failed at {moment(events[0].at)}."
    if events is None or rotated is None or not EVENT_COMES_WITHIN < now - rotated < EVENTS_LAST:
        return
    if facts.events_since and rotated - EVENT_COMES_WITHIN < facts.events_since:
        return  # its event may be among those that were not read
    if not any(event.name == SUCCEEDED and abs(event.at - rotated) < EVENT_COMES_WITHIN for event in events):
        # Source: API Reference, RotationRulesType: to put a value by hand "is considered a valid rotation".
        yield (
            Rule.NOT_PROVEN,
            f"No event says that it rotated at {moment(rotated)}: somebody may have put a value by hand.",
        )


def _of_verification(found: Verification | None, current: str | None, now: datetime, *, expected: bool) -> _Found:
    if found is None:
        if expected:
            yield Rule.NOT_VERIFIED, "No login was tried."
        return
    standing = found.standing(current)
    if standing is Outcome.OUT_OF_SYNC:
        yield Rule.OUT_OF_SYNC, f"Its password is one that was rejected, as of {moment(found.at)}."
    elif standing is not Outcome.HEALTHY or now - found.at > VERIFIED_WITHIN:
        yield Rule.NOT_VERIFIED, f"When it was last looked at, {moment(found.at)}, it was {found.outcome}."


def _of_waiver(waiver: Waiver) -> tuple[Rule, str]:
    if waiver.reason and waiver.until:
        return Rule.EXPIRED, f"Its exception expired on {waiver.until.isoformat()}."
    missing = f"The tag {UNTIL_TAG} is no day as 2026-12-31." if waiver.reason else "Its exception has no reason."
    return Rule.BAD_EXCEPTION, f"{missing} It waives nothing."


def _day(at: datetime | None) -> str:
    return at.date().isoformat() if at else "no day that is known"
