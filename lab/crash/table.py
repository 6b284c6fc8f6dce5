"""The tables of docs/crash-table.md: written from results, and read again to see whether they still tell the truth."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from lab.crash.aftermath import Aftermath
from lab.crash.case import Result
from lab.crash.moment import Moment
from lab.crash.scenario import PHASES, Phase, Scenario, Way
from lab.documents import TextTable, replace_marked
from lab.engines import KITS
from lab.lambda_environment.code import REPOSITORY
from lab.pairing import Pairing

DOCUMENT = REPOSITORY / "docs" / "crash-table.md"
HEADER = ("No.", "Step", "Moment", "AWSPENDING", "Logs in", *(way.capitalize() for way in Way))
NOTHING = "-"


@dataclass
class Row:
    """A moment: what it leaves behind, and what healed it, by way."""

    moment: Moment
    left: Aftermath
    healing: dict[Way, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, result: Result) -> None:
        if (self.moment, self.left) != (result.moment, result.left):
            raise ValueError(f"{result.case} is {result.moment}, leaves {result.left}; elsewhere {self}")
        self.healing[result.case.way].add(result.healing)


@dataclass
class Table:
    """A kind of rotation on servers that have the same moments of it; rows by position."""

    pairing: Pairing
    phase: Phase
    servers: list[str]
    rows: dict[int, Row]
    cases: int

    @property
    def heading(self) -> str:
        versions = ", ".join(re.sub(r"\D", "", server) for server in self.servers)
        return f"{self.pairing.kit.brand} {versions}".strip() + f", {self.pairing.strategy.words}, {self.phase}"


def document_with(results: Iterable[Result], page: str) -> str:
    """The document with the tables of these results."""
    results = list(results)
    found = tables(results)
    totals = [f"**{summary(results)}.**", _totals(found), _servers(results)]
    moments = [f"## {table.heading}\n\n{_markdown(HEADER, _cells(table))}" for table in found]
    parts = {"totals": totals, "moments": moments}
    return replace_marked(page, {name: "\n" + "\n\n".join(blocks) + "\n" for name, blocks in parts.items()})


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
    kit, strategy = table.pairing.kit, table.pairing.strategy
    return KITS.index(kit), strategy, PHASES[strategy].index(table.phase), table.servers


def _add(found: list[Table], scenario: Scenario, results: list[Result]) -> None:
    kind = (scenario.pairing, scenario.phase)
    same = (one for one in found if (one.pairing, one.phase) == kind and _agree(one, results))
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


def _totals(found: list[Table]) -> str:
    rows = [(table.heading, f"{len(table.rows):,}", f"{table.cases:,}") for table in found]
    return _markdown(("Rotation", "Moments", "Cases"), rows)


def _servers(results: list[Result]) -> str:
    """How many of a server's moments were tried, and with how many of the ways on."""
    rows: list[tuple[str, ...]] = []
    ordered = sorted((result.case for result in results), key=lambda case: case.scenario.server)
    for server, group in groupby(ordered, key=lambda case: case.scenario.server):
        own = list(group)
        moments = {(case.scenario, case.position) for case in own}
        ways = "all four" if len(own) == len(moments) * len(Way) else "in turn"
        rows.append((server, f"{len(moments):,}", f"{len(own):,}", ways))
    return _markdown(("Server", "Moments", "Cases", "Ways on for each moment"), rows)


def _markdown(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return TextTable(titles, list(rows), words=len(titles)).markdown()


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
        yield (str(position + 1), moment.step, text_of(moment), row.left.pending, row.left.logs_in or NOTHING, *healing)
