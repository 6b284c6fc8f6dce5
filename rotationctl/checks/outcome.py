"""What one check has found, before it gets its name."""

from dataclasses import dataclass

from secret_rotation.doctor.findings import Finding, Result


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a check ended.

    Attributes:
        text: what was found, or why it could not be looked for.
        remedy: a command that can be typed as it stands; None where `text` says what to do.
    """

    result: Result
    text: str
    remedy: str | None = None

    def named(self, check: str) -> Finding:
        """The finding of the check of that name."""
        return Finding(check, self.result, self.text, self.remedy)


def ok(text: str) -> Outcome:
    """What the check's title says is so."""
    return Outcome(Result.OK, text)


def warning(text: str, remedy: str | None = None) -> Outcome:
    """A rotation can succeed; something is not as it should be."""
    return Outcome(Result.WARNING, text, remedy)


def failed(text: str, remedy: str | None = None) -> Outcome:
    """A rotation cannot succeed, or does not begin."""
    return Outcome(Result.FAILED, text, remedy)


def skipped(text: str) -> Outcome:
    """Nobody has looked, for the reason that the text gives."""
    return Outcome(Result.SKIPPED, text)
