"""The README and the crash table say the same."""

import re

from lab.crash.table import DOCUMENT
from lab.lambda_environment.code import REPOSITORY


def test_the_readme_quotes_the_totals() -> None:
    """The totals that the README names are those of docs/crash-table.md, to the letter."""
    (totals,) = re.findall(r"^\*\*(.*: no promise broken)\.\*\*$", DOCUMENT.read_text(), re.MULTILINE)
    assert totals in (REPOSITORY / "README.md").read_text().replace("\n", " ")
