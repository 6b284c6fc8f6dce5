"""docs/crash-table.md: written from results, and read again to see whether it still tells the truth."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lab.crash.case import Result
from lab.crash.moment import Moment
from lab.crash.scenario import PHASES, STRATEGIES, Phase, Scenario, Way
from lab.crash.standing import Standing
from lab.lambda_environment.code import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "crash-table.md"
ENGINES = {"postgres": "PostgreSQL", "mysql": "MySQL"}
HEADER = ("No.", "Step", "Moment", "AWSPENDING", "Logs in", *(way.capitalize() for way in Way))
NOTHING = "-"
INTRODUCTION = """\
# The crash table

Written by `make crash-table`; `make test` fails where it no longer tells the truth.

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
    servers: set[str] = field(default_factory=set)


Key = tuple[Moment, int]
Tables = dict[tuple[str, str, Phase], dict[Key, Row]]


def document(results: Iterable[Result]) -> str:
    """The whole document."""
    results = list(results)
    servers = sorted({result.case.scenario.server for result in results})
    tables = _tables(results)
    parts = [INTRODUCTION, _totals(results, tables)]
    for (engine, strategy, phase), rows in tables.items():
        parts.append(f"## {heading_of(engine, strategy, phase)}\n")
        of_engine = {server for server in servers if server.startswith(engine)}
        parts.append(_markdown([HEADER, *_cells(rows.values(), of_engine)]))
    return "\n".join(parts)


def heading_of(engine: str, strategy: str, phase: Phase) -> str:
    """Of a scenario's table."""
    return f"{ENGINES[engine]}, {strategy.replace('_', ' ')}, {phase}"


def summary(results: Iterable[Result]) -> str:
    """The totals in a sentence."""
    results = list(results)
    moments = len({(result.case.scenario, result.case.position) for result in results})
    servers = len({result.case.scenario.server for result in results})
    return f"{len(results):,} kills at {moments:,} moments, on {servers} servers: no promise broken"


def _totals(results: list[Result], tables: Tables) -> str:
    cases = Counter(_table_of(result.case.scenario) for result in results)
    lines = [("Engine", "Strategy", "Rotation", "Moments", "Cases", "Promises broken")]
    for (engine, strategy, phase), rows in tables.items():
        count = cases[engine, strategy, phase]
        lines.append((ENGINES[engine], strategy.replace("_", " "), phase, str(len(rows)), f"{count:,}", "0"))
    return f"**{summary(results)}.**\n\n{_markdown(lines)}\n{_markdown(_servers(results))}"


def _servers(results: list[Result]) -> list[tuple[str, ...]]:
    """How many of a server's moments were tried, and with how many of the ways on."""
    lines: list[tuple[str, ...]] = [("Server", "Moments", "Cases", "Ways on for each moment")]
    for server in sorted({result.case.scenario.server for result in results}):
        own = [result.case for result in results if result.case.scenario.server == server]
        moments = {(case.scenario, case.position) for case in own}
        ways = "all four" if len(own) == len(moments) * len(Way) else "one, in turn"
        lines.append((server, f"{len(moments):,}", f"{len(own):,}", ways))
    return lines


def _table_of(scenario: Scenario) -> tuple[str, str, Phase]:
    return scenario.server.rstrip("0123456789"), scenario.strategy, scenario.phase


def _tables(results: list[Result]) -> Tables:
    """Rows in the order in which their moments come; what only some versions do stands after what precedes it there."""
    tables: Tables = {(engine, s, phase): {} for engine in ENGINES for s in STRATEGIES for phase in PHASES[s]}
    by_scenario: dict[Scenario, list[Result]] = defaultdict(list)
    for result in results:
        by_scenario[result.case.scenario].append(result)
    for scenario in sorted(by_scenario, key=lambda one: one.server, reverse=True):
        table = _table_of(scenario)
        tables[table] = _merged(tables[table], keyed(by_scenario[scenario]), scenario.server)
    return tables


def keyed(results: list[Result]) -> dict[Key, list[Result]]:
    """Results by their moment and its occurrence in the rotation, in order."""
    at: dict[int, list[Result]] = defaultdict(list)
    for result in results:
        at[result.case.position].append(result)
    seen: Counter[Moment] = Counter()
    found = {}
    for position in sorted(at):
        moment = at[position][0].moment
        seen[moment] += 1
        found[moment, seen[moment]] = at[position]
    return found


def _merged(rows: dict[Key, Row], results: Mapping[Key, list[Result]], server: str) -> dict[Key, Row]:
    keys = list(rows)
    place = 0
    for key, found in results.items():
        if key not in rows:
            rows[key] = Row(key[0], found[0].left)
            keys.insert(place, key)
        place = keys.index(key) + 1
        for result in found:
            _add(rows[key], result, server)
    return {key: rows[key] for key in keys}


def _add(row: Row, result: Result, server: str) -> None:
    if row.left != result.left:
        raise ValueError(f"{result.case} leaves {result.left}, which elsewhere is {row.left}")
    row.healing[result.case.way].add(result.healing)
    row.servers.add(server)


def text_of(moment: Moment) -> str:
    """A moment as its row has it."""
    return f"{moment.place}: {moment.event}"


def read_tables(text: str) -> dict[str, list[dict[str, str]]]:
    """The tables of the document by their headings, each row by its columns' headings."""
    tables: dict[str, list[dict[str, str]]] = {}
    heading = ""
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("|"):
            tables.setdefault(heading, []).append(dict(zip(HEADER, line.strip("| ").split(" | "), strict=False)))
    return {heading: rows[2:] for heading, rows in tables.items()}


def _cells(rows: Iterable[Row], servers: set[str]) -> Iterator[tuple[str, ...]]:
    for number, row in enumerate(rows, start=1):
        only = "" if row.servers == servers else f" ({', '.join(sorted(row.servers))})"
        moment = text_of(row.moment) + only
        healing = (" or ".join(sorted(row.healing[way])) or NOTHING for way in Way)
        yield (str(number), row.moment.step, moment, row.left.pending, row.left.logs_in or NOTHING, *healing)


def _markdown(lines: Sequence[tuple[str, ...]]) -> str:
    rule = ("---",) * len(lines[0])
    return "".join(f"| {' | '.join(line)} |\n" for line in (lines[0], rule, *lines[1:]))
