"""What the documentation shows is what was measured, and a missed target is told."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from benchmarks.publish.functions import DOCS, PAGE, RESULTS, as_text, charts, page_with
from benchmarks.result import Result
from benchmarks.targets import findings
from lab.pairing import PAIRINGS

RESULT = Result.read(RESULTS)


def test_the_page_shows_the_published_results() -> None:
    """The tables in the documentation are those of the results beside the code."""
    assert page_with(RESULT, PAGE.read_text()) == PAGE.read_text()


def test_the_charts_show_the_published_results() -> None:
    """Each chart is the one that the results make, is well-formed, and is on the page."""
    for name, image in charts(RESULT).items():
        assert (DOCS / name).read_text() == image
        assert ET.fromstring(image).tag.endswith("svg")  # noqa: S314 - made here
        assert f"({name})" in PAGE.read_text()


def test_every_function_is_published() -> None:
    """All four functions are measured, with all rows, but for gaps that not each has, and the curve of memory sizes."""
    assert set(RESULT.functions) == set(PAIRINGS)
    rows = [{row for row in function if not row.startswith("gap ")} for function in RESULT.functions.values()]
    assert all(found == rows[0] for found in rows)
    assert [size.memory_mb for size in RESULT.memory_sizes] == [128, 192, 256, 384, 512, 768, 1024, 1769]


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
    function, rows = next(iter(RESULT.functions.items()))
    changed = replace(RESULT, functions={function: {**rows, row: replace(rows[row], ratio=ratio)}})
    [finding] = [f for f in findings(changed) if f.what == f"{function}: {row}, suite / floor"]
    assert (finding.met, finding.failed) == (met, failed)


def test_the_terminal_has_every_row() -> None:
    """The printed tables name each function and each row."""
    text = as_text(RESULT)
    for function, rows in RESULT.functions.items():
        assert function in text
        assert all(row in text for row in rows)
