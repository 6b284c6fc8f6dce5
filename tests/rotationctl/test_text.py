"""Tables: nothing is cut, nothing is obeyed."""

import pytest

from rotationctl.text import Row, printable, table, width_of

TITLES = ("STATE", "SECRET", "NEXT")
ROWS = [Row(["fine", "prod/shop", "-"]), Row(["stuck", "prod/\u7528\u6237", "2026"], "red", "aws secretsmanager ...")]


def test_columns_stand_below_each_other_whatever_the_alphabet() -> None:
    """A character may take two columns, or none."""
    lines = [click_less(line) for line in table(TITLES, [*ROWS, Row(["fine", "e\u0301", "x"])], None)]
    assert lines == [
        "STATE  SECRET     NEXT",
        "fine   prod/shop  -",
        "stuck  prod/\u7528\u6237  2026",
        "    aws secretsmanager ...",
        "fine   e\u0301          x",
    ]


def test_a_narrow_terminal_gets_paragraphs_with_all_of_it() -> None:
    """Where a row does not fit, each cell has a line of its own."""
    assert [click_less(line) for line in table(TITLES, ROWS, 20)] == [
        "fine  prod/shop",
        "    next    -",
        "stuck  prod/\u7528\u6237",
        "    next    2026",
        "    aws secretsmanager ...",
    ]


def test_a_terminal_that_is_just_wide_enough_gets_the_table() -> None:
    """The note below a row may be longer: it is not a part of the table."""
    whole = table(TITLES, ROWS, None)
    assert table(TITLES, ROWS, 22) == whole
    assert table(TITLES, ROWS, 21) != whole


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("prod/shop", "prod/shop"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\u202egnp", "\\u202egnp"),
        ("\u7528\u6237 \u00fc", "\u7528\u6237 \u00fc"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_shown(text: str, shown: str) -> None:
    """Control characters, ends of lines, and marks that turn the direction of writing."""
    assert printable(text) == shown
    assert width_of("\u7528\u6237") == 4


def click_less(line: str) -> str:
    """A line without its colours."""
    return line.replace("\x1b[31m", "").replace("\x1b[0m", "")
