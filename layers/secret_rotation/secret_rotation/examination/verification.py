"""What became of the daily login of a secret, and what of it has to be remembered until the next."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from secret_rotation import __version__
from secret_rotation.credentials import Credentials, normal_host

KEY = "verification"
"""Of a line in the log that is one."""


class Outcome(StrEnum):
    """The words for a secret."""

    HEALTHY = "healthy"
    OUT_OF_SYNC = "out of sync"
    UNREACHABLE = "unreachable"
    UNCHECKED = "unchecked"


class Reason(StrEnum):
    """Why a secret was not checked."""

    ROTATING = "rotating"
    NO_VALUE = "no value"
    UNREADABLE = "unreadable"
    HOST_CHANGED = "host changed"
    REJECTED_BEFORE = "rejected before"
    ACCOUNT_REJECTED = "account rejected"


_SETTLED = (Reason.HOST_CHANGED, Reason.REJECTED_BEFORE)
"""To ask again within the day would give the same answer."""


@dataclass(frozen=True, slots=True)
class Verification:
    """One line of the doctor's memory. Nothing of it is a value of a secret that messages do not name.

    Attributes:
        at: when it was.
        version: the version that was AWSCURRENT; None where none was.
        place: the server that last proved to be the secret's, by its certificate: see `place_of`.
        rejected: the version whose password the server rejected; None where it was another one's, or none.
        text: what is to be told of it.
        account: whom it logs in as, and where; None where that was never read.
    """

    secret: str
    at: datetime
    outcome: Outcome
    reason: Reason | None
    version: str | None
    place: str | None
    rejected: str | None
    text: str
    account: str | None = None

    @classmethod
    def from_line(cls, text: str) -> Self | None:
        """Read a line of the log.

        Returns:
            None where it is another line.
        """
        try:
            line = json.loads(text)
            found, reason = line[KEY], line[KEY]["reason"]
            texts = {name: found[name] for name in ("version", "place", "rejected", "account")}
            if not all(isinstance(text, str | None) for text in texts.values()):
                return None
            at = datetime.fromisoformat(line["timestamp"])
            if at.tzinfo is None:  # it compares with no other
                return None
            return cls(
                secret=str(line["secret_arn"]),
                at=at,
                outcome=Outcome(found["outcome"]),
                reason=Reason(reason) if reason is not None else None,
                text=str(line["message"]),
                **texts,
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            return None

    def to_line(self) -> str:
        """The line, in the form of all others of the log."""
        line = {
            "level": "INFO" if self.outcome is Outcome.HEALTHY else "WARNING",
            "message": self.text,
            "timestamp": self.at.isoformat(),
            "secret_arn": self.secret,
            "software_version": __version__,
            KEY: {
                "outcome": self.outcome.value,
                "reason": self.reason and self.reason.value,
                "version": self.version,
                "place": self.place,
                "rejected": self.rejected,
                "account": self.account,
            },
        }
        return json.dumps(line, separators=(",", ":"))

    @property
    def is_settled(self) -> bool:
        """Whether nothing is to be tried again before the next day."""
        return self.outcome in (Outcome.HEALTHY, Outcome.OUT_OF_SYNC) or self.reason in _SETTLED

    def standing(self, current: str | None) -> Outcome:
        """The word for the secret until its next turn, given the version that is AWSCURRENT now.

        What was rejected stays out of sync, though it is not tried again; a version that came after it is another.
        """
        if self.rejected is not None and self.rejected == current and self.reason is not Reason.ROTATING:
            return Outcome.OUT_OF_SYNC
        is_of_another = self.outcome is Outcome.OUT_OF_SYNC and self.version != current
        return Outcome.UNCHECKED if is_of_another else self.outcome


def place_of(user: Credentials) -> str:
    """Where a password would be sent, and who has to prove to be there: all that somebody could lead it away by."""
    name = f"proven by the certificate of {normal_host(user.certified_name)}" if user.tls else "without TLS"
    return f"{normal_host(user.host)}:{user.port}, {name}"


def account_of(user: Credentials) -> str:
    """What a server counts rejected logins of."""
    return f"{user.username} at {normal_host(user.host)}:{user.port}"
