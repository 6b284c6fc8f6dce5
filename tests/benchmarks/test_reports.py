"""What the documentation shows is what was measured, and a missed target is told."""

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks.publication import PAGE, PLOTS, PUBLISHED, page_with, plots
from benchmarks.report import as_text
from benchmarks.targets import findings

RESULTS: dict[str, Any] = json.loads(PUBLISHED.read_text())


def test_the_page_shows_the_published_results() -> None:
    """The tables in the documentation are those of the results beside the code."""
    assert page_with(RESULTS, PAGE.read_text()) == PAGE.read_text()


def test_the_plots_show_the_published_results() -> None:
    """Each plot is the one that the results make, is well-formed, and is on the page."""
    for name, image in plots(RESULTS).items():
        assert (PLOTS / name).read_text() == image
        assert ET.fromstring(image).tag.endswith("svg")  # noqa: S314 - made here
        assert f"({name})" in PAGE.read_text()


def test_every_function_is_published() -> None:
    """All four functions are measured, with all rows, and the curve of memory sizes with them."""
    assert len(RESULTS["functions"]) == 4
    rows = [set(rows) - {"gap of a client (ms)"} for rows in RESULTS["functions"].values()]
    assert all(found == rows[0] for found in rows)
    assert [point["memory_mb"] for point in RESULTS["memory"]["points"]] == [128, 192, 256, 384, 512, 768, 1024, 1769]


@pytest.mark.parametrize(
    ("row", "ratio", "met", "failed"),
    [
        ("warm rotation (ms)", 1.25, True, False),
        ("warm rotation (ms)", 1.30, False, False),
        ("warm rotation (ms)", 1.50, False, True),
        ("cold start, CPU (ms)", 0.9, True, False),
        ("cold start, CPU (ms)", 1.2, False, True),
    ],
)
def test_a_missed_target_is_told(row: str, ratio: float, *, met: bool, failed: bool) -> None:
    """A ratio above its target is not met; the run fails where noise cannot explain it."""
    function, rows = next(iter(RESULTS["functions"].items()))
    changed = {function: {**rows, row: {**rows[row], "ratio": ratio}}}
    [finding] = [f for f in findings(changed, RESULTS["layers"]) if row in f.what]
    assert (finding.met, finding.failed) == (met, failed)


def test_the_terminal_has_every_row() -> None:
    """The printed tables name each function and each row."""
    text = as_text(RESULTS)
    for function, rows in RESULTS["functions"].items():
        assert function in text
        assert all(row in text for row in rows)
