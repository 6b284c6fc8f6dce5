"""What programs write into documents: tables, and the text between two marks."""

import pytest

from lab.documents import TextTable, replace_marked

TABLE = TextTable(("Function", "Calls"), [("single user", "8"), ("alternating users", "9")])
PAGE = "Before.\n<!-- written by make x: calls -->\nold\nlines\n<!-- end -->\nAfter.\n"


def test_a_table_in_both_forms() -> None:
    """Words are aligned to the left and numbers to the right, in Markdown and on a terminal."""
    assert TABLE.markdown().splitlines()[:3] == ["| Function | Calls |", "|---|---:|", "| single user | 8 |"]
    assert TABLE.plain().splitlines()[1:] == ["single user            8", "alternating users      9"]


def test_only_what_is_marked_is_replaced() -> None:
    """The marks and all around them stay, so that the same can be written again."""
    page = replace_marked(PAGE, {"calls": "new"})
    assert page == "Before.\n<!-- written by make x: calls -->\nnew\n<!-- end -->\nAfter.\n"
    assert replace_marked(page, {"calls": "new"}) == page


@pytest.mark.parametrize("parts", [{}, {"calls": "", "more": ""}, {"other": ""}])
def test_every_mark_has_its_part(parts: dict[str, str]) -> None:
    """A part without marks, or marks without a part, is an error: the document would keep what is not so any more."""
    with pytest.raises(ValueError, match="marks"):
        replace_marked(PAGE, parts)
