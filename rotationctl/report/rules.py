"""The rules of a report: what may be found about a secret, in words that scripts may rely on, and what was."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from rotationctl.report.waiver import Waiver


class Rule(StrEnum):
    """What may be found, in words that documents and scripts may rely on, each with its meaning.

    Attributes:
        counts: whether it makes a secret one that is not fine; what does not is a note.
        waivable: whether an exception covers it: a reason not to rotate is none for an open policy.
    """

    meaning: str
    counts: bool
    waivable: bool

    NOT_COMPLETE = "rotation-not-complete", "a rotation has begun, and does not go on.", True, True
    OVERDUE = "overdue", "the date by which it should have rotated has passed.", True, True
    OFF = "rotation-off", "rotation was configured, and is off.", True, True
    NEVER = "never-rotated", "rotation is on, and none has succeeded.", True, True
    LAST_FAILED = "last-rotation-failed", "CloudTrail has a failure since it last rotated.", True, True
    TOO_OLD = "password-too-old", "it last rotated longer ago than --max-age.", True, True
    LIVES_TOO_LONG = "lives-too-long", "by schedule and strategy, a password lives longer than --max-age.", True, True
    UNUSED = "unused", "nobody has read it for 90 days, neither the rotation function nor the doctor.", True, True
    OUT_OF_SYNC = "out-of-sync", "the server rejected the password that it still has.", True, False
    OPEN_POLICY = "open-to-all", "its policy lets everybody read it, in any account.", True, False
    BAD_EXCEPTION = "exception-invalid", "an exception without a reason or a last day waives nothing.", True, False
    EXPIRED = "exception-expired", "its exception has expired, and waives nothing.", True, False
    OTHER_FUNCTION = "other-function", "its function is not of this product, as its name tells.", False, False
    NOT_VERIFIED = "not-verified", "no login with its password has succeeded for two days.", False, False
    NOT_PROVEN = "rotation-not-proven", "CloudTrail has no event of its last rotation.", False, False
    NO_OWNER = "no-owner", "no tag names its owner.", False, False

    def __new__(cls, word: str, meaning: str, counts: bool, waivable: bool) -> Self:  # noqa: FBT001 - a row above
        """Make a member, which is its word."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.meaning = meaning
        member.counts = counts
        member.waivable = waivable
        return member


JSON = {
    "rule": f"what was found: {', '.join(Rule)}",
    "text": "the same in a sentence, with dates and numbers",
    "counts": "whether it makes the secret one that is not fine: it is no note, and not waived",
    "waived_until": "the last day of the exception that covers it; null where none does",
}
"""The keys of a finding in JSON, with their meanings."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found about a secret."""

    rule: Rule
    text: str
    waiver: Waiver | None = None

    @property
    def counts(self) -> bool:
        """Whether it makes the secret one that is not fine."""
        return self.rule.counts and self.waiver is None

    @property
    def waived_until(self) -> str | None:
        """The last day of the exception that covers it."""
        return self.waiver.until.isoformat() if self.waiver and self.waiver.until else None

    def json(self) -> dict[str, object]:
        """The values for the keys of `JSON`."""
        return {
            "rule": self.rule.value, "text": self.text, "counts": self.counts, "waived_until": self.waived_until,
        }  # fmt: skip
