"""What the README says in numbers is what was measured, computed, or stands in the code."""

import json
from typing import Any

import yaml

import rotationctl
from lab.engines.postgresql.software import supported_majors
from scripts.release.pages import UNRELEASED, versions
from tests.docs.markdown import README, ROOT, document

TEXT = " ".join(README.path.read_text().split())
VERSIONS = versions((ROOT / "CHANGELOG.md").read_text())


def _cell(page: str, table: str, row: str, column: str) -> str:
    """One cell of a table, without its emphasis."""
    [found] = [line for line in document(page).table(table) if line[table.partition(" |")[0]].strip("*") == row]
    return found[column].strip("*")


def test_the_version_is_that_of_the_program() -> None:
    """The README names the version that there is, and calls it released where the changelog has it."""
    version = rotationctl.__version__
    released = version in VERSIONS
    assert f"**Version {version}{'' if released else ', not released yet'}." in TEXT


def test_the_newest_change_comes_first() -> None:
    """The changelog begins with what is to come, or with the version that there is."""
    assert VERSIONS[0] in (UNRELEASED, rotationctl.__version__)


def test_the_servers_are_those_of_the_tests() -> None:
    """PostgreSQL from the oldest to the newest that the lab starts; the MySQL of which there are measurements."""
    measured: dict[str, Any] = json.loads((ROOT / "docs/fleet.json").read_text())["versions"]
    majors = supported_majors()
    mysql = measured["MySQL"].rpartition(".")[0]
    assert f"PostgreSQL {min(majors)} to {max(majors)}, and a single version of MySQL, {mysql}." in TEXT


def test_the_gap_is_the_measured_one() -> None:
    """How long a single user's password is refused: by the benchmark, and by the estimate for Lambda."""
    measured = json.loads((ROOT / "docs/benchmarks.json").read_text())["functions"]["postgresql_single_user"]
    assert f"It is {measured['gap of a client (ms)']['suite']:.0f} ms in" in TEXT
    estimate = _cell("docs/capacity.md", "Function | Waits", "PostgreSQL, single user", "Estimate, 1024 MB")
    assert f"at {estimate} there" in TEXT


def test_the_cost_is_the_computed_one() -> None:
    """What watches costs a month, and what a thousand rotations cost."""
    costs = ("docs/capacity.md", "A month |")
    watching = ("KMS, one key", "CloudWatch, metrics, alarms and dashboard")
    fixed = sum(float(_cell(*costs, row, "1,000 secrets").strip("$")) for row in watching)
    rotation = float(_cell(*costs, "Together", "One rotation").strip("$"))
    assert f"${fixed:.2f} a month" in TEXT
    assert f"${1000 * rotation:.2f} for a thousand rotations" in TEXT


def test_the_forms_for_issues_are_forms() -> None:
    """Each form has what GitHub asks of one, and asks each question once.

    Source: GitHub Docs, "Syntax for issue forms" and "Syntax for GitHub's form schema".
    """
    forms = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
    assert forms
    for path in forms:
        form = yaml.safe_load(path.read_text())
        assert {"name", "description", "body"} <= form.keys() <= {"name", "description", "body", "labels"}
        fields = [element for element in form["body"] if element["type"] != "markdown"]
        assert fields
        assert len({element["id"] for element in fields}) == len(fields)
        assert all(element["attributes"]["label"] for element in fields)
