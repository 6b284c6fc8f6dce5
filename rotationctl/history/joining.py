"""Joins what CloudTrail and the function's log tell into entries: one for each version that was rotated to."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from rotationctl.functions import function_name
from rotationctl.history import by_hand
from rotationctl.history.entries import SCHEDULE, Entry, Outcome, Problem, What
from rotationctl.history.log import Line, last_problem
from rotationctl.history.trail import ASKED_WITHIN, SERVICE_EVENTS, Event
from rotationctl.secret import Secret

_STEP = re.compile(r" during (\w+) step")
_SECOND = timedelta(seconds=2)
"""By so much CloudTrail's whole seconds and the log may differ about the same moment."""
_ENDINGS = {
    "Succeeded": Outcome.SUCCEEDED,
    "Failed": Outcome.FAILED,
    "Abandoned": Outcome.GIVEN_UP,
}
_ORDER = ("Started", "Failed", "Succeeded", "Abandoned")
"""Of events in the same second, which is as exact as CloudTrail is."""


def join(events: Iterable[Event], lines: Mapping[str, Sequence[Line]], secret: Secret) -> list[Entry]:
    """The entries of a secret's history, the newest first."""
    rotations: dict[str, list[Event]] = defaultdict(list)
    asking: list[Event] = []
    entries: list[Entry] = []
    for event in events:
        if event.name in SERVICE_EVENTS:
            rotations[_rotation(event)].append(event)
        elif _asks(event):
            asking.append(event)
        elif not _is_by_function(event, secret):
            entries.append(by_hand.entry(event))
    entries += [_of_trail(version, told, lines.get(version, ()), asking) for version, told in rotations.items()]
    entries += [_of_log(version, told) for version, told in lines.items() if version not in rotations]
    return sorted(entries, key=_place, reverse=True)


def _place(entry: Entry) -> tuple[datetime, datetime]:
    """Where an entry stands: of those that began in one second, which may be as exact as it is known, by their ends.

    One without an end comes last of them, unless it is known more exactly when it began.
    """
    second = entry.began.replace(microsecond=0)
    return second, entry.ended or (entry.began if entry.began > second else second + timedelta(seconds=1))


def begins_an_entry(event: Event, secret: Secret) -> object:
    """Which entry an event belongs to, as something that can be compared; None where it belongs to none by itself."""
    if event.name in SERVICE_EVENTS:
        return _rotation(event)
    return None if _asks(event) or _is_by_function(event, secret) else event.event_id


def _rotation(event: Event) -> str:
    """What rotations are told apart by: the version, or each event is one by itself."""
    return event.token or event.event_id


def _asks(event: Event) -> bool:
    """Whether it is a call that a rotation began with."""
    return event.name == "RotateSecret" and event.error is None


def _is_by_function(call: Event, secret: Secret) -> bool:
    """Whether the rotation function called: its role's session is called after it."""
    name = function_name(secret.function_arn) if secret.function_arn else None
    return name is not None and call.by is not None and call.by.endswith(f"/{name}")


def _of_trail(version: str, told: Sequence[Event], lines: Sequence[Line], asking: Sequence[Event]) -> Entry:
    told = sorted(told, key=lambda event: (event.at, _ORDER.index(_kind(event))))
    last = told[-1]
    outcome = _ENDINGS.get(_kind(last), Outcome.UNFINISHED)
    starts = [event for event in told if _kind(event) == "Started"]
    began, ended = told[0].at, None if outcome is Outcome.UNFINISHED else last.at
    entry = Entry(
        What.DRY_RUN if last.name.startswith("Test") else What.ROTATION,
        outcome,
        began,
        ended,
        len(starts) or None,
        last.token,
        _who_asked(version, began, asking),
        problem=None if outcome is Outcome.SUCCEEDED else _problem(told, lines),
    )
    return _more_exactly(entry, lines)


def _kind(event: Event) -> str:
    return event.name.removeprefix("Test").removeprefix("Rotation")


def _who_asked(version: str, began: datetime, asking: Sequence[Event]) -> str | None:
    named = (call for call in asking if call.token == version)
    unnamed = (call for call in asking if call.token is None and timedelta() <= began - call.at <= ASKED_WITHIN)
    call = next(named, None) or next(unnamed, None)
    return call.by if call else SCHEDULE


def _problem(told: Sequence[Event], lines: Sequence[Line]) -> Problem | None:
    """Why it failed when it last did; CloudTrail names the step alone."""
    if (logged := last_problem(lines)) is not None:
        return logged
    steps = [found[1] for event in told if (found := _STEP.search(event.error or ""))]
    return Problem(steps[-1]) if steps else None


def _more_exactly(entry: Entry, lines: Sequence[Line]) -> Entry:
    """The same with the log's times, which are exact to the millisecond, where the log has all of it."""
    if not lines or entry.ended is None or abs(entry.ended - lines[-1].at) > _SECOND:
        return entry
    if abs(entry.began - lines[0].began) > _SECOND:
        return entry
    return replace(entry, began=lines[0].began, ended=lines[-1].at)


def _of_log(version: str, lines: Sequence[Line]) -> Entry:
    """What CloudTrail does not tell, or not yet."""
    last, is_dry_run = lines[-1], lines[0].step == "testSecret"
    ends_with = "testSecret" if is_dry_run else "finishSecret"
    outcome = Outcome.FAILED if last.problem else Outcome.SUCCEEDED if last.step == ends_with else Outcome.UNFINISHED
    what = What.DRY_RUN if is_dry_run else What.ROTATION
    ended = None if outcome is Outcome.UNFINISHED else last.at
    return Entry(what, outcome, lines[0].began, ended, version=version, problem=last.problem)
