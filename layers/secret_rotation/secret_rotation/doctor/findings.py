"""What a check has found, as the two halves of the doctor tell it to each other."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self


class Result(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. None of it is ever a value of a secret.

    Attributes:
        check: the name of the check, as the catalogue has it.
        text: what was found; for a check that was skipped, why.
        remedy: what to do, with the command or statement to type; None where nothing has to be done, or where `text`
            says it already.
    """

    check: str
    result: Result
    text: str
    remedy: str | None = None

    @classmethod
    def from_json(cls, document: object) -> Self:
        """Read what `to_json` gives.

        Raises:
            ValueError: it is no finding.
        """
        match document:
            case {"check": str(check), "result": str(result), "text": str(text), "remedy": str() | None as remedy}:
                return cls(check, Result(result), text, remedy)
        raise ValueError("no finding of the doctor")

    def to_json(self) -> Mapping[str, str | None]:
        """The finding as keys and values of JSON."""
        return {**asdict(self), "result": self.result.value}
