"""A secret of the population, with all that a report says about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from rotationctl.functions import function_name
from rotationctl.output import moment
from rotationctl.report import verifications
from rotationctl.report.findings import Facts, find
from rotationctl.report.rules import Finding
from rotationctl.report.schedule import Schedule, whole_days
from rotationctl.rows import Status

FINE, NOT_FINE, WAIVED = "fine", "not fine", "waived"
RESULTS = {
    NOT_FINE: "a finding counts",
    WAIVED: "an exception covers each finding that would count",
    FINE: "there is at most a note",
}
"""How a secret comes out of a report, the worst first."""
AWS_KEY = "aws/secretsmanager"
JSON = {
    "name": "the secret's name",
    "arn": "its ARN",
    "result": f"how it comes out: {', '.join(RESULTS)}",
    "owner": "the value of the tag that names its owner; null where none does",
    "state": "the word that `status` has for it",
    "engine": "the engine that its function is for; null where the function is not of this product",
    "strategy": "the strategy of its function, in the same way",
    "function": "the name of the function that rotates it",
    "schedule": "how often it shall rotate, as it was set; null where it has no schedule",
    "window": "how long after its hour a rotation may begin; null for the whole day",
    "interval_days": "from one rotation to the next, in days; null where that cannot be told",
    "last_rotated": "when a rotation last succeeded",
    "next_rotation": "the date by which it rotates",
    "days_late": "for how many days it is overdue, rounded up; 0 where it is not",
    "age_days": "how old its password is, in days, rounded up: since it last rotated, or was created",
    "lives_days": "how long a password lives at most, in days; null where that cannot be told",
    "lives": "the same with its reason",
    "former_ends": "when the former password stops to log in, or did; null where that cannot be told",
    "kms_key": "the key that encrypts it",
    "last_accessed": "the day on which its value was last read",
    "readers": "whom its own policy lets read it; null where the policy was not read",
    "denied": "whom its own policy forbids to read it, in the same way",
    "verification": "the last login with its password between rotations; null where there is none",
    "rotations": "how its last rotations ended, the newest first; null where that was not read",
    "exception": "its exception; null where it has none",
    "findings": "what was found",
    "next_command": "what to type next; null where there is nothing to do",
}
"""The keys of a secret in JSON, with their meanings. Moments are ISO 8601 in UTC."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A secret of the population."""

    status: Status
    schedule: Schedule
    facts: Facts
    findings: Sequence[Finding]
    now: datetime

    @classmethod
    def of(cls, status: Status, schedule: Schedule, facts: Facts, now: datetime, max_age: timedelta) -> Self:
        """An entry with what there is to find."""
        return cls(status, schedule, facts, find(facts, now, max_age), now)

    @property
    def result(self) -> str:
        """One of `RESULTS`."""
        if any(finding.counts for finding in self.findings):
            return NOT_FINE
        return WAIVED if any(finding.rule.counts for finding in self.findings) else FINE

    @property
    def days_late(self) -> int:
        """For how many days it is overdue."""
        due = self.facts.secret.next_rotation
        return whole_days(self.now - due) if due and due < self.now else 0

    @property
    def age_days(self) -> int | None:
        """How old its password is."""
        since = self.facts.secret.last_rotated or self.facts.secret.created
        return whole_days(self.now - since) if since else None

    @property
    def last_read(self) -> str | None:
        """The day on which its value was last read."""
        day = self.facts.secret.last_accessed
        return day.date().isoformat() if day else None

    @property
    def former_ends(self) -> datetime | None:
        """When the password that it had before the last rotation stops to log in, or did."""
        secret, lives, interval = self.facts.secret, self.facts.lifetime.days, self.schedule.days
        if secret.function is None or secret.last_rotated is None or lives is None:
            return None
        return secret.last_rotated if lives == interval else secret.next_rotation

    def json(self) -> dict[str, object]:
        """The values for the keys of `JSON`."""
        facts, secret, access = self.facts, self.facts.secret, self.facts.access
        function = secret.function
        return {
            "name": secret.name,
            "arn": secret.arn,
            "result": self.result,
            "owner": facts.owner,
            "state": self.status.state.value,
            "engine": function and function.engine,
            "strategy": function and function.strategy,
            "function": secret.function_arn and function_name(secret.function_arn),
            "schedule": self.schedule.text,
            "window": self.schedule.window,
            "interval_days": self.schedule.days,
            "last_rotated": moment(secret.last_rotated),
            "next_rotation": moment(secret.next_rotation),
            "days_late": self.days_late,
            "age_days": self.age_days,
            "lives_days": facts.lifetime.days,
            "lives": facts.lifetime.sentence,
            "former_ends": moment(self.former_ends),
            "kms_key": secret.kms_key or AWS_KEY,
            "last_accessed": self.last_read,
            "readers": access and list(access.readers),
            "denied": access and list(access.denied),
            "verification": facts.verification and verifications.json_of(facts.verification),
            "rotations": None if facts.events is None else [event.json() for event in facts.events],
            "exception": facts.waiver and facts.waiver.json(self.now),
            "findings": [finding.json() for finding in self.findings],
            "next_command": self.status.next_command,
        }
