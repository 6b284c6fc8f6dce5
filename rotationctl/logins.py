"""Which versions of a secret log in, as far as somebody has tried: what recovery decides by, beside the labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Login(StrEnum):
    """What became of a version's login."""

    ACCEPTED = "yes"
    REJECTED = "no"
    UNKNOWN = "unknown"
    """The server could not be asked, or refuses the account whatever the password."""
    EMPTY = "no value"
    UNUSABLE = "not usable"
    """Its value is no JSON that a rotation could use, or is for another server."""
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Logins:
    """What was tried.

    Attributes:
        outcomes: by version id, those that were looked at.
        remarks: what servers and values said, a sentence each.
        rejected: how many logins the server has rejected.
    """

    outcomes: Mapping[str, Login]
    remarks: Sequence[str] = ()
    rejected: int = 0

    def of(self, version_id: str | None) -> Login:
        """What became of this version's login."""
        return self.outcomes.get(version_id or "", Login.NOT_TRIED)

    @property
    def accepted(self) -> list[str]:
        """The versions that log in, in the order in which they were tried."""
        return [version for version, login in self.outcomes.items() if login is Login.ACCEPTED]

    @property
    def none_logs_in(self) -> bool:
        """Whether the server has rejected every version that was tried: a rotation function would not try more."""
        tried = set(self.outcomes.values())
        return Login.REJECTED in tried and not tried & {Login.ACCEPTED, Login.UNKNOWN}
