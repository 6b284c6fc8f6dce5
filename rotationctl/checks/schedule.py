"""Checks of when the secret rotates."""

import json
import re
from collections.abc import Mapping
from typing import Any

from rotationctl.checks.case import Case
from rotationctl.checks.outcome import Outcome, failed, ok, skipped, warning
from rotationctl.output import moment
from rotationctl.state import judge

_CRON_HOURS = re.compile(r"cron\(\S+ (\d+(?:,\d+)*) .*\)")
_HOURS = re.compile(r"(\d+)h")
HOURS_OF_A_DAY = 24


def _enabled(case: Case) -> Outcome:
    secret = case.secret
    if case.planned and not secret.rotation_enabled:
        return skipped("It is off until something is attached.")
    if secret.function_arn is None:
        return failed(
            "Rotation was never configured. Choose a strategy, and see with --pre what would stand in its way.",
            case.rotationctl("check", "--pre", case.word, "--strategy", "single-user"),
        )
    if not secret.rotation_enabled:
        return failed("Somebody turned rotation off. To rotate turns it on again.", case.adviser.rotate(secret))
    rules = secret.rules
    if not rules:
        return warning("It has no schedule: it rotates only when somebody asks for it.", _every_month(case))
    return ok(f"It rotates {_in_words(rules)}.")


def _next(case: Case) -> Outcome:
    """Source: API Reference, DescribeSecret: after a rotation that failed, NextRotationDate may lie in the past."""
    secret = case.secret
    if secret.next_rotation is None:
        return skipped("AWS names no date.")
    if secret.next_rotation < case.adviser.now:
        text = f"It should have rotated by {moment(secret.next_rotation)}; {_last(case)}."
        return failed(text, case.adviser.next_command(secret, judge(secret, case.adviser.now)))
    return ok(f"It rotates by {moment(secret.next_rotation)}; {_last(case)}.")


def _window(case: Case) -> Outcome:
    """Source: API Reference, RotationRulesType: a window must not extend into the next UTC day."""
    rules = case.secret.rules
    duration, cron = (pattern.fullmatch(str(rules.get(key, ""))) for key, pattern in _TIMES.items())
    if not duration or not cron:
        return ok("AWS ends it with the day at the latest." if rules else "There is no schedule.")
    last = max(int(hour) for hour in cron[1].split(","))
    if last + int(duration[1]) <= HOURS_OF_A_DAY:
        return ok(f"It begins at {last}:00 UTC at the latest, and lasts {rules['Duration']}.")
    shorter = {**case.secret.rules_to_set, "Duration": f"{HOURS_OF_A_DAY - last}h"}
    return warning(f"It begins at {last}:00 UTC and lasts {rules['Duration']}, into the next day.", _set(case, shorter))


def _rate(case: Case) -> Outcome:
    if case.planned is None:
        return ok("Nothing is being attached.")
    if not case.secret.may_fire:
        return ok("No rate is in force that could.")
    return warning(
        f"It rotates {_in_words(case.secret.rules)} now, and may do so once more by the old schedule while a function "
        "is attached. A cron() schedule that is set first, and whose next date is far off, prevents it.",
        _set(case, {"ScheduleExpression": "cron(0 3 1 * ? *)"}),
    )


_TIMES: Mapping[str, re.Pattern[str]] = {"Duration": _HOURS, "ScheduleExpression": _CRON_HOURS}


def _in_words(rules: Mapping[str, Any]) -> str:
    window = f", within {rules['Duration']}" if "Duration" in rules else ""
    expression = rules.get("ScheduleExpression", "") or f"every {rules.get('AutomaticallyAfterDays')} days"
    return f"by {expression}{window}" if "(" in expression else f"{expression}{window}"


def _every_month(case: Case) -> str:
    return _set(case, {"ScheduleExpression": "rate(30 days)"})


def _set(case: Case, rules: Mapping[str, Any]) -> str:
    rotate = ("--no-rotate-immediately", "--rotation-rules", json.dumps(rules))
    return case.secrets_manager("RotateSecret", *rotate)


def _last(case: Case) -> str:
    last = moment(case.secret.last_rotated)
    return f"the last time was {last}" if last else "it never did so far"


CHECKS = {
    "schedule.enabled": _enabled,
    "schedule.next": _next,
    "schedule.window": _window,
    "schedule.rate": _rate,
}
