"""How the database's network is looked at: by the doctor's function, from here, or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass

from rotationctl.checks import local
from rotationctl.checks.case import Case
from rotationctl.checks.inside import Answer, ask_function, nobody
from rotationctl.checks.outcome import skipped
from rotationctl.local.option import Local


@dataclass(frozen=True, slots=True)
class Way:
    """The way that was asked for.

    Attributes:
        doctor: a function that is the doctor; None where it is to be found.
        local: how the database is reached from here; None where it is not looked at from here.
        is_left_out: nobody looks.
    """

    doctor: str | None
    local: Local | None
    is_left_out: bool

    @property
    def options(self) -> list[str]:
        """The same options again, for a command that is printed."""
        named = ["--doctor", self.doctor] if self.doctor else []
        return [*named, *(self.local.options if self.local else ()), *(["--no-inside"] if self.is_left_out else [])]


def look(case: Case, way: Way, checks: Sequence[str]) -> Answer:
    """Find out what can only be seen within the database's network."""
    if way.is_left_out:
        return nobody(skipped("--no-inside was given."))
    if way.local:
        return local.look(case, way.local, checks)
    if case.planned and way.doctor is None:
        return nobody(
            skipped(
                "The role of the doctor's function reads secrets alone that are attached. Look from here with --local."
            )
        )
    return ask_function(case, way.doctor, checks)
