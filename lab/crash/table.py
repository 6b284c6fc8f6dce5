"""docs/crash-table.md: written from results, and read again to see whether it still tells the truth."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from lab.crash.case import Result
from lab.crash.moment import Moment
from lab.crash.scenario import PHASES, Phase, Scenario, Way
from lab.crash.standing import Standing
from lab.lambda_environment.code import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "crash-table.md"
ENGINES = {"postgres": "PostgreSQL", "mysql": "MySQL"}
HEADER = ("No.", "Step", "Moment", "AWSPENDING", "Logs in", *(way.capitalize() for way in Way))
NOTHING = "-"
INTRODUCTION = """\
# The crash table

Written by `make crash-table`, and only where no case broke a promise; `make test` fails where it no longer tells the
truth.

A function can die at any moment. For each moment of a rotation, a real function was killed there (SIGKILL), on real
servers, and the rotation went on in one of four ways. Moments were found by recording a rotation that nothing
interrupts: each call of Secrets Manager, before and after its effect; each message to and from the database, before it
goes any further; and the answer to Lambda. A run of messages of one kind counts once.

After the kill, and again after the recovery and each of two further rotations, this was asserted: AWSCURRENT logs in,
reads and writes; no label is where it must not be; no privilege of either user was gained or lost, and a clone that is
not complete lets nobody in; no session, and so no lock, is left on the server.
**The one exception** is in the tables too, where "Logs in" does not say "old": single user on PostgreSQL has one
password, so from setSecret to finishSecret it is the new one alone.

| Way on | What happened after the kill |
|---|---|
| Same token | The service tries again, with the same token. |
| Label removed | An operator removes AWSPENDING, and starts another rotation. |
| Cancelled | CancelRotateSecret, then RotateSecret: the service takes up the same token again. |
| Killed again | As "same token", and the second try is killed at another of its moments. |

- **AWSPENDING**: where the version of this rotation stands: empty, stored, or already AWSCURRENT.
- **Logs in**: which versions the database accepts: the old one, the new one, or both.
- What healed it: the recovery *sets* the new password, *finds it set*, or *finds all done*; and how many logins the
  database refused on the way, none where nothing is said.
"""


@dataclass
class Row:
    """A moment: what it leaves behind, and what healed it, by way."""

    moment: Moment
    left: Standing
    healing: dict[Way, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, result: Result) -> None:
        """Add what another case at this moment found."""
        if (self.moment, self.left) != (result.moment, result.left):
            raise ValueError(f"{result.case} is {result.moment}, leaves {result.left}; elsewhere {self}")
        self.healing[result.case.way].add(result.healing)


@dataclass
class Table:
    """A kind of rotation on servers that have the same moments of it; rows by position."""

    engine: str
    strategy: str
    phase: Phase
    servers: list[str]
    rows: dict[int, Row]
    cases: int

    @property
    def heading(self) -> str:
        """What it is a table of."""
        versions = ", ".join(server.removeprefix(self.engine) for server in self.servers)
        return f"{ENGINES[self.engine]} {versions}".strip() + f", {self.strategy.replace('_', ' ')}, {self.phase}"


def document(results: Iterable[Result]) -> str:
    """The whole document."""
    results = list(results)
    found = tables(results)
    parts = [INTRODUCTION, f"**{summary(results)}.**\n", _markdown(_totals(found)), _markdown(_servers(results))]
    for table in found:
        parts += [f"## {table.heading}\n", _markdown([HEADER, *_cells(table)])]
    return "\n".join(parts)


def summary(results: Iterable[Result]) -> str:
    """The totals in a sentence."""
    results = list(results)
    moments = len({(result.case.scenario, result.case.position) for result in results})
    servers = len({result.case.scenario.server for result in results})
    return f"{len(results):,} kills at {moments:,} moments, on {servers} servers: no promise broken"


def tables(results: Iterable[Result]) -> list[Table]:
    """The results by kind of rotation; servers, newest first, are together where their moments are the same."""
    by_scenario: dict[Scenario, list[Result]] = defaultdict(list)
    for result in results:
        by_scenario[result.case.scenario].append(result)
    found: list[Table] = []
    for scenario in sorted(by_scenario, key=lambda one: one.server, reverse=True):
        _add(found, scenario, by_scenario[scenario])
    return sorted(found, key=_order)


def _order(table: Table) -> tuple[object, ...]:
    return list(ENGINES).index(table.engine), table.strategy, PHASES[table.strategy].index(table.phase), table.servers


def _add(found: list[Table], scenario: Scenario, results: list[Result]) -> None:
    engine = scenario.server.rstrip("0123456789")
    kind = (engine, scenario.strategy, scenario.phase)
    same = (one for one in found if (one.engine, one.strategy, one.phase) == kind and _agree(one, results))
    table = next(same, None)
    if table is None:
        table = Table(*kind, servers=[], rows={}, cases=0)
        found.append(table)
    table.servers.insert(0, scenario.server)
    table.cases += len(results)
    for result in results:
        table.rows.setdefault(result.case.position, Row(result.moment, result.left)).add(result)


def _agree(table: Table, results: list[Result]) -> bool:
    known = [result for result in results if result.case.position in table.rows]
    return all(table.rows[result.case.position].moment == result.moment for result in known)


def _totals(found: list[Table]) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = [("Rotation", "Moments", "Cases")]
    return lines + [(table.heading, f"{len(table.rows):,}", f"{table.cases:,}") for table in found]


def _servers(results: list[Result]) -> list[tuple[str, ...]]:
    """How many of a server's moments were tried, and with how many of the ways on."""
    lines: list[tuple[str, ...]] = [("Server", "Moments", "Cases", "Ways on for each moment")]
    ordered = sorted((result.case for result in results), key=lambda case: case.scenario.server)
    for server, group in groupby(ordered, key=lambda case: case.scenario.server):
        own = list(group)
        moments = {(case.scenario, case.position) for case in own}
        ways = "all four" if len(own) == len(moments) * len(Way) else "in turn"
        lines.append((server, f"{len(moments):,}", f"{len(own):,}", ways))
    return lines


def text_of(moment: Moment) -> str:
    """A moment as its row has it."""
    return f"{moment.place}: {moment.event}"


def read_tables(text: str) -> dict[str, list[dict[str, str]]]:
    """The tables of the document by their headings, each row by its columns' headings."""
    found: dict[str, list[dict[str, str]]] = {}
    heading = ""
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("|"):
            found.setdefault(heading, []).append(dict(zip(HEADER, line.strip("| ").split(" | "), strict=False)))
    return {heading: rows[2:] for heading, rows in found.items()}


def _cells(table: Table) -> Iterator[tuple[str, ...]]:
    for position, row in sorted(table.rows.items()):
        healing = (" or ".join(sorted(row.healing[way])) or NOTHING for way in Way)
        moment = row.moment
        yield (
            str(position + 1),
            moment.step,
            text_of(moment),
            row.left.pending,
            row.left.logs_in or NOTHING,
            *healing,
        )


def _markdown(lines: Sequence[tuple[str, ...]]) -> str:
    rule = ("---",) * len(lines[0])
    return "".join(f"| {' | '.join(line)} |\n" for line in (lines[0], rule, *lines[1:]))
