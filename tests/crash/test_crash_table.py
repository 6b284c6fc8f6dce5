"""The crash table, executed: a kill at every moment of every rotation, on the newest server of each engine.

`make crash-table` runs every moment with every way on, on all versions, and writes docs/crash-table.md. Here each
moment is killed at once, the ways on in turn, and what happens must be what the document says.
"""

import re

import pytest

from lab.crash.case import Result, run
from lab.crash.scenario import Scenario, in_turn, scenarios
from lab.crash.table import DOCUMENT, read_tables, text_of
from lab.crash.workshop import Workshop
from tests.crash.conftest import SERVERS

SCENARIOS = list(scenarios(SERVERS))
SHARES = 6
"""In so many tests is a scenario divided, to be spread over the workers."""

Rows = list[dict[str, str]]


@pytest.fixture(scope="session")
def tables() -> dict[str, Rows]:
    """The tables of the document."""
    return read_tables(DOCUMENT.read_text())


def rows_of(scenario: Scenario, tables: dict[str, Rows]) -> dict[int, dict[str, str]]:
    """The rows of a scenario's table, by the moments' position."""
    kind, brand = f", {scenario.strategy.words}, {scenario.phase}", scenario.pairing.kit.brand
    headings = [text.removesuffix(kind) for text in tables if text.startswith(brand) and text.endswith(kind)]
    version = re.sub(r"\D", "", scenario.server)
    (found,) = [text for text in headings if not version or version in re.findall(r"\d+", text)]
    return {int(row["No."]) - 1: row for row in tables[found + kind]}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_the_document_names_every_moment(workshop: Workshop, scenario: Scenario, tables: dict[str, Rows]) -> None:
    """The rows of a table are the moments of a rotation that nothing interrupts; none that is killed at is missing."""
    moments = workshop.clean(scenario).moments
    rows = rows_of(scenario, tables)
    expected = {position: (moments[position].step, text_of(moments[position])) for position in rows}
    assert {position: (row["Step"], row["Moment"]) for position, row in rows.items()} == expected
    assert {case.position for case in in_turn(scenario, len(moments))} <= rows.keys()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_a_kill_at_any_moment_heals(
    workshop: Workshop, scenario: Scenario, share: int, tables: dict[str, Rows]
) -> None:
    """Killed at a moment, AWSCURRENT logs in, the rotation heals as the document says, and so do the next two."""
    cases = in_turn(scenario, len(workshop.clean(scenario).moments))
    rows = rows_of(scenario, tables)
    for case in cases[share * len(cases) // SHARES : (share + 1) * len(cases) // SHARES]:
        result: Result = run(workshop, case)
        row = rows[case.position]
        assert (row["AWSPENDING"], row["Logs in"]) == (result.left.pending, result.left.logs_in), result
        assert result.healing in row[case.way.capitalize()].split(" or "), result
