"""The plan of a run: what `--dry-run` prints, and what a person is asked about."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from rotationctl.causes import Cause
from rotationctl.output import moment
from rotationctl.rows import Status
from rotationctl.text import NOTHING, Row, printable, table
from rotationctl.waves.choice import Exclusion
from rotationctl.waves.result import Outcome, Result

TITLES = ("STATE", "SECRET", "DATABASE", "ROTATED")
NAMED_AT_MOST = 5
"""How many secrets that are left out for one reason are called by their names."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to rotate, in its order, each with its database; what is not, with the reasons; how many, or by what."""

    chosen: Sequence[tuple[Status, str]]
    left_out: Sequence[Exclusion]
    at_once: int
    per_database: int
    state_machine: str | None

    def lines(self, columns: int | None) -> list[str]:
        """The table of the secrets."""
        return table(TITLES, [_row(status, database) for status, database in self.chosen], columns)

    def sentences(self) -> list[str]:
        """What will happen, and what is left out."""
        off = [status.secret.name for status, _ in self.chosen if not status.secret.rotation_enabled]
        turned_on = [printable(f"Rotation is off, and is turned on again: {', '.join(off)}.")] if off else []
        return [self._course(), *turned_on, *self._reasons()]

    def results(self) -> list[Result]:
        """The plan as a run without any rotation."""
        planned = [Result(status.secret, Outcome.PLANNED, database) for status, database in self.chosen]
        return [*planned, *self.exclusions()]

    def exclusions(self) -> list[Result]:
        """What is left out, as results."""
        return [Result(left.secret, left.outcome, "", cause=Cause("", left.reason)) for left in self.left_out]

    def _course(self) -> str:
        databases = Counter(database for _, database in self.chosen)
        if len(self.chosen) < 2:  # noqa: PLR2004 - what there is to say of several
            return f"{len(self.chosen) or 'No'} secret to rotate."
        if self.state_machine is not None:
            return f"{len(self.chosen)} secrets to rotate on {len(databases)} databases, by {self.state_machine}."
        first = printable(self.chosen[0][0].secret.name)
        return (
            f"{len(self.chosen)} secrets to rotate on {len(databases)} databases: {first} alone, then the first of "
            f"each database, then {self.per_database} at once of each and {self.at_once} at once of all."
        )

    def _reasons(self) -> list[str]:
        names = defaultdict(list)
        for left in self.left_out:
            names[left.reason].append(left.secret.name)
        return [printable(f"Left out, {_several(found)}: {reason}.") for reason, found in names.items()]


def _several(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= NAMED_AT_MOST else f"{len(names)} secrets"


def _row(status: Status, database: str) -> Row:
    rotated = moment(status.secret.last_rotated) or NOTHING
    return Row([status.state.value, status.secret.name, database, rotated], status.state.colour)
