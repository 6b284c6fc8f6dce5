"""What `rotationctl recover` prints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rotationctl.exits import Exit
from rotationctl.logins import Login, Logins
from rotationctl.output import columns, moment, say, write, write_json
from rotationctl.plans import Step
from rotationctl.recovery import Diagnosis
from rotationctl.rows import Status
from rotationctl.state import ALARMING
from rotationctl.text import INDENT, NOTHING, Row, printable, table
from rotationctl.versions import Version
from secret_rotation.engine import MAX_REJECTED_LOGINS

TITLES = ("VERSION", "LABELS", "CREATED")
LOGIN_TITLE = "LOGS IN"
JSON = {
    "secret": "the secret, with the keys that `status` gives it",
    "condition": "one of the words above",
    "meaning": "the same in a sentence",
    "versions": "the versions, the newest first",
    "remarks": "with --local: what servers and values said, a sentence each",
    "plan": "the steps of the way out, in their order",
    "ended": "how the step that --yes did ended, as an exit code; null where none was done",
}
VERSION_JSON = {
    "version": "its id",
    "labels": "its labels",
    "created": "when its value was put; null where it is not listed with one",
    "logs_in": f"with --local: {', '.join(Login)}; else null",
}
STEP_JSON = {
    "why": "what it is for",
    "command": "what to type; null where that cannot be told",
    "deed": "what --yes does in its place: follow, rotate, give_up or name_current; null where it leaves it to you",
}


@dataclass(frozen=True, slots=True)
class Report:
    """The condition of one secret, and the way out."""

    status: Status
    found: Diagnosis
    steps: Sequence[Step]

    @property
    def code(self) -> Exit:
        """How the command ends where nothing is done."""
        is_fine = not self.found.condition.needs_somebody and self.status.state not in ALARMING
        return Exit.FINE if is_fine else Exit.NOT_FINE

    def write(self) -> None:
        """Print it for a person."""
        write(self._lines())
        if self.found.logins:
            say(_summary(self.found.logins))

    def write_json(self, ended: Exit | None) -> None:
        """Print it as JSON, with how the step ended that was done."""
        condition, logins = self.found.condition, self.found.logins
        write_json(
            {
                "secret": self.status.json(),
                "condition": condition.value,
                "meaning": condition.meaning,
                "versions": [_version(version, logins) for version in self.found.versions],
                "remarks": list(logins.remarks) if logins else [],
                "plan": [_step(step) for step in self.steps],
                "ended": ended,
            }
        )

    def _lines(self) -> Iterator[str]:
        yield printable(f"{self.status.secret.name}: {self.found.condition}")
        yield self.found.condition.meaning
        yield ""
        logins = self.found.logins
        titles = TITLES if logins is None else (*TITLES, LOGIN_TITLE)
        yield from table(titles, [_row(version, logins) for version in self.found.versions], columns())
        for remark in logins.remarks if logins else ():
            yield printable(remark)
        for number, step in enumerate(self.steps, start=1):
            yield ""
            yield printable(f"{number}. {step.why}")
            if step.command:
                yield INDENT + printable(step.command)


def _row(version: Version, logins: Logins | None) -> Row:
    cells = [version.version_id, " ".join(sorted(version.labels)) or NOTHING, moment(version.created) or NOTHING]
    return Row(cells if logins is None else [*cells, logins.of(version.version_id)])


def _summary(logins: Logins) -> str:
    rejections = f"{logins.rejected} rejected login{'' if logins.rejected == 1 else 's'}"
    return f"{rejections}; {MAX_REJECTED_LOGINS} are the most, because servers lock accounts."


def _version(version: Version, logins: Logins | None) -> dict[str, object]:
    return {
        "version": version.version_id,
        "labels": sorted(version.labels),
        "created": moment(version.created),
        "logs_in": logins and logins.of(version.version_id).value,
    }


def _step(step: Step) -> dict[str, object]:
    return {"why": step.why, "command": step.command, "deed": step.deed and step.deed.name.lower()}
