"""The crash table, executed: a kill at every moment of every rotation, on one PostgreSQL and on MySQL.

`make crash-table` runs every moment with every way on, on all versions, and writes docs/crash-table.md. Here each
moment is killed at once, the ways on in turn, and what happens must be what the document says.
"""

import pytest

from lab.crash.case import Result, run
from lab.crash.scenario import Scenario, in_turn, scenarios
from lab.crash.table import DOCUMENT, heading_of, read_tables, text_of
from lab.crash.workshop import Workshop
from tests.crash.conftest import SERVERS

SHARES = 6
"""In so many tests is a scenario divided, to be spread over the workers."""

Rows = list[dict[str, str]]


@pytest.fixture(scope="session")
def tables() -> dict[str, Rows]:
    """The tables of the document."""
    return read_tables(DOCUMENT.read_text())


def rows_of(scenario: Scenario, tables: dict[str, Rows]) -> Rows:
    """The rows of a scenario's table that are true of its server."""
    engine = scenario.server.rstrip("0123456789")
    rows = tables[heading_of(engine, scenario.strategy, scenario.phase)]
    return [row for row in rows if "(" not in row["Moment"] or scenario.server in row["Moment"]]


def place_of(row: dict[str, str]) -> tuple[str, str]:
    """The step and the moment of a row."""
    return row["Step"], row["Moment"].partition(" (")[0]


@pytest.mark.parametrize("scenario", scenarios(SERVERS), ids=str)
def test_the_document_names_every_moment(workshop: Workshop, scenario: Scenario, tables: dict[str, Rows]) -> None:
    """The moments of a rotation that nothing interrupts are the rows of its table, in their order."""
    moments = workshop.clean(scenario).moments
    assert [place_of(row) for row in rows_of(scenario, tables)] == [(one.step, text_of(one)) for one in moments]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("scenario", scenarios(SERVERS), ids=str)
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
