"""Write docs/checks.md anew from the catalogue, around what was written by hand: python -m scripts.check_page."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from secret_rotation.doctor.catalogue import CATALOGUE, LAYERS, Check

PAGE = Path(__file__).parents[1] / "docs" / "checks.md"
_SECTION = re.compile(r"^### (\S+)\n\n([^\n]+)\n\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
"""A check's name, the line that is written here, and the paragraphs that are not."""


def page() -> str:
    """The page as it has to be.

    Raises:
        KeyError: nothing is written yet about a check.
    """
    text = PAGE.read_text()
    return "\n\n".join([text.partition("\n## ")[0].strip(), *_layers(by_hand(text))]) + "\n"


def by_hand(text: str) -> Mapping[str, str]:
    """What was written by hand about each check, by its name."""
    return {name: paragraphs.strip() for name, _, paragraphs in _SECTION.findall(text)}


def _layers(written: Mapping[str, str]) -> Iterator[str]:
    for layer in LAYERS:
        yield f"## {layer}"
        for check in CATALOGUE:
            if check.layer == layer:
                yield f"### {check.name}"
                yield _line(check)
                yield written[check.name]


def _line(check: Check) -> str:
    where = f"{check.place.value[0].upper()}{check.place.value[1:]}"
    return f"*{check.title[0].upper()}{check.title[1:]}.* {where}."


if __name__ == "__main__":
    PAGE.write_text(page())
