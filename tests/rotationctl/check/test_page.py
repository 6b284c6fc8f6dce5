"""docs/checks.md and the catalogue of checks say the same, and each hint leads to its heading."""

import pytest

from rotationctl.checks.layout import hint
from scripts.check_page import PAGE, by_hand, page
from secret_rotation.doctor.catalogue import CATALOGUE, LAYERS
from tests.docs.markdown import Document


def test_the_page_is_written_from_the_catalogue() -> None:
    """`make commands` was run after the last change."""
    assert PAGE.read_text() == page(), "Run `make commands`."


def test_each_check_is_there_once_and_in_its_place() -> None:
    """Its heading, its layer's above it, and something written by hand about it."""
    headings = [line.lstrip("# ") for line in Document(PAGE).prose() if line.startswith("##")]
    expected = [name for layer in LAYERS for name in (layer, *(c.name for c in CATALOGUE if c.layer == layer))]
    assert headings == expected
    assert all(by_hand(PAGE.read_text())[check.name] for check in CATALOGUE)


@pytest.mark.parametrize("check", CATALOGUE, ids=lambda check: check.name)
def test_each_hint_leads_to_its_heading(check: object) -> None:
    """The address ends with an anchor of the page."""
    path, _, anchor = hint(check.name).partition("#")  # type: ignore[attr-defined]
    assert path.endswith("/docs/checks.md")
    assert anchor in Document(PAGE).anchors()
